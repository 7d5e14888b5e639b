import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { forgeError } from '../../../core/forge/errors.ts';
import { syncFork } from '../../../core/forge/repositories.ts';
import { getExpectedUser } from '../../../core/forge/users.ts';
import { firstCalls, laterCalls } from '../../../core/forge/versions.ts';
import type { EmbeddedForge } from '../../../embedded-forge/main.ts';
import { startTestForge } from '../../embedded.ts';

const runs = { method: 'GET', route: '/repos/{owner}/{repo}/actions/runs' } as const;
const params = { owner: 'o', repo: 'r' };

let forge: EmbeddedForge | undefined;
afterEach(async () => {
  await forge?.close();
  forge = undefined;
});

it('has an entry for every call that is made', () => {
  const folder = new URL('../../../core/forge/', import.meta.url);
  const known = new Set([...firstCalls, ...laterCalls.map(({ route }) => route)]);

  const routes = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && name !== 'versions.ts')
    .flatMap((name) => [...readFileSync(new URL(name, folder), 'utf8').matchAll(/route: '([^']+)'/g)])
    .map(([, route]) => route ?? '');

  expect(routes.length).toBeGreaterThan(40);
  expect(routes.filter((route) => !known.has(route))).toEqual([]);
});

describe('a call that the forge does not know', () => {
  it('is told with the version that brought it', () => {
    const error = forgeError({ ...runs, params }, { status: 404, headers: {}, body: '404 page not found\n' });

    expect(error.kind).toBe('no-such-call');
    expect(error.message).toBe(
      'GET /repos/o/r/actions/runs answered 404. The forge said: 404 page not found.',
    );
    expect(error.remedy).toContain('This call came with Forgejo 12: update the forge.');
  });

  it('is told as a wrong address where every Forgejo has it', async () => {
    const said = { status: 404, headers: {}, body: '404 page not found\n' };

    expect(forgeError({ method: 'GET', route: '/repos/{owner}/{repo}', params }, said).remedy).toContain(
      'Check that forge-url is the address of a Forgejo',
    );
    await expect(getExpectedUser(async () => said, 'filer')).rejects.toMatchObject({
      message: expect.stringContaining('forge-url does not answer as a forge does'),
    });
  });

  it('is told with the way round, where a fork cannot be brought up to date', async () => {
    const said = { status: 404, headers: {}, body: '404 page not found\n' };

    await expect(syncFork(async () => said, 'bot/ops', 'main')).rejects.toMatchObject({
      message:
        'bot/ops cannot be brought up to date: this forge is older than Forgejo 12, which could do it.',
      remedy: 'Delete the fork bot/ops once its pull requests are closed; the role makes a new one.',
    });
  });

  it('is not one whose object is not there', () => {
    const body = { message: "The target couldn't be found.", url: '', errors: [] };

    expect(forgeError({ ...runs, params }, { status: 404, headers: {}, body }).kind).toBe('not-found');
  });

  it('is answered by the embedded forge as by the real one', async () => {
    forge = await startTestForge({ without: ['GET /version'] });

    const answer = await fetch(`${forge.url}/api/v1/version`);

    expect(answer.status).toBe(404);
    expect(await answer.text()).toBe('404 page not found\n');
  });
});
