import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedForge } from '../../embedded-forge/main.ts';
import { startTestForge } from '../embedded.ts';

/**
 * What a real Forgejo answered, asked again of the embedded one: the same status, the same shape, and the same values
 * wherever a value is not the server's own choice.
 *
 * Not compared, and why: whether a pull request is `mergeable`, which a real forge finds out later; ids, hashes, times and addresses (`unsettled` below: each server has its own); sizes that the
 * recording left out (`…` stands for a resource that is whole elsewhere); the size of the README that a server writes
 * into a new repository; merges that were answered "try again later", and jobs that a runner had
 * taken on; the text of a `PushRejected`, which holds
 * paths of the server; lists that the recording shortened to numbers, titles, logins and label names, which are
 * compared in that short form.
 */
const folder = new URL('../../../shared/forgejo-recordings/', import.meta.url);
const bound = ['01', '02', '03', '04', '05', '06', '07'];

interface Recorded {
  note?: string;
  as: string;
  method: string;
  path: string;
  body?: Record<string, unknown>;
  status: number;
  answer: unknown;
  headers?: Record<string, string>;
}

const unsettled = new Set([
  'id',
  'sha',
  'sha1',
  'token_last_eight',
  'created',
  'created_at',
  'updated_at',
  'closed_at',
  'timestamp',
  'date',
  'last_commit_sha',
  'last_commit_when',
  'url',
  'html_url',
  'git_url',
  'download_url',
  'avatar_url',
  'languages_url',
  'ssh_url',
  'clone_url',
  'wiki_ssh_url',
  'wiki_clone_url',
  'issue_url',
  'zipball_url',
  'tarball_url',
  'self',
  'git',
  'html',
  'version',
  'last_login',
  'updated',
  'repo_id',
  'submitted_at',
  'merged_at',
  'merge_commit_sha',
  'merge_base',
  'commit_id',
  'description_html',
]);

const people = ['owner', 'bot', 'reader', 'writer', 'stranger'];

function recordings(prefix: string): Recorded[] {
  const file = readdirSync(folder).find((name) => name.startsWith(prefix));
  return JSON.parse(readFileSync(new URL(file ?? '', folder), 'utf8'));
}

/** A text with what each server has of its own named instead: its address, its ids, its hashes and tokens. */
function settled(text: string): string {
  return (
    text
      .replace(/<forge>|http:\/\/forge\.test|http:\/\/127\.0\.0\.1:\d+/g, '<forge>')
      .replace(/<[a-z-]+-token>|[0-9a-f]{40}/g, '<hash>')
      .replace(/(\[id: |repo_id: |issue_id: |pull_id: |<Repository )[1-9]\d*/g, '$1N')
      // The site's administrator has another name there.
      .replace(/^root1$/, 'admin')
  );
}

/** Where the answer differs from what was recorded; empty when it does not. */
function differences(recorded: unknown, actual: unknown, at = '$'): string[] {
  if (Array.isArray(recorded)) {
    if (!Array.isArray(actual)) return [`${at}: expected a list`];
    if (recorded.length !== actual.length)
      return [`${at}: expected ${recorded.length} items, got ${actual.length}`];
    return recorded.flatMap((item, index) => differences(item, actual[index], `${at}[${index}]`));
  }
  if (typeof recorded === 'object' && recorded !== null) {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual))
      return [`${at}: expected an object, got ${JSON.stringify(actual)}`];
    const shortened = '…' in recorded;
    const missing = Object.keys(recorded).filter((key) => key !== '…' && !(key in actual));
    const extra = shortened ? [] : Object.keys(actual).filter((key) => !(key in recorded));
    return [
      ...missing.map((key) => `${at}.${key}: missing`),
      ...extra.map((key) => `${at}.${key}: not on a real forge`),
      ...Object.entries(recorded).flatMap(([key, value]) => {
        if (key === '…' || missing.includes(key)) return [];
        const found: unknown = Reflect.get(actual, key);
        if (key === 'mergeable') return [];
        if (key === 'event_payload') {
          // Repository and sender in it are whole in 01 and 02.
          const payload = (text: unknown): unknown => {
            const { inputs, ref, workflow } = JSON.parse(String(text));
            return { inputs, ref, workflow };
          };
          return differences(payload(value), payload(found), `${at}.${key}`);
        }
        if (key === 'size' && Reflect.get(recorded, 'path') === 'README.md') return [];
        if (unsettled.has(key))
          return typeof found === typeof value && (found === null) === (value === null)
            ? []
            : [`${at}.${key}: expected ${JSON.stringify(value)}, got ${JSON.stringify(found)}`];
        return differences(value, found, `${at}.${key}`);
      }),
    ];
  }
  if (typeof recorded === 'string' && typeof actual === 'string') {
    return settled(recorded) === settled(actual)
      ? []
      : [`${at}: expected ${JSON.stringify(settled(recorded))}, got ${JSON.stringify(settled(actual))}`];
  }
  return recorded === actual
    ? []
    : [`${at}: expected ${JSON.stringify(recorded)}, got ${JSON.stringify(actual)}`];
}

/** A merge that came too early: the real forge was still looking for conflicts, which takes no time here. */
function isBusy({ status, answer, path }: Recorded): boolean {
  // What a runner had taken on by then; there is no runner here.
  if (path.includes('/actions/tasks')) return true;
  return status === 405 && JSON.stringify(answer).includes('Please try again later');
}

/** A list of issues as the recording shortened it. */
function shortened(recorded: unknown, actual: unknown): unknown {
  const first: unknown = Array.isArray(recorded) ? recorded[0] : undefined;
  const isShort =
    typeof first === 'object' && first !== null && Object.keys(first).join() === 'number,title,user,labels';
  if (!isShort || !Array.isArray(actual)) return actual;
  return actual.map((issue, index) => {
    const { number, title, user, labels } = issue as {
      number: number;
      title: string;
      user: { login: string };
      labels: { name: string }[];
    };
    const cut: string =
      Array.isArray(recorded) && typeof recorded[index]?.title === 'string' ? recorded[index].title : title;
    return {
      number,
      title: title.startsWith(cut) ? cut : title,
      user: user.login,
      labels: labels.map(({ name }) => name),
    };
  });
}

describe.skipIf(!existsSync(fileURLToPath(folder)))(
  'the embedded forge answers as a real Forgejo did (recordings 01 to 07)',
  () => {
    let forge: EmbeddedForge;
    const tokens = new Map<string, string>();
    /** Recorded ids of labels, and hashes of blobs, with those of this run. */
    const known = new Map<string, string>();

    beforeAll(async () => {
      // The recording server had a token `<admin-token>`; passwords are the recording's own placeholder.
      forge = await startTestForge({ paging: { default: 30, max: 50 } });
      tokens.set('<admin-token>', `token ${forge.adminToken}`);
      for (const login of people)
        tokens.set(`<${login}-basic>`, `Basic ${Buffer.from(`${login}:<password>`).toString('base64')}`);
      tokens.set('basic', 'token 0123456789abcdef0123456789abcdef01234567');
    });
    afterAll(() => forge.close());

    function translate(value: unknown): unknown {
      if (Array.isArray(value))
        return value.map((item) =>
          typeof item === 'number' ? Number(known.get(`label ${item}`) ?? item) : translate(item),
        );
      if (typeof value === 'string') return known.get(value) ?? value;
      if (typeof value === 'object' && value !== null)
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, translate(item)]));
      return value;
    }

    function learn(recorded: unknown, actual: unknown, path: string): void {
      if (typeof recorded !== 'object' || recorded === null || typeof actual !== 'object' || actual === null)
        return;
      const id: unknown = Reflect.get(recorded, 'id');
      if (path.endsWith('/labels') && typeof id === 'number')
        known.set(`label ${id}`, String(Reflect.get(actual, 'id')));
      if (path.endsWith('/dispatches') && typeof id === 'number')
        known.set(`run ${id}`, String(Reflect.get(actual, 'id')));
      if (path.endsWith('/reviews') && typeof id === 'number')
        known.set(`review ${id}`, String(Reflect.get(actual, 'id')));
      for (const [key, value] of Object.entries(recorded)) {
        const found: unknown = Reflect.get(actual, key);
        const isHash = ['sha', 'commit_id', 'merge_commit_sha', 'merge_base'].includes(key);
        if (isHash && typeof value === 'string' && typeof found === 'string') known.set(value, found);
        learn(value, found, '');
      }
    }

    async function ask(recorded: Recorded): Promise<{ status: number; body: unknown; headers: Headers }> {
      const path = recorded.path
        .replace(/\/labels\/(\d+)$/, (_, id: string) => `/labels/${known.get(`label ${id}`) ?? id}`)
        .replace(/\/reviews\/(\d+)\//, (_, id: string) => `/reviews/${known.get(`review ${id}`) ?? id}/`)
        .replace(/\/runs\/(\d+)$/, (_, id: string) => `/runs/${known.get(`run ${id}`) ?? id}`)
        .replace(/[0-9a-f]{40}/g, (hash) => known.get(hash) ?? hash);
      const authorization = tokens.get(recorded.as);
      if (authorization === undefined && recorded.as !== 'anonymous')
        throw new Error(`nobody is ${recorded.as}`);
      // A lone surrogate has to go out as JSON writes it, which JSON.stringify does.
      const response = await fetch(`${forge.url}/api/v1${path.replace('x/../y.md', 'x%2F..%2Fy.md')}`, {
        method: recorded.method,
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          'content-type': 'application/json',
        },
        ...(recorded.body === undefined ? {} : { body: JSON.stringify(translate(recorded.body)) }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return {
        status: response.status,
        body: text === '' ? null : isJson ? JSON.parse(text) : text,
        headers: response.headers,
      };
    }

    function remember(recorded: Recorded, body: unknown): void {
      const token: unknown =
        typeof body === 'object' && body !== null ? Reflect.get(body, 'sha1') : undefined;
      const name: unknown =
        typeof recorded.answer === 'object' && recorded.answer !== null
          ? Reflect.get(recorded.answer, 'sha1')
          : undefined;
      if (typeof token === 'string' && typeof name === 'string') tokens.set(name, `token ${token}`);
      learn(recorded.answer, body, recorded.path);
    }

    it.each(bound)('%s: every request in its order', async (prefix) => {
      const all = recordings(prefix);
      const wrong: string[] = [];
      for (let index = 0; index < all.length; ) {
        const first = all[index];
        if (first === undefined) break;
        // Requests that were sent at the same moment are sent so again, and compared without regard to order.
        const isRace = /at once/.test(first.note ?? '');
        const group = isRace
          ? all
              .slice(index)
              .filter(
                (item, offset, rest) =>
                  item.note === first.note &&
                  rest.slice(0, offset).every((other) => other.note === first.note),
              )
          : [first];
        index += group.length;
        const answers = isBusy(first) ? [] : await Promise.all(group.map(ask));
        const name = `${prefix} ${first.method} ${first.path}${first.note === undefined ? '' : ` (${first.note})`}`;
        if (isRace) {
          const [wanted, got] = [
            group
              .map(({ status }) => status)
              .sort()
              .join(),
            answers
              .map(({ status }) => status)
              .sort()
              .join(),
          ];
          if (wanted !== got) wrong.push(`${name}: expected ${wanted}, got ${got}`);
          continue;
        }
        const [answer] = answers;
        if (answer === undefined || isBusy(first)) continue;
        if (answer.status !== first.status)
          wrong.push(
            `${name}: expected ${first.status}, got ${answer.status} ${JSON.stringify(answer.body)}`,
          );
        else
          wrong.push(
            ...differences(first.answer, shortened(first.answer, answer.body)).map(
              (difference) => `${name}: ${difference}`,
            ),
          );
        for (const [header, value] of Object.entries(first.headers ?? {})) {
          const found = answer.headers.get(header)?.replaceAll(forge.url, '<forge>');
          if (found !== value) wrong.push(`${name}: header ${header}: expected ${value}, got ${found}`);
        }
        remember(first, answer.body);
      }

      expect(wrong).toEqual([]);
    });

    it('had a route for each of them', () => {
      expect(forge.unknownRoutes).toEqual([]);
    });
  },
);
