import { run } from '../../core/run.ts';
import { collectProcessMetrics } from './role.ts';

run(collectProcessMetrics);
