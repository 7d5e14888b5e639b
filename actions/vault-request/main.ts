import { run } from '../../core/run.ts';
import { vaultRequest } from './role.ts';

await run(vaultRequest);
