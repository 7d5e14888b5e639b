import { run } from '../../core/run.ts';
import { dashboard } from './role.ts';

run(dashboard);
