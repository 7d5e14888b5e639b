import { run } from '../../core/run.ts';
import { collectEngagement } from './role.ts';

run(collectEngagement);
