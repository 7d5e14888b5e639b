import { run } from '../../core/run.ts';
import { collectEngagement } from './role.ts';

await run(collectEngagement);
