import { run } from '../../core/run.ts';
import { escalation } from './role.ts';

run(escalation);
