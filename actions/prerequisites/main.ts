import { run } from '../../core/run.ts';
import { prerequisites } from './role.ts';

run(prerequisites);
