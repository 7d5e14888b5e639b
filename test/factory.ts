import { agentsAdd } from '../cli/agents-add/role.ts';
import type { Checkup } from '../cli/doctor/finding.ts';
import { type DoctorOptions, doctor } from '../cli/doctor/run.ts';
import { factoryRoles, staffOf } from '../cli/factory/posts.ts';
import { factorySettings } from '../cli/factory/settings.ts';
import { init } from '../cli/init/role.ts';
import type { Migration } from '../cli/upgrade/migrations.ts';
import { upgradeWith } from '../cli/upgrade/role.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import type { EmbeddedWoodpecker } from '../embedded-woodpecker/main.ts';
import { runCommand } from './command.ts';
import { startTestForge, startTestWoodpecker } from './embedded.ts';

/** All that a factory can be made of. */
export const moreRoles = factoryRoles.join(',');

/** The commit of the forgecrew that makes factories here. */
export const ownCommit = 'd0'.repeat(20);

/** A forge on which `forgecrew init` makes a factory, and `forgecrew doctor` looks at it. */
export interface Factory {
  forge: EmbeddedForge;
  woodpecker: EmbeddedWoodpecker;
  seed: Seeder;
  /** Write access to both, as people have. */
  ada: Person;
  bob: Person;
  ops: string;
  project: string;
  /** Which factory a command is about: the options of all of them. */
  given: Record<string, string>;
  init(
    more?: Record<string, string>,
    token?: string,
  ): Promise<{ code: number; text: string; writes: string[] }>;
  /** `forgecrew agents add`. */
  addAgent(
    engine: string,
    more?: Record<string, string>,
    token?: string,
  ): Promise<{ code: number; text: string; writes: string[] }>;
  /** `forgecrew upgrade`, to the version of these sources where nothing else is said. */
  upgrade(
    more?: Record<string, string>,
    migrations?: readonly Migration[],
  ): Promise<{ code: number; text: string; writes: string[] }>;
  doctor(
    more?: Record<string, string>,
    seams?: Partial<DoctorOptions>,
  ): Promise<{ code: number; checkup: Checkup; writes: string[] }>;
  /** Tokens of all accounts, as their secrets hold them: nobody else is told those. */
  tokens(): Promise<Record<string, string>>;
  /** As the site admin; throws where the answer is no success. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Every file on main of a repository. */
  files(repository: string): Promise<string[]>;
  text(repository: string, path: string): Promise<string>;
  /** Changes files of main past its rule, as somebody does who may: with the rule away, and set again. */
  rewrite(change: (path: string, text: string) => string, repository?: string): Promise<void>;
  /** Makes the ops repo one that an older forgecrew made. */
  age(from: string): Promise<void>;
  close(): Promise<void>;
}

export async function startFactory(
  {
    owner = 'acme',
    ci = 'forgejo',
    isOrganisation = true,
  }: { owner?: string; ci?: 'forgejo' | 'woodpecker'; isOrganisation?: boolean } = {},
  options: Parameters<typeof startTestForge>[0] = {},
): Promise<Factory> {
  const forge = await startTestForge(options);
  const seed = seeder(forge.url, forge.adminToken);
  const ada = await seed.createUser('ada', allScopes);
  const bob = await seed.createUser('bob', allScopes);
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await seed.api(method, path, body);
    if (answer.status > 299)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  };
  if (isOrganisation) await ask('POST', '/orgs', { username: owner });
  else await seed.createUser(owner, allScopes);
  // Where runners find the roles.
  await ask('POST', isOrganisation ? `/orgs/${owner}/repos` : `/admin/users/${owner}/repos`, {
    name: 'forgecrew',
    auto_init: true,
    default_branch: 'main',
  });
  await ask('POST', `/repos/${owner}/forgecrew/tags`, { tag_name: 'v0.1.0', target: 'main' });
  const [ops, project] = [`${owner}/ops`, `${owner}/app`];
  const woodpecker = await startTestWoodpecker({
    users: [{ login: 'admin', token: 'woodpecker-token-of-admin' }],
    repositories: [],
    nameOf: async (id) => (await ask<{ full_name: string }>('GET', `/repositories/${id}`)).full_name,
  });
  const given: Record<string, string> = {
    'forge-url': forge.url,
    'ops-repo': ops,
    'project-repo': project,
    ci,
    ...(ci === 'woodpecker'
      ? { 'woodpecker-url': woodpecker.url, 'woodpecker-token': 'woodpecker-token-of-admin' }
      : {}),
  };
  const counted = async <T extends object>(work: () => Promise<T>): Promise<T & { writes: string[] }> => {
    const [from, ciFrom] = [forge.requests.length, woodpecker.requests.length];
    const result = await work();
    const writes = [...forge.requests.slice(from), ...woodpecker.requests.slice(ciFrom)]
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path, status }) => `${method} ${path} ${status}`);
    return { ...result, writes };
  };
  const text = async (repository: string, path: string): Promise<string> => {
    const { content } = await ask<{ content: string }>('GET', `/repos/${repository}/contents/${path}`);
    return Buffer.from(content, 'base64').toString('utf8');
  };
  const filesOf = async (repository: string): Promise<string[]> => {
    const { tree } = await ask<{ tree: { path: string; type: string }[] }>(
      'GET',
      `/repos/${repository}/git/trees/main?recursive=true`,
    );
    return tree.filter(({ type }) => type === 'blob').map(({ path }) => path);
  };
  const rewrite = async (change: (path: string, text: string) => string, repository = ops): Promise<void> => {
    const route = `/repos/${repository}/branch_protections`;
    const rule = (await ask<{ rule_name: string }[]>('GET', route)).find(
      ({ rule_name }) => rule_name === 'mai[n]',
    );
    if (rule !== undefined) await ask('DELETE', `${route}/mai%5Bn%5D`);
    const changed = [];
    for (const path of await filesOf(repository)) {
      const before = await text(repository, path);
      const after = change(path, before);
      if (after === before) continue;
      const { sha } = await ask<{ sha: string }>('GET', `/repos/${repository}/contents/${path}`);
      changed.push({ operation: 'update', path, sha, content: Buffer.from(after).toString('base64') });
    }
    if (changed.length > 0)
      await ask('POST', `/repos/${repository}/contents`, { branch: 'main', message: 'm', files: changed });
    if (rule !== undefined) await ask('POST', route, rule);
  };
  const usualRoles = factorySettings.roles.default ?? '';
  /** Of the last run of init. */
  let roles = usualRoles.split(',');
  return {
    forge,
    woodpecker,
    seed,
    ada,
    bob,
    ops,
    project,
    given,
    ask,
    init: (more = {}, token = forge.adminToken) => {
      roles = (more.roles ?? usualRoles).split(',');
      return counted(() => runCommand(init, token, { ...given, people: 'ada,bob', ...more }, ownCommit));
    },
    addAgent: (engine, more = {}, token = forge.adminToken) =>
      counted(() =>
        runCommand(agentsAdd, token, {
          ...given,
          engine,
          ...(engine === 'command' ? {} : { model: 'opus' }),
          ...more,
        }),
      ),
    upgrade: (more = {}, migrations = []) =>
      counted(() =>
        runCommand(upgradeWith(migrations), forge.adminToken, { ...given, version: '0.1.0', ...more }),
      ),
    doctor: (more = {}, seams = {}) =>
      counted(async () => {
        const lines: string[] = [];
        const code = await doctor(
          {
            given: { ...given, 'forge-token': forge.adminToken, ...more },
            json: true,
            all: true,
            now: () => new Date(),
            ...seams,
          },
          (line) => lines.push(line),
        );
        return { code, checkup: JSON.parse(lines.join('\n')) as Checkup };
      }),
    async tokens() {
      const made = await Promise.all(
        // Agents are also added by themselves.
        staffOf([...roles, 'forge-agent'], {}).map(async ({ name, scopes }) => {
          const { status, body } = await seed.api('POST', `/admin/users/${name}/tokens`, {
            name: `test ${name}`,
            scopes,
          });
          return status === 201 ? ([[`${name}-token`, (body as { sha1: string }).sha1]] as const) : [];
        }),
      );
      const audit = await ask<{ sha1: string }>('POST', '/admin/users/admin/tokens', {
        name: 'test audit',
        scopes: ['read:repository', 'read:user'],
      });
      return { ...Object.fromEntries(made.flat()), 'audit-token': audit.sha1 };
    },
    files: filesOf,
    text,
    rewrite,
    age: (from) =>
      rewrite((_, content) =>
        content
          .replaceAll(/@[0-9a-f]{40} # v0\.1\.0/g, `@v${from}`)
          .replaceAll(/forgecrew v0\.1\.0 \([0-9a-f]{40}\)/g, `forgecrew v${from}`)
          .replace('version = "0.1.0"', `version = "${from}"`),
      ),
    async close() {
      await woodpecker.close();
      await forge.close();
    },
  };
}

/** What only a person can do: a token of Woodpecker for vault-dispatch, and the line of the pipeline that uses it. */
export async function letStart({ woodpecker, rewrite }: Factory): Promise<void> {
  woodpecker.repositories[0]?.secrets?.push({
    name: 'dispatcher_woodpecker_token',
    events: ['push', 'cron'],
  });
  await rewrite((path, text) =>
    path === '.woodpecker/vault.yaml' ? text.replaceAll('# woodpecker_token', 'woodpecker_token') : text,
  );
}
