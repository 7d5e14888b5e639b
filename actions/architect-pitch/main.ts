import { run } from '../../core/run.ts';
import { architectPitch } from './role.ts';

run(architectPitch);
