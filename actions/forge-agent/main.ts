import { run } from '../../core/run.ts';
import { forgeAgent } from './role.ts';

run(forgeAgent);
