import { run } from '../../core/run.ts';
import { architectPitch } from './role.ts';

await run(architectPitch);
