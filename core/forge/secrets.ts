import * as z from 'zod/mini';
import { repositoryName, type Send } from '../api/send.ts';
import { anything, call, list } from './call.ts';

const secret = z.object({ name: z.string(), created_at: z.string() });
export type SecretName = z.infer<typeof secret>;

/** Names of a repository's secrets, and never what they hold; only its admins may ask. `GET .../actions/secrets`, scope read:repository. */
export function listSecrets(send: Send, name: string): Promise<SecretName[]> {
  return list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/actions/secrets',
      params: { ...repositoryName(name) },
    },
    secret,
    (item) => item.name,
  );
}

/** `PUT /repos/{owner}/{repo}/actions/secrets/{name}`, scope write:repository; what it held before is gone. */
export async function setSecret(send: Send, name: string, called: string, value: string): Promise<void> {
  await call(
    send,
    {
      method: 'PUT',
      route: '/repos/{owner}/{repo}/actions/secrets/{name}',
      params: { ...repositoryName(name), name: called },
      body: { data: value },
    },
    anything,
  );
}
