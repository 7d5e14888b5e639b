import { createCalls } from '../api/call.ts';
import { forgeError } from './errors.ts';

export { anything, pageSize } from '../api/call.ts';

/** How every function of this folder asks the forge: failures come with what Forgejo means by them. */
export const { call, page, list } = createCalls(forgeError);
