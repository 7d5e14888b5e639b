import { afterEach, describe, expect, it } from 'vitest';
import { type Migration, onTheWay } from '../../cli/upgrade/migrations.ts';
import { type Factory, startFactory } from '../factory.ts';

let factory: Factory;
afterEach(() => factory.close());

const branch = 'forgecrew/upgrade-0.1.0';
const sprints = '.forgejo/workflows/file-sprints.yml';

/** A factory as an older forgecrew made it. */
async function older(more: Parameters<typeof startFactory>[0] = {}, from = '0.0.9'): Promise<void> {
  factory = await startFactory(more);
  await factory.init();
  await factory.age(from);
}

interface Pull {
  number: number;
  title: string;
  body: string;
  state: string;
  merged: boolean;
}
const pulls = (state = 'open'): Promise<Pull[]> =>
  factory.ask('GET', `/repos/${factory.ops}/pulls?state=${state}`);
const textOn = async (path: string, ref: string): Promise<string> => {
  const { content } = await factory.ask<{ content: string }>(
    'GET',
    `/repos/${factory.ops}/contents/${path}?ref=${ref}`,
  );
  return Buffer.from(content, 'base64').toString('utf8');
};

describe('forgecrew upgrade', () => {
  it('shows what it would ask for, asks once, and then has nothing to do', async () => {
    await older();

    const shown = await factory.upgrade({ 'dry-run': 'true' });
    const asked = await factory.upgrade();
    const again = await factory.upgrade();
    const [pull, ...others] = await pulls();

    expect([shown.code, shown.writes]).toEqual([0, []]);
    expect(shown.text).toContain('Move to forgecrew v0.1.0');
    expect([asked.code, again.code, again.writes, others]).toEqual([0, 0, [], []]);
    expect(pull?.title).toBe('Move to forgecrew v0.1.0');
    for (const path of (await factory.files(factory.ops)).filter((name) => name.includes('/workflows/')))
      expect(await textOn(path, branch)).not.toContain('v0.0.9');
    expect(await textOn('forgecrew.toml', branch)).toContain('version = "0.1.0"');
    expect(await textOn('forgecrew.toml', branch)).toContain(
      'bots = ["filer", "architect", "dispatcher", "gatekeeper"]',
    );
  });

  it('says what to do before and after the merge, what doctor says, and how to go back', async () => {
    await older();
    await factory.upgrade();
    const [pull] = await pulls();

    for (const part of [
      'This moves the factory from forgecrew v0.0.9 to v0.1.0.',
      `| \`${sprints}\` | 1 step names the version |`,
      // Formulas and what they run are protected.
      '`.forgejo/workflows/backup.yml` is protected: `forgecrew policy open --ops-repo acme/ops`',
      'At once: `forgecrew policy close --ops-repo acme/ops`',
      `${sprints} names v0.0.9, and this is v0.1.0`,
      '- With this merged:',
      'Take the merge of this pull request back',
    ])
      expect(pull?.body).toContain(part);
    const [before, after] = pull?.body.split('- With this merged:') ?? [];
    expect(before).toContain('broken');
    expect(after).toMatch(/^ \d+ ok, 0 broken, \d+ could not be checked/);
  });

  it('is merged, and doctor finds nothing', async () => {
    await older();
    await factory.upgrade();
    const [pull] = await pulls();
    await factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/mai%5Bn%5D`);
    await factory.seed.mergePull(factory.ada, factory.ops, pull?.number ?? 0);
    await factory.init();

    const { code, text, writes } = await factory.upgrade();
    const { checkup } = await factory.doctor(await factory.tokens());

    expect([code, writes]).toEqual([0, []]);
    expect(text).not.toContain('refused');
    expect(checkup.findings.filter(({ state }) => state !== 'ok')).toEqual([]);
  });

  it('takes a close without a merge for an answer, and leaves what people commit to it', async () => {
    await older();
    await factory.upgrade();
    const { sha } = await factory.ask<{ sha: string }>(
      'GET',
      `/repos/${factory.ops}/contents/${sprints}?ref=${branch}`,
    );
    await factory.ask('PUT', `/repos/${factory.ops}/contents/${sprints}`, {
      branch,
      sha,
      message: 'ours',
      content: Buffer.from('on: push\n').toString('base64'),
    });
    const meanwhile = await factory.upgrade();
    const [pull] = await pulls();
    await factory.ask('PATCH', `/repos/${factory.ops}/pulls/${pull?.number}`, { state: 'closed' });

    const after = await factory.upgrade();

    expect([meanwhile.writes, after.code, after.writes, await pulls()]).toEqual([[], 0, [], []]);
    expect(await textOn(sprints, branch)).toBe('on: push\n');
    expect(after.text).toContain('was closed without being merged; nothing is proposed again');
  });

  it('moves pins to a commit to that of the new tag, and doctor takes it for this version', async () => {
    await older();
    const { sha } = await factory.ask<{ sha: string }>('GET', '/repos/acme/forgecrew/git/commits/v0.1.0');
    const before = 'd'.repeat(40);
    await factory.rewrite((_, text) =>
      text.replace('actions/ops-filer@v0.0.9', `actions/ops-filer@${before} # v0.0.9`),
    );

    await factory.upgrade();

    expect(await textOn(sprints, branch)).toContain(`actions/ops-filer@${sha} # v0.1.0`);
    const [pull] = await pulls();
    expect(pull?.body.split('- With this merged:')[1]).toMatch(/^ \d+ ok, 0 broken/);
  });

  it('on Woodpecker changes images and folders that name a version, and says what to do on its agents', async () => {
    await older({ ci: 'woodpecker' });
    await factory.rewrite((path, text) =>
      path.startsWith('.woodpecker/')
        ? text
            .replace('/opt/forgecrew/plugins/ops-filer/ops-filer', 'reg.example/forgecrew/ops-filer:0.0.9')
            .replace('/opt/forgecrew/plugins/architect-pitch', '/opt/forgecrew-0.0.9/plugins/architect-pitch')
            .replaceAll(
              '/opt/forgecrew/plugins/vault-dispatch/vault-dispatch',
              `reg.example/forgecrew/vault-dispatch@sha256:${'c'.repeat(64)}`,
            )
        : text,
    );

    const { code, text: told } = await factory.upgrade();

    expect(code).toBe(0);
    expect(told).toContain(
      `vault-dispatch@sha256:${'c'.repeat(64)} is left as it is: the message of the tag v0.1.0 names the image by its digest`,
    );
    const { sha } = await factory.ask<{ sha: string }>('GET', '/repos/acme/forgecrew/git/commits/v0.1.0');
    expect(await textOn('.woodpecker/file-sprints.yaml', branch)).toContain(
      `a checkout of forgecrew v0.1.0 (${sha}).`,
    );
    expect(await textOn('.woodpecker/file-sprints.yaml', branch)).toContain(
      'reg.example/forgecrew/ops-filer:0.1.0',
    );
    expect(await textOn('.woodpecker/pitch.yaml', branch)).toContain('/opt/forgecrew-0.1.0/plugins/');
    const [pull] = await pulls();
    expect(pull?.body).toContain(
      'git -C /opt/forgecrew fetch --tags && git -C /opt/forgecrew checkout v0.1.0',
    );
    expect(pull?.body).toContain(
      'git -C /opt/forgecrew fetch --tags && git -C /opt/forgecrew checkout v0.0.9',
    );
  });

  it('does not say that nothing is protected where a pattern means more than it understands', async () => {
    await older();
    await factory.ask('PATCH', `/repos/${factory.ops}/branch_protections/mai%5Bn%5D`, {
      protected_file_patterns: 'vault/policy.toml;vault/formulas/**;forge*.toml',
    });

    await factory.upgrade();

    const [pull] = await pulls();
    expect(pull?.body).toContain(
      'It could not be seen which files are protected. Where these are: `forgecrew policy open',
    );
    expect(pull?.body).toContain('forgecrew policy close');
  });

  it('says that nothing is protected where that is so', async () => {
    await older();
    await factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/mai%5Bn%5D`);

    await factory.upgrade();

    const [pull] = await pulls();
    expect(pull?.body).toContain('Nothing: none of these files is protected.');
    expect(pull?.body).not.toContain('policy open');
  });

  it('tells of steps that name a branch', async () => {
    await older();
    await factory.rewrite((_, text) => text.replace('actions/ops-filer@v0.0.9', 'actions/ops-filer@main'));

    const { code, text } = await factory.upgrade();

    expect(code).toBe(0);
    expect(text).toContain('actions/ops-filer@main names no version, and is left as it is');
  });

  const inTheWay: [string, () => Promise<unknown>, Record<string, string>, string][] = [
    [
      'the tag is not there',
      () => factory.ask('DELETE', '/repos/acme/forgecrew'),
      {},
      'it has no tag v0.1.0',
    ],
    [
      'this is another version',
      async () => undefined,
      { version: '0.3.0' },
      'run the upgrade with a clone of forgecrew at the tag v0.3.0',
    ],
    [
      'the factory names no version',
      () =>
        factory.rewrite((path, text) =>
          path === 'forgecrew.toml' ? text.replace(/^version.*\n/m, '') : text,
        ),
      {},
      'forgecrew.toml: it names no version',
    ],
    [
      'the factory is newer',
      () =>
        factory.rewrite((path, text) => (path === 'forgecrew.toml' ? text.replace('0.0.9', '0.2.0') : text)),
      {},
      'the factory is at v0.2.0 already',
    ],
    [
      'forgecrew.toml cannot be read',
      () => factory.rewrite((path, text) => (path === 'forgecrew.toml' ? `${text}puase = true\n` : text)),
      {},
      'forgecrew.toml:',
    ],
  ];
  it.each(inTheWay)('asks for nothing where %s', async (_, make, given, said) => {
    await older();
    await make();

    const { code, text, writes } = await factory.upgrade(given);

    expect([code, writes]).toEqual([1, []]);
    expect(text).toContain(said);
  });
});

describe('forgecrew upgrade of the projects', () => {
  const agents = '.forgejo/workflows/agents.yml';
  const asking = '.forgejo/workflows/ask-for-a-backup.yml';
  const step = (role: string, ref = 'v0.0.9'): string =>
    `jobs:\n  a:\n    steps:\n      - uses: ${factory.forge.url}/acme/forgecrew/actions/${role}@${ref}\n`;
  const add = (repository: string, path: string, content: string): Promise<unknown> =>
    factory.ask('POST', `/repos/${repository}/contents/${path}`, {
      branch: 'main',
      message: 'm',
      content: Buffer.from(content).toString('base64'),
    });
  /** A factory of an older forgecrew with two projects, each with pipelines of its own. */
  async function withProjects(): Promise<void> {
    await older();
    await factory.ask('POST', '/orgs/acme/repos', { name: 'site', auto_init: true, default_branch: 'main' });
    await factory.rewrite((path, text) =>
      path === 'forgecrew.toml' ? text.replace('"acme/app"]', '"acme/app", "acme/site"]') : text,
    );
    await add(factory.project, agents, step('forge-agent'));
    await add('acme/site', asking, step('vault-request'));
  }
  const pullsOf = (repository: string): Promise<Pull[]> =>
    factory.ask('GET', `/repos/${repository}/pulls?state=open`);
  /** Without tokens of the accounts, which are no part of this: what could not be checked is not broken. */
  const broken = async (): Promise<string[]> => {
    const { checkup } = await factory.doctor();
    return checkup.findings.filter(({ state }) => state === 'broken').map(({ what }) => what);
  };

  it('are known by forgecrew.toml, and by the manifests of agents', async () => {
    factory = await startFactory();
    await factory.init();

    expect(await factory.text(factory.ops, 'forgecrew.toml')).toContain('projects = ["acme/app"]');
  });

  it('asks with one pull request in each, once, and says all in its plan', async () => {
    await withProjects();

    const shown = await factory.upgrade({ 'dry-run': 'true' });
    const asked = await factory.upgrade();
    const again = await factory.upgrade();

    expect([shown.code, shown.writes, asked.code, again.code, again.writes]).toEqual([0, [], 0, 0, []]);
    for (const name of [factory.ops, factory.project, 'acme/site']) {
      expect(shown.text).toContain(`of ${name}`);
      expect((await pullsOf(name)).map(({ title }) => title)).toEqual(['Move to forgecrew v0.1.0']);
    }
    for (const [name, path] of [
      [factory.project, agents],
      ['acme/site', asking],
    ] as const) {
      const { content } = await factory.ask<{ content: string }>(
        'GET',
        `/repos/${name}/contents/${path}?ref=${branch}`,
      );
      expect(Buffer.from(content, 'base64').toString('utf8')).toMatch(/@[0-9a-f]{40} # v0\.1\.0\n/);
    }
    const [[ofOps], [ofSite]] = [await pullsOf(factory.ops), await pullsOf('acme/site')];
    expect(ofOps?.body).toContain('Pipelines of acme/app, acme/site are moved by a pull request there.');
    expect(ofSite?.body).toContain(`| \`${asking}\` | 1 step names the version |`);
    expect(ofSite?.body).toContain('The factory in acme/ops has a pull request of its own.');
  });

  it('doctor names each repository that runs another version, and no longer does after the merges', async () => {
    await withProjects();
    const before = await broken();
    await factory.upgrade();

    await factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/mai%5Bn%5D`);
    for (const name of [factory.ops, factory.project, 'acme/site']) {
      const [pull] = await pullsOf(name);
      await factory.ask('POST', `/repos/${name}/pulls/${pull?.number}/merge`, { Do: 'merge' });
    }
    await factory.init();

    expect(before).toEqual(
      expect.arrayContaining([
        `${agents} of acme/app names another version, and this is v0.1.0`,
        `${asking} of acme/site names another version, and this is v0.1.0`,
        '.forgejo/workflows/backup.yml of acme/ops names another version, and this is v0.1.0',
      ]),
    );
    expect(await broken()).toEqual([]);
  });

  it('are asked although the factory itself is there already, and their no is one', async () => {
    await withProjects();
    await factory.upgrade();
    const [pull] = await pullsOf('acme/site');
    await factory.ask('PATCH', `/repos/acme/site/pulls/${pull?.number}`, { state: 'closed' });
    await factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/mai%5Bn%5D`);
    const [ofOps] = await pulls();
    await factory.seed.mergePull(factory.ada, factory.ops, ofOps?.number ?? 0);
    await factory.init();

    const { code, text, writes } = await factory.upgrade();

    expect([code, writes]).toEqual([0, []]);
    expect(text).toContain('every step of acme/ops names v0.1.0');
    expect(text).toContain('was closed without being merged; nothing is proposed again');
    expect(await broken()).toEqual([
      `${agents} of acme/app names another version, and this is v0.1.0`,
      `${asking} of acme/site names another version, and this is v0.1.0`,
    ]);
  });

  it('one that could not be looked at is said, ends red, and holds up nothing else', async () => {
    await withProjects();
    await factory.ask('DELETE', '/repos/acme/site');

    const { code, text } = await factory.upgrade();
    const { checkup } = await factory.doctor();

    expect(code).toBe(1);
    expect(text).toContain('acme/site: it could not be looked at, so its pipelines stay as they are');
    expect(checkup.findings.find(({ id }) => id === 'pins.acme/site')).toMatchObject({ state: 'unknown' });
    for (const name of [factory.ops, factory.project]) expect(await pullsOf(name)).toHaveLength(1);
  });

  it('is not asked from a branch that somebody made before, with more in it', async () => {
    await withProjects();
    await factory.seed.putFile(factory.ada, factory.project, 'mine.sh', 'exit 1\n', {
      from: 'main',
      name: branch,
    });

    const { code, text } = await factory.upgrade();

    expect(code).toBe(1);
    expect(text).toContain(`acme/app: ${branch}: this branch is there already and changes mine.sh`);
    expect(await pullsOf(factory.project)).toEqual([]);
    expect(await pullsOf('acme/site')).toHaveLength(1);
  });

  it('nothing is asked of them where the factory itself cannot be moved', async () => {
    await withProjects();
    await factory.ask('DELETE', '/repos/acme/forgecrew');

    const { writes } = await factory.upgrade();

    expect(writes).toEqual([]);
  });
});

describe('migrations of an upgrade', () => {
  const rename = (to: string, from: string, into: string): Migration => ({
    to,
    does: `\`${from}\` of forgecrew.toml is called \`${into}\``,
    back: to === '0.1.0' ? `Name it \`${from}\` again` : null,
    change: (texts) => new Map([['forgecrew.toml', (texts.get('forgecrew.toml') ?? '').replace(from, into)]]),
  });

  it('are done in the order of their versions, from that of the factory to the new one', async () => {
    await older({}, '0.0.5');
    const all = [
      rename('0.1.0', '"two"', '"three"'),
      rename('0.0.5', '"filer"', '"zero"'),
      rename('0.2.0', '"three"', '"four"'),
      rename('0.0.7', '"filer"', '"two"'),
    ];

    const { code } = await factory.upgrade({}, all);

    // "filer" is no bot any more, which holds now: so that is refused.
    expect(code).toBe(1);
    expect(onTheWay(all, '0.0.5', '0.1.0').map(({ to }) => to)).toEqual(['0.0.7', '0.1.0']);
  });

  it('are told in the pull request, with what has to be done to go back', async () => {
    await older({}, '0.0.5');
    const comment = (to: string): Migration => ({
      to,
      does: `a line for ${to}`,
      back: to === '0.1.0' ? 'Take the line out again.' : null,
      change: (texts) => new Map([['forgecrew.toml', `${texts.get('forgecrew.toml') ?? ''}# ${to}\n`]]),
    });

    const { code } = await factory.upgrade({}, [comment('0.1.0'), comment('0.0.7'), comment('0.0.4')]);

    expect(code).toBe(0);
    expect(await textOn('forgecrew.toml', branch)).toMatch(/# 0\.0\.7\n# 0\.1\.0\n$/);
    const [pull] = await pulls();
    expect(pull?.body).toContain('- v0.0.7: a line for 0.0.7\n- v0.1.0: a line for 0.1.0');
    expect(pull?.body).toContain('- Take the line out again.');
  });

  it('may not break what holds', async () => {
    await older();

    const { code, text, writes } = await factory.upgrade({}, [
      {
        to: '0.1.0',
        does: 'nothing good',
        back: null,
        change: () => new Map([['vault/policy.toml', '[tiers]\nbackup = "tiny"\n']]),
      },
    ]);

    expect([code, writes]).toEqual([1, []]);
    expect(text).toContain(
      'with v0.1.0 something would break that holds now: vault/policy.toml cannot be read',
    );
  });
});
