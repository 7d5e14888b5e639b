import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedForge } from '../../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../../embedded-forge/seed.ts';
import { startTestForge } from '../../embedded.ts';

/**
 * What the roles rely on, asked of a forge over plain HTTP, a file for each resource. Always of the embedded one; of a
 * real Forgejo as well when `FORGE_CONTRACT_URL` and `FORGE_CONTRACT_TOKEN` (a site admin's) are set, one file after the
 * other then (vitest.config.ts). Everything is made under names of its own and deleted at the end. Where the two disagree,
 * the real one is right.
 */
const { FORGE_CONTRACT_URL: realUrl = '', FORGE_CONTRACT_TOKEN: realToken = '' } = process.env;
const targets = [
  { name: 'the embedded forge', url: '', token: '' },
  ...(realUrl === '' ? [] : [{ name: 'a real forge', url: realUrl, token: realToken }]),
];

export interface Issue {
  number: number;
  title: string;
  body: string;
  state: string;
  labels: { id: number; name: string }[];
  user: { login: string; id: number };
  pull_request: unknown;
}

export interface Answer<T> {
  status: number;
  body: T;
  headers: Headers;
}

/** A forge with four people and a repository. It is there before the first question, not when the questions are written down. */
export interface AskedForge {
  /** In the names of what is made only once on a whole forge. */
  tag: string;
  seed: Seeder;
  /** Owns the repositories. */
  owner: Person;
  /** May write to them. */
  bot: Person;
  /** May read them. */
  reader: Person;
  stranger: Person;
  /** A repository that is already there, for questions that leave nothing behind that others would see. */
  repo: string;
  /** Where the forge is. */
  url(): string;
  /** Makes a repository of the owner's. */
  fresh(name: string): Promise<string>;
  /** Has a path of the API deleted in the end, before the people are. */
  remove(path: string): void;
  api<T = { message?: string }>(
    by: Person | null,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer<T>>;
  issue(by: Person, where: string, fields: Record<string, unknown>): Promise<Issue>;
  /** Asks again and again until the answer is as it has to become: much of a forge follows a push late. */
  until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T>;
  /** Lets time pass: an edit is told from the first writing by whole seconds. */
  pass(milliseconds: number): Promise<void>;
}

export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** Asks every forge there is the questions about one resource. */
export function onEveryForge(resource: string, questions: (forge: AskedForge) => void): void {
  describe.each(targets)('$name', ({ url, token }) => {
    const tag = randomBytes(4).toString('hex');
    const person = (letter: string): Person => ({ login: `${letter}${tag}`, id: 0, password: '', token: '' });
    const [owner, bot, reader, stranger] = [person('o'), person('b'), person('r'), person('s')];
    // Filled before the first question, so that whoever asks may take them apart at once.
    const seed = seeder('', '');
    const leftBehind: string[] = [];
    let embedded: EmbeddedForge | undefined;
    let clock = 0;

    beforeAll(async () => {
      if (url === '')
        embedded = await startTestForge({ now: () => new Date(Date.now() + clock), forkLag: 3 });
      Object.assign(seed, seeder(embedded?.url ?? url, embedded?.adminToken ?? token));
      const create = async (who: Person, scopes: string[]): Promise<void> => {
        Object.assign(who, await seed.createUser(who.login, scopes));
      };
      await create(owner, allScopes);
      await create(bot, ['write:repository', 'write:issue', 'read:user']);
      await create(reader, ['read:repository', 'write:issue']);
      await create(stranger, allScopes);
      await forge.fresh('main-repo');
    });

    afterAll(async () => {
      const still: string[] = [];
      for (const path of [
        ...leftBehind,
        ...[owner, bot, reader, stranger].map(({ login }) => `/admin/users/${login}?purge=true`),
      ]) {
        const { status } = await seed.api('DELETE', path);
        if (status > 299 && status !== 404) still.push(`${path}: ${status}`);
      }
      await embedded?.close();
      expect(still).toEqual([]);
    });

    const forge: AskedForge = {
      tag,
      seed,
      owner,
      bot,
      reader,
      stranger,
      repo: `${owner.login}/main-repo`,
      url: () => seed.url,
      remove: (path) => leftBehind.push(path),
      async fresh(name) {
        const full = await seed.createRepository(owner, name);
        forge.remove(`/repos/${full}`);
        await seed.addCollaborator(owner, full, bot.login, 'write');
        await seed.addCollaborator(owner, full, reader.login, 'read');
        return full;
      },
      async api<T>(by: Person | null, method: string, path: string, body?: unknown): Promise<Answer<T>> {
        const response = await fetch(`${seed.url}/api/v1${path}`, {
          method,
          headers: {
            ...(by === null ? {} : { authorization: `token ${by.token}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
        return {
          status: response.status,
          body: (isJson ? JSON.parse(text) : text) as T,
          headers: response.headers,
        };
      },
      async issue(by, where, fields) {
        const answer = await forge.api<Issue>(by, 'POST', `/repos/${where}/issues`, fields);
        expect(answer.status).toBe(201);
        return answer.body;
      },
      async until(ask, isSo) {
        for (let attempt = 0; ; attempt += 1) {
          const answer = await ask();
          if (isSo(answer)) return answer;
          if (attempt === 100) throw new Error(`it is still ${JSON.stringify(answer)}`);
          await forge.pass(100);
        }
      },
      async pass(milliseconds) {
        clock += milliseconds;
        if (url !== '') await new Promise((done) => setTimeout(done, milliseconds));
      },
    };

    describe(resource, () => questions(forge));

    it('was asked nothing that the embedded forge does not know', () => {
      expect(embedded?.unknownRoutes ?? []).toEqual([]);
    });
  });
}
