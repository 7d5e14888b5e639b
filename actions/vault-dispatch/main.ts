import { run } from '../../core/run.ts';
import { vaultDispatch } from './role.ts';

await run(vaultDispatch);
