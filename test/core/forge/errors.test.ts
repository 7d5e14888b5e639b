import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { ApiError } from '../../../core/api/errors.ts';
import type { ApiRequest, ApiResponse, Send } from '../../../core/api/send.ts';
import { call } from '../../../core/forge/call.ts';
import { errorLines } from '../../../core/telling.ts';
import { getLogin } from '../../../core/woodpecker/pipelines.ts';
import { cpuMs } from '../../cpu.ts';

// Answers that are no success, as forges and what stands in front of them really give: each names its own cause, and the
// setting, right or person that mends it.

const read: ApiRequest = {
  method: 'GET',
  route: '/repos/{owner}/{repo}/issues',
  params: { owner: 'owner', repo: 'project', state: 'all' },
};
const write: ApiRequest = { ...read, method: 'POST' };

function answering(response: Partial<ApiResponse>): Send {
  return async () => ({ status: 200, headers: {}, body: null, ...response });
}

async function failure(work: Promise<unknown>): Promise<ApiError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it succeeded');
}

function told(response: Partial<ApiResponse>, request = read): Promise<ApiError> {
  return failure(call(answering(response), request, z.object({ id: z.int() })));
}

const page = (title: string): string =>
  `<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">\n<title>\n ${title}\n</title></head><body>no</body></html>`;

describe('a redirect is not followed, and says what to change', () => {
  it('of an account that was renamed', async () => {
    const { message, remedy } = await told(
      { status: 307, body: '', headers: { location: '/api/v1/users/gatherer' } },
      { method: 'GET', route: '/users/{username}', params: { username: 'collector' } },
    );

    expect(message).toContain('the account collector is called gatherer now');
    expect(remedy).toContain('Write gatherer wherever a setting says collector');
  });

  it.each<[string, string, string, string]>([
    [
      'of a renamed repository',
      '/api/v1/repos/owner/new-name/issues?state=all',
      'owner/project is called owner/new-name now',
      'Write owner/new-name wherever a setting says owner/project.',
    ],
    [
      'of a repository that went to another owner, below a sub-path',
      'https://forge.example/git/api/v1/repos/team/project/issues',
      'owner/project is called team/project now',
      'Write team/project',
    ],
    [
      'from http to https',
      'https://forge.example/api/v1/repos/owner/project/issues?state=all',
      'the forge is found at "https://forge.example"',
      'Set forge-url to https://forge.example.',
    ],
    [
      'to another host and a sub-path',
      'https://git.example:8443/forge/api/v1/repos/owner/project/issues',
      'the forge is found at "https://git.example:8443/forge"',
      'Set forge-url to https://git.example:8443/forge.',
    ],
    [
      "to the forge's own login",
      '/user/login?redirect_to=%2Fapi',
      'leads to a login page: "/user/login?redirect_to=%2Fapi"',
      'Let requests to /api/v1/ through without that',
    ],
    [
      'to a single sign-on',
      'https://login.example/oauth2/authorize?client_id=1',
      'leads to a login page: "https://login.example/oauth2/authorize?client_id=1"',
      'forge-token was not looked at',
    ],
    [
      'to somewhere else',
      'https://www.example/',
      'leads to "https://www.example/"',
      'Set forge-url to the address that the forge really has',
    ],
  ])('%s', async (_, location, message, remedy) => {
    for (const status of [301, 302, 307, 308]) {
      const error = await told({ status, headers: { location }, body: '' });

      expect(error.message).toContain(`GET /repos/owner/project/issues answered ${status}`);
      expect(error.message).toContain(message);
      expect(error.remedy).toContain(remedy);
    }
  });

  it('and repeats nothing that could drive a terminal or start a line of the log', async () => {
    const error = await told({ status: 302, headers: { location: 'https://x.example/\n::add\u001b[2J' } });

    expect(error.message).not.toMatch(/[\n\u001b]/);
  });
});

describe('a 403 that is no missing right says what it is', () => {
  it.each<[string, string, string, string]>([
    [
      'a password that has to be changed',
      'You must change your password. Change it at: https://forge.example/user/change_password',
      'token',
      'Its password has to be changed first',
    ],
    [
      'a second factor that is asked for',
      'This Forgejo instance requires users to enable two-factor authentication before they can access their accounts.',
      'token',
      'set one up',
    ],
    ['an account that is not activated', 'This account is not activated.', 'token', 'site admin'],
    [
      'an account that was switched off',
      'This account is prohibited from signing in, please contact your site administrator.',
      'token',
      'site admin',
    ],
    [
      'a token for public repositories only',
      'token scope is limited to public repos',
      'scope',
      'forge-token was made for public repositories only, and owner/project is private',
    ],
    ['the same for issues', 'token scope is limited to public issues', 'scope', 'public repositories only'],
    [
      'an author who wants nothing of the account',
      'user is blocked by the poster or repository owner',
      'permission',
      "Whoever opened it, or owns owner/project, has blocked the token's account",
    ],
    [
      'a missing right',
      'user should be an owner or a collaborator with write access',
      'permission',
      "Give the token's account read access to owner/project",
    ],
  ])('%s', async (_, message, kind, remedy) => {
    const error = await told({ status: 403, body: { message, url: 'https://forge.example/api/swagger' } });

    expect(error.kind).toBe(kind);
    expect(error.remedy).toContain(remedy);
  });

  it.each([page('Attention Required! | Firewall'), '<html><head><title>403 Forbidden</title></head></html>'])(
    "a firewall's page, with its title",
    async (body) => {
      const error = await told({ status: 403, headers: { 'content-type': 'text/html' }, body }, write);

      expect(error.message).toMatch(/answered 403 with a web page \("[^"]+"\), and not from the forge/);
      expect(error.remedy).toContain('No right is missing');
      expect(error.kind).not.toBe('permission');
    },
  );
});

describe('what a proxy in front of the forge answers by itself', () => {
  it('is not the word of the forge that something is not there: a 404 with a web page', async () => {
    const error = await told({
      status: 404,
      headers: { 'content-type': 'text/html' },
      body: page('Not here'),
    });

    expect(error.kind).toBe('invalid');
    expect(error.message).toContain(
      'answered 404 with a web page ("Not here"), and not from the forge: whether it is there is not known',
    );
  });

  it('is told apart from a token that the forge does not know: 401 with a realm', async () => {
    const error = await told({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="Staff only"' },
      body: '<html><head><title>401 Authorization Required</title></head></html>',
    });

    expect(error.message).toContain('something in front of it wants a login of its own ("Staff only")');
    expect(error.remedy).toContain('forge-token was not looked at');
    expect(error.endsTheRun).toBe(true);
  });

  it('and a 401 of the forge itself is about the token', async () => {
    const error = await told({ status: 401, body: { message: 'user does not exist [uid: 0, name: ]' } });

    expect(error.remedy).toContain('The forge does not know the token');
  });

  it('413 names the limit, and that nothing was written', async () => {
    const error = await told(
      { status: 413, body: '<html><head><title>413 Request Entity Too Large</title></head></html>' },
      write,
    );

    expect(error.message).toContain('Nothing of it was written');
    expect(error.remedy).toContain('client_max_body_size');
  });

  it('and a 413 of the forge itself is about its quota', async () => {
    const error = await told({ status: 413, body: { message: 'quota exceeded', url: '' } }, write);

    expect(error.remedy).toContain('quota');
  });

  it.each([
    ['3600', 'asks to wait 3600 seconds'],
    ['Wed, 26 Nov 2025 12:00:00 GMT', 'asks to wait until Wed, 26 Nov 2025 12:00:00 GMT'],
    [undefined, 'limits how much is asked of it.'],
  ])('429 says how long is to be waited (%s), and ends the run', async (wait, remedy) => {
    const headers: Record<string, string> = wait === undefined ? {} : { 'retry-after': wait };
    const error = await told({ status: 429, headers, body: 'slow down' }, write);

    expect(error.kind).toBe('rate');
    expect(error.remedy).toContain(remedy);
    expect(error.endsTheRun).toBe(true);
  });

  it('is a web page where data was expected', async () => {
    const error = await told({ status: 200, body: page('Sign in to Example') });

    expect(error.kind).toBe('shape');
    expect(error.message).toContain('with a web page ("Sign in to Example") instead of data');
  });

  it('is the same before Woodpecker, in its own words', async () => {
    const answered = (response: Partial<ApiResponse>): Promise<ApiError> =>
      failure(getLogin(answering(response)));

    expect(
      (await answered({ status: 302, headers: { location: 'https://ci.example/sub/api/user' } })).remedy,
    ).toBe('Set woodpecker-url to https://ci.example/sub.');
    expect((await answered({ status: 403, body: page('Blocked') })).message).toContain('not from Woodpecker');
    expect(
      (await answered({ status: 401, headers: { 'www-authenticate': 'Basic realm=x' } })).remedy,
    ).toContain('woodpecker-token was not looked at');
    expect((await answered({ status: 401, body: 'User not authorized' })).remedy).toContain(
      'Woodpecker does not know woodpecker-token',
    );
  });
});

describe('a missing scope', () => {
  const lacking = (scope: string): Promise<ApiError> =>
    told({
      status: 403,
      body: { message: `token does not have at least one of required scope(s): [${scope}]` },
    });

  it('is told as the scope that the role needs, not as the little that this call asks for', async () => {
    const lines = errorLines(await lacking('read:issue'), ['write:issue', 'read:repository']);

    expect(lines.at(-1)).toBe(
      'Create a token that also has the scope write:issue, and put it where this one comes from (in CI: its secret). In all this role needs write:issue, read:repository.',
    );
  });

  it('is told as the forge names it where the role needs no more', async () => {
    const lines = errorLines(await lacking('read:organization'), ['write:issue']);

    expect(lines.at(-1)).toContain('the scope read:organization, and');
  });
});

it('an answer that is made to hurt is told in a short time', async () => {
  const began = cpuMs();
  for (const body of [
    '<'.repeat(11_000_000),
    `<title${'<'.repeat(5_000_000)}`,
    ` ${' '.repeat(5_000_000)}<html>`,
    { message: `required scope(s): [${'['.repeat(5_000_000)}` },
    { message: '/'.repeat(5_000_000) },
  ])
    for (const status of [401, 403, 404, 413, 500]) await told({ status, body });

  expect(cpuMs() - began).toBeLessThan(2000);
});

it('an error whose message is no text but very deep says as much as one without a message', async () => {
  let deep: unknown = 'x';
  for (let depth = 0; depth < 200_000; depth += 1) deep = [deep];

  expect((await told({ status: 404, body: { message: deep } })).message).toBe(
    'GET /repos/owner/project/issues answered 404.',
  );
  expect((await told({ status: 404, body: deep })).kind).toBe('not-found');
});
