import * as z from 'zod/mini';
import { shaped } from '../api/call.ts';
import type { Send } from '../api/send.ts';
import { forgeError } from './errors.ts';

/**
 * How the forge calls itself, and its time as the answer has it; `age` where a cache between here and there answered, in seconds.
 * `GET /version`, no scope.
 */
export async function askVersion(
  send: Send,
): Promise<{ version: string; date: string | undefined; age: string | undefined }> {
  const request = { method: 'GET' as const, route: '/version' };
  const response = await send(request);
  if (response.status !== 200) throw forgeError(request, response);
  const { version } = shaped(request, response, z.object({ version: z.string() }));
  return { version, date: response.headers.date, age: response.headers.age };
}
