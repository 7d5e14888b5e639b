import { run } from '../../core/run.ts';
import { vaultDispatch } from './role.ts';

run(vaultDispatch);
