import { run } from '../../core/run.ts';
import { opsFiler } from './role.ts';

run(opsFiler);
