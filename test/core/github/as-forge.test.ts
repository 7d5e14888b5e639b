import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSend } from '../../../core/api/http.ts';
import type { ApiRequest, Send } from '../../../core/api/send.ts';
import { createComment, listComments } from '../../../core/forge/comments.ts';
import { editIssue, getIssue } from '../../../core/forge/issues.ts';
import { isOrgMember, listWriters } from '../../../core/forge/people.ts';
import { getPull } from '../../../core/forge/pulls.ts';
import { getRepository } from '../../../core/forge/repositories.ts';
import { getOwnUser } from '../../../core/forge/users.ts';
import { githubAsForge } from '../../../core/github/as-forge.ts';
import { githubService } from '../../../core/github/call.ts';
import { findBranchPull } from '../../../core/github/pulls.ts';
import { createMask } from '../../../core/mask.ts';
import type { Answer, EmbeddedGithub } from '../../../embedded-github/main.ts';
import type { Account, Issue, Repository } from '../../../embedded-github/shapes.ts';
import { startTestGithub } from '../../embedded.ts';

const name = 'owner/project';
const start = Date.parse('2026-11-26T12:00:00Z');

let github: EmbeddedGithub;
let owner: Account & { token: string };
let bot: Account & { token: string };
let place: Repository;
let issue: Issue;
let pauses: number[];
let open: { close(): void }[];
beforeEach(async () => {
  github = await startTestGithub();
  owner = github.addUser('owner');
  bot = github.addUser('bot');
  place = github.addRepository(owner, 'project', { rights: new Map([['bot', 'write']]) });
  issue = github.addIssue(place, owner, { number: 5, title: 'Mend it', body: 'It is broken.' });
  pauses = [];
  open = [];
});
afterEach(async () => {
  for (const send of open) send.close();
  await github.close();
});

function raw(by: { token: string } = bot): Send {
  const send = createSend({
    url: github.url,
    service: githubService,
    token: by.token,
    mask: createMask(),
    deadline: start + 3_600_000,
    clock: () => start,
    pause: async (ms) => void pauses.push(ms),
  });
  open.push(send);
  return send;
}
const ask = (by?: { token: string }): Send => githubAsForge(raw(by));

/** Answers the first so many requests so, and then as usual. */
function instead(
  answer: Answer,
  times = Number.POSITIVE_INFINITY,
  isMeant: (path: string) => boolean = () => true,
): void {
  let left = times;
  github.instead = ({ path }) => {
    if (left === 0 || !isMeant(path)) return undefined;
    left -= 1;
    return answer;
  };
}

describe('who may write', () => {
  it('is who may push, and not whoever has commented or may be assigned', async () => {
    const reader = github.addUser('reader');
    place.rights.set(reader.login, 'read');
    github.addComment(issue, reader, 'I may be assigned.');

    expect((await listWriters(ask(), name)).map(({ login }) => login)).toEqual(['owner', 'bot']);
  });

  it('is not known to whoever may not push; then it is the owner where that is a person, and nobody else', async () => {
    const stranger = github.addUser('stranger');
    expect((await listWriters(ask(stranger), name)).map(({ login }) => login)).toEqual(['owner']);

    const org = github.addUser('acme', 'Organization');
    github.addRepository(org, 'project', { rights: new Map([['bot', 'write']]) });
    expect(await listWriters(ask(stranger), 'acme/project')).toEqual([]);
  });
});

describe('a member of an organisation', () => {
  it('is told to members alone; to others that is no no', async () => {
    const org = github.addUser('acme', 'Organization');
    org.members.add('bot').add('owner');
    const stranger = github.addUser('stranger');

    expect(await isOrgMember(ask(), 'acme', 'owner')).toBe(true);
    expect(await isOrgMember(ask(), 'acme', 'stranger')).toBe(false);
    await expect(isOrgMember(ask(stranger), 'acme', 'owner')).rejects.toMatchObject({ kind: 'permission' });
  });
});

describe('an answer', () => {
  it('of a body, a user and labels as GitHub may give them is one that the forge would give', async () => {
    Object.assign(issue, { body: null, user: null });
    expect(await getIssue(ask(), name, 5)).toMatchObject({ body: '', user: null, labels: [] });

    const { url } = github;
    const found = { ...issue, user: null, labels: ['bug', { id: 7, name: 'crew:builder' }] };
    instead({
      status: 200,
      body: {
        ...{ number: 5, title: 'x', body: 'x', state: 'open', created_at: '', updated_at: '', html_url: '' },
        ...{ user: found.user, labels: found.labels, repository_url: `${url}/repos/owner/project` },
      },
    });
    expect((await getIssue(ask(), name, 5)).labels.map((label) => label.name)).toEqual([
      'bug',
      'crew:builder',
    ]);
  });

  it('about a pull request has what the forge says of one', async () => {
    github.addPull(place, owner, { number: 9, head: 'work', sha: 'a'.repeat(40) });

    expect(await getPull(ask(), name, 9)).toMatchObject({
      number: 9,
      body: '',
      merged: false,
      state: 'open',
    });
    expect(await getRepository(ask(), name)).toMatchObject({ full_name: name, permissions: { push: true } });
    expect(await getOwnUser(ask())).toMatchObject({ login: 'bot', id: bot.id });
  });

  const own = (more: object) => ({
    number: 5,
    title: 'x',
    body: 'x',
    state: 'open',
    user: { id: 1, login: 'owner' },
    labels: [],
    created_at: 'x',
    updated_at: 'x',
    html_url: 'x',
    repository_url: 'https://api.github.com/repos/owner/project',
    ...more,
  });
  it.each<[string, unknown]>([
    ['another number', own({ number: 6 })],
    ['another repository', own({ repository_url: 'https://api.github.com/repos/owner/secrets' })],
    ['no repository', own({ repository_url: 'https://api.github.com/' })],
    ['a number that is a text', own({ number: '5' })],
    ['a body that is an object', own({ body: { toString: 'x' } })],
    ['a state that it does not know', own({ state: 'half-open' })],
    ['labels that are none', own({ labels: null })],
    ['a list', [own({})]],
    ['nothing', undefined],
    ['a login page', '<html><title>Sign in</title></html>'],
  ])('with %s is not used', async (_, body) => {
    instead({
      status: 200,
      body,
      ...(typeof body === 'string' ? { headers: { 'content-type': 'text/html' } } : {}),
    });

    await expect(getIssue(ask(), name, 5)).rejects.toMatchObject({ kind: 'shape' });
    await expect(editIssue(ask(), name, 5, { body: 'x' })).rejects.toMatchObject({ kind: 'unknown-outcome' });
  });

  it('with comments of another issue is not used', async () => {
    const comment = { id: 1, body: 'x', user: null, created_at: 'x', updated_at: 'x' };
    for (const place of ['owner/project/issues/6', 'owner/secrets/issues/5', 'owner/project/issues/55']) {
      instead({ status: 200, body: [{ ...comment, issue_url: `https://api.github.com/repos/${place}` }] });

      await expect(listComments(ask(), name, 5)).rejects.toMatchObject({ kind: 'shape' });
    }
  });

  it('is asked for no call that nobody has looked up', async () => {
    const request: ApiRequest = { method: 'POST', route: '/repos/{owner}/{repo}/forks', params: {} };

    await expect(ask()(request)).rejects.toThrow('is not asked of GitHub');
    expect(github.requests).toEqual([]);
  });
});

describe('a redirect', () => {
  it('of an issue that was moved is followed by nobody, be it read or written', async () => {
    const other = github.addRepository(owner, 'secrets');
    issue.movedTo = github.addIssue(other, owner, { number: 5, body: 'Not for you.' });

    for (const call of [
      () => getIssue(ask(), name, 5),
      () => editIssue(ask(), name, 5, { body: 'x' }),
      () => listComments(ask(), name, 5),
      () => createComment(ask(), name, 5, 'x'),
    ])
      await expect(call()).rejects.toMatchObject({
        kind: 'not-found',
        remedy: expect.stringContaining('moved'),
      });
    expect(github.requests.every(({ path }) => path.startsWith('/repos/owner/project/'))).toBe(true);
    expect(issue.movedTo).toMatchObject({ body: 'Not for you.', comments: [] });
  });

  it('to another host takes the token nowhere', async () => {
    const reached: unknown[] = [];
    const thief = createServer((request, response) => {
      reached.push(request.headers);
      response.end('{}');
    });
    await new Promise<void>((done) => thief.listen(0, '127.0.0.1', done));
    const location = `http://127.0.0.1:${(thief.address() as AddressInfo).port}/repos/owner/project/issues/5`;
    const link = `<${location}>; rel="next"`;

    for (const body of [{ message: 'Moved Permanently' }, undefined]) {
      instead({ status: 301, headers: { location }, body });
      await expect(getIssue(ask(), name, 5)).rejects.toThrow(/answered 301/);
    }
    instead({ status: 200, body: [], headers: { link } }, 1);
    await listComments(ask(), name, 5);

    thief.close();
    expect(reached).toEqual([]);
  });
});

describe('a list', () => {
  it('is read to its end by the header that says so', async () => {
    for (let nth = 1; nth <= 205; nth += 1) github.addComment(issue, owner, String(nth));

    const found = await listComments(ask(), name, 5);

    expect(found.map(({ body }) => Number(body))).toEqual(
      Array.from({ length: 205 }, (_, index) => index + 1),
    );
    expect(github.requests.map(({ path }) => path.split('?')[1])).toEqual([
      'per_page=100&page=1',
      'per_page=100&page=2',
      'per_page=100&page=3',
    ]);
  });

  it('that never ends is not read on', async () => {
    instead({ status: 200, body: [], headers: { link: `<${github.url}>; rel="next"` } });

    await expect(listComments(ask(), name, 5)).rejects.toMatchObject({ kind: 'incomplete' });
    expect(github.requests).toHaveLength(100);
  });

  it('of which a page fails is none', async () => {
    for (let nth = 1; nth <= 105; nth += 1) github.addComment(issue, owner, String(nth));
    instead({ status: 404, body: { message: 'Not Found' } }, 1, (path) => path.endsWith('page=2'));

    await expect(listComments(ask(), name, 5)).rejects.toMatchObject({ kind: 'not-found' });
  });
});

describe('a limit', () => {
  const at = (seconds: number): string => String(start / 1000 + seconds);
  it.each<[string, Answer, number]>([
    ['429 with a time to wait', { status: 429, headers: { 'retry-after': '3' } }, 3000],
    [
      '403 with a time to wait',
      { status: 403, headers: { 'retry-after': '3' }, body: { message: 'Forbidden' } },
      3000,
    ],
    [
      'of the hour, which begins anew soon',
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at(20) } },
      21_000,
    ],
    [
      'that says so in words alone',
      {
        status: 403,
        body: { message: 'You have exceeded a secondary rate limit. Please wait a few minutes.' },
      },
      60_000,
    ],
  ])('%s is waited for, and a write happens once', async (_, answer, wait) => {
    instead({ body: { message: 'API rate limit exceeded' }, ...answer }, 1);

    await createComment(ask(), name, 5, 'Once.');

    expect(pauses).toEqual([wait]);
    expect(issue.comments).toMatchObject([{ body: 'Once.' }]);
  });

  it('of the hour that is far from its end is told at once, with that', async () => {
    instead({
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at(1800) },
      body: { message: 'API rate limit exceeded for user ID 1.' },
    });

    await expect(getIssue(ask(), name, 5)).rejects.toMatchObject({
      kind: 'rate',
      remedy:
        'GitHub takes no more requests of this account for a while, until 2026-11-26T12:30:00.000Z: wait, and try again.',
    });
    expect(pauses).toEqual([]);
    expect(github.requests).toHaveLength(1);
  });
});

describe('what is no success', () => {
  it.each<[string, Answer, string, RegExp]>([
    [
      'a token that it does not know',
      { status: 401, body: { message: 'Bad credentials' } },
      'token',
      /create another/,
    ],
    [
      'a right that is missing',
      { status: 403, body: { message: 'Resource not accessible by personal access token' } },
      'permission',
      /rights that docs/,
    ],
    [
      'a single sign-on',
      { status: 403, body: { message: 'x' }, headers: { 'x-github-sso': 'required; url=x' } },
      'permission',
      /single sign-on/,
    ],
    ['a deleted issue', { status: 410, body: { message: 'This issue was deleted' } }, 'not-found', /deleted/],
    [
      'a page in front of it',
      { status: 404, body: '<html><title>404</title></html>', headers: { 'content-type': 'text/html' } },
      'invalid',
      /./,
    ],
    ['a failure of its own', { status: 500, body: { message: 'x' } }, 'server', /try again/],
  ])('is, for %s, told as what it is', async (_, answer, kind, remedy) => {
    instead(answer);

    await expect(getIssue(ask(), name, 5)).rejects.toMatchObject({
      kind,
      remedy: expect.stringMatching(remedy),
    });
  });

  it('of a write that failed there is unknown, and not repeated', async () => {
    instead({ status: 502, body: { message: 'Server Error' } });

    await expect(createComment(ask(), name, 5, 'x')).rejects.toMatchObject({ kind: 'unknown-outcome' });
    expect(github.requests).toHaveLength(1);
  });

  it('never repeats a text of any length, or of more than one line', async () => {
    instead({ status: 422, body: { message: `No\n::error::${'x'.repeat(100_000)}` } });

    const said = await getIssue(ask(), name, 5).catch((error: Error) => error.message);

    expect(said).not.toContain('\n');
    expect(String(said).length).toBeLessThan(400);
  });
});

describe('the pull request of a branch', () => {
  const sha = (digit: string): string => digit.repeat(40);
  const find = () => findBranchPull(raw(), name, 'main', 'dispatch/5-mend');

  it('is the open one, then the newest, and says at which commit it was', async () => {
    const pull = (more: object, head = 'dispatch/5-mend') =>
      github.addPull(place, owner, { head, sha: sha('a'), ...more });
    expect(await find()).toBeUndefined();

    pull({ state: 'closed' });
    const merged = pull({ state: 'closed', sha: sha('b') });
    if (merged.pull !== null) merged.pull.merged = true;
    expect(await find()).toEqual({ number: merged.number, state: 'merged', head: sha('b') });

    const early = pull({ state: 'open', sha: sha('c') });
    pull({ state: 'closed', sha: sha('d') });
    expect(await find()).toEqual({ number: early.number, state: 'open', head: sha('c') });
  });

  it('is none from another branch, a fork, or into another base, though GitHub names it', async () => {
    const fork = github.addRepository(owner, 'fork');
    github.addPull(place, owner, { head: 'dispatch/5-mend', sha: sha('a'), fork });
    github.addPull(place, owner, { head: 'other', sha: sha('a') });

    expect(github.requests).toEqual([]);
    expect(await find()).toBeUndefined();
    expect(github.requests.map(({ path }) => decodeURIComponent(path))).toMatchObject([
      expect.stringContaining('head=owner:dispatch/5-mend'),
    ]);
    const answer = await raw()({
      method: 'GET',
      route: '/repos/{owner}/{repo}/pulls',
      params: { owner: 'owner', repo: 'project', state: 'all', head: 'owner:dispatch/5-mend' },
    });
    expect(answer.body).toHaveLength(2);
  });
});
