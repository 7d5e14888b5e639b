import { run } from '../../core/run.ts';
import { vaultRequest } from './role.ts';

run(vaultRequest);
