import { expect, it } from 'vitest';
import { startTestForge, startTestWoodpecker } from './embedded.ts';

it.each([
  ['the forge', () => startTestForge({ quiet: true }), '/api/v1/repos/a/b/nothing'],
  ['Woodpecker', () => startTestWoodpecker({ users: [], repositories: [] }), '/api/nothing'],
])('%s fails when it is closed after a call that it does not know, once', async (_, start, where) => {
  const server = await start();
  await fetch(`${server.url}${where}`);

  await expect(server.close()).rejects.toThrow(`asked what no embedded server knows: GET ${where}`);
  await server.close();
});

it('is closed in peace after calls that it knows, whatever it answered', async () => {
  const forge = await startTestForge();
  await fetch(`${forge.url}/api/v1/repos/a/b`);

  await forge.close();
});
