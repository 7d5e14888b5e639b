import { randomBytes } from 'node:crypto';

/**
 * Fills a forge over plain REST, the embedded one or a real one alike: people, repositories, labels, issues, files,
 * pull requests. For the demo and the tests; it stops at the first answer that is not a success.
 */
export interface Seeder {
  url: string;
  /** Any call; `as` is a token, or nobody's when `null`. */
  api(
    method: string,
    path: string,
    body?: unknown,
    as?: string | null,
  ): Promise<{ status: number; body: unknown }>;
  createUser(login: string, scopes: string[]): Promise<Person>;
  createRepository(owner: Person, name: string): Promise<string>;
  addCollaborator(
    owner: Person,
    repository: string,
    login: string,
    permission: 'read' | 'write' | 'admin',
  ): Promise<void>;
  createLabel(owner: Person, repository: string, name: string): Promise<number>;
  createIssue(
    by: Person,
    repository: string,
    issue: { title: string; body?: string; labels?: number[] },
  ): Promise<number>;
  closeIssue(by: Person, repository: string, number: number): Promise<void>;
  /** Creates or replaces a file; with `branch` other than the default on a new branch. Gives the commit. */
  putFile(
    by: Person,
    repository: string,
    path: string,
    content: string,
    branch?: { from: string; name: string },
  ): Promise<string>;
  openPull(
    by: Person,
    repository: string,
    pull: { head: string; base: string; title: string; body?: string },
  ): Promise<number>;
  mergePull(by: Person, repository: string, number: number, style?: string): Promise<void>;
}

export interface Person {
  login: string;
  id: number;
  password: string;
  token: string;
}

/** Scopes that let a person do all that a seeded story needs. */
export const allScopes = ['write:repository', 'write:issue', 'write:user', 'write:organization'];

function field(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
}

export function seeder(forgeUrl: string, adminToken: string): Seeder {
  const url = forgeUrl.replace(/\/+$/, '');

  async function request(
    method: string,
    path: string,
    body: unknown,
    authorization: string | null,
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        ...(authorization === null ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }

  async function must(method: string, path: string, body: unknown, authorization: string): Promise<unknown> {
    const answer = await request(method, path, body, authorization);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  const by = (person: Person): string => `token ${person.token}`;

  return {
    url,
    api: (method, path, body, as = adminToken) =>
      request(method, path, body, as === null ? null : `token ${as}`),
    async createUser(login, scopes) {
      const password = randomBytes(12).toString('base64url');
      const made = await must(
        'POST',
        '/admin/users',
        { username: login, email: `${login}@example.test`, password, must_change_password: false },
        `token ${adminToken}`,
      );
      const basic = `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`;
      const token = await must('POST', `/users/${login}/tokens`, { name: 'forgecrew', scopes }, basic);
      return { login, id: Number(field(made, 'id')), password, token: String(field(token, 'sha1')) };
    },
    async createRepository(owner, name) {
      await must('POST', '/user/repos', { name, auto_init: true, default_branch: 'main' }, by(owner));
      return `${owner.login}/${name}`;
    },
    async addCollaborator(owner, repository, login, permission) {
      await must('PUT', `/repos/${repository}/collaborators/${login}`, { permission }, by(owner));
    },
    async createLabel(owner, repository, name) {
      return Number(
        field(
          await must(
            'POST',
            `/repos/${repository}/labels`,
            { name, color: '#336699', description: '' },
            by(owner),
          ),
          'id',
        ),
      );
    },
    async createIssue(person, repository, issue) {
      return Number(field(await must('POST', `/repos/${repository}/issues`, issue, by(person)), 'number'));
    },
    async closeIssue(person, repository, number) {
      await must('PATCH', `/repos/${repository}/issues/${number}`, { state: 'closed' }, by(person));
    },
    async putFile(person, repository, path, content, branch) {
      const ref = branch === undefined ? '' : `?ref=${encodeURIComponent(branch.from)}`;
      const there = await request(
        'GET',
        `/repos/${repository}/contents/${path}${ref}`,
        undefined,
        by(person),
      );
      const made = await must(
        there.status === 200 ? 'PUT' : 'POST',
        `/repos/${repository}/contents/${path}`,
        {
          content: Buffer.from(content, 'utf8').toString('base64'),
          message: `${there.status === 200 ? 'Update' : 'Add'} ${path}`,
          ...(there.status === 200 ? { sha: field(there.body, 'sha') } : {}),
          ...(branch === undefined ? {} : { branch: branch.from, new_branch: branch.name }),
        },
        by(person),
      );
      return String(field(field(made, 'commit'), 'sha'));
    },
    async openPull(person, repository, pull) {
      return Number(field(await must('POST', `/repos/${repository}/pulls`, pull, by(person)), 'number'));
    },
    async mergePull(person, repository, number, style = 'merge') {
      // A real forge checks for conflicts in the background, and asks to be patient for a second or two.
      for (let attempt = 0; ; attempt += 1) {
        const answer = await request(
          'POST',
          `/repos/${repository}/pulls/${number}/merge`,
          { Do: style },
          by(person),
        );
        if (answer.status === 200) return;
        const busy = answer.status === 405 && String(field(answer.body, 'message')).includes('try again');
        if (!busy || attempt >= 40)
          throw new Error(
            `pull request #${number} cannot be merged: ${answer.status} ${JSON.stringify(answer.body)}`,
          );
        await new Promise((done) => setTimeout(done, 250));
      }
    },
  };
}
