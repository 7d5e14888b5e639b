import { afterEach, describe, expect, it } from 'vitest';
import { vaultRequest } from '../../actions/vault-request/role.ts';
import { runRole } from '../../core/run.ts';
import { deepYaml, pushOdd, strangerAt } from '../denial.ts';
import { pitchText, startPitching } from '../pitching.ts';
import { entries, sprintDocument, startStory } from '../story.ts';
import { actionText, startVault } from '../vault.ts';

// The same for the roles beside the vault's own: one hostile thing of each kind, and the others are served.

let opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of opened.splice(0)) await item.close();
  opened = [];
});
async function using<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  opened.push(started);
  return started;
}

describe('ops-filer files what stands beside', () => {
  const unknown = Array.from({ length: 4000 }, (_, index) => `  k${index}: 1\n`).join('');

  it.each<[string, (vision: number) => string, string]>([
    [
      'YAML that is 700 maps deep',
      (vision) => sprintDocument(vision, deepYaml(700)),
      'things inside each other',
    ],
    [
      '4,000 unknown keys',
      (vision) => sprintDocument(vision, `${entries('evil').trimEnd()}\n${unknown}`),
      'k0',
    ],
    [
      'aliases that repeat each other',
      (vision) =>
        sprintDocument(
          vision,
          `- &a [x, x]\n${Array.from({ length: 30 }, (_, index) => `- &a${index} [*a, *a]\n`).join('')}`,
        ),
      'evil.md:',
    ],
    [
      'a row of ten thousand brackets',
      (vision) => sprintDocument(vision, '['.repeat(10_000)),
      'things inside each other',
    ],
  ])('a document of %s', async (_, text, said) => {
    const story = await using(startStory());
    story.document('a-good.md', sprintDocument(story.vision, entries('a')));
    story.document('evil.md', text(await other(story)));
    story.document('z-good.md', sprintDocument(await other(story), entries('z')));

    const { code, text: log } = await story.run();

    expect((await story.issues()).map(({ title }) => title)).toEqual(
      expect.arrayContaining(['Title of a', 'Title of z']),
    );
    // It was merged, so somebody has to mend it.
    expect(code).toBe(1);
    expect(log).toContain('sprints/evil.md:');
    expect(log).toContain(said);
  });

  /** Another vision. */
  function other(story: Awaited<ReturnType<typeof startStory>>): Promise<number> {
    return story.seed.createIssue(story.owner, story.project, {
      title: 'Another goal',
      body: 'Why.',
      labels: [story.labels.vision ?? 0],
    });
  }

  it('a vision of somebody who blocks it: the others are closed, and the log says which is not', async () => {
    const story = await using(startStory());
    const stranger = await strangerAt({ seed: story.seed, repository: story.project });
    const theirs = await story.seed.createIssue(stranger.person, story.project, { title: 'Mine' });
    await story.seed.api('POST', `/repos/${story.project}/issues/${theirs}/labels`, {
      labels: [story.labels.vision],
    });
    story.document('a.md', sprintDocument(theirs, entries('a')));
    story.document('b.md', sprintDocument(story.vision, entries('b')));
    await story.run();
    for (const { number, author } of await story.issues())
      if (author === 'filer') await story.seed.closeIssue(story.owner, story.project, number);
    await story.seed.api('PUT', `/user/block/${story.filer.login}`, undefined, stranger.person.token);

    const { code, text } = await story.run();

    expect(code).toBe(0);
    expect(text).toContain(
      `all declared entries of vision #${theirs} are closed, and the forge does not let our account say so there`,
    );
    const states = new Map((await story.issues()).map(({ number, state }) => [number, state]));
    expect([states.get(theirs), states.get(story.vision)]).toEqual(['open', 'closed']);
  });
});

describe('architect-pitch pitches what stands beside', () => {
  it('documents that are symbolic links, submodules, very deep or very large', async () => {
    const forge = await using(startPitching());
    const vision = await forge.vision('A goal');
    await pushOdd({ url: forge.forge.url, by: forge.owner, repository: forge.ops }, 'odd', {
      links: { 'sprints/link.md': '/etc/passwd' },
      submodules: ['sprints/module.md'],
      files: {
        '.gitmodules': '[submodule "x\n',
        'sprints/deep.md': sprintDocument(900, deepYaml(700)),
        'sprints/large.md': '<'.repeat(1_100_000),
      },
    });
    const pull = await forge.seed.openPull(forge.owner, forge.ops, {
      head: 'odd',
      base: 'main',
      title: 'odd',
      body: '',
    });
    await forge.seed.mergePull(forge.owner, forge.ops, pull);

    const { code, text } = await forge.run({}, () => pitchText(vision));

    expect(code).toBe(0);
    for (const name of ['link', 'module'])
      expect(text).toContain(`sprints/${name}.md is not read, and the visions it names are not known`);
    expect(text).toContain('sprints/large.md is not read');
    expect((await forge.pulls()).map(({ head }) => head.label)).toContain(
      `architect/sprint-vision-${vision}`,
    );
  });

  it('two hundred pull requests that a stranger opened and closed, which cost no call', async () => {
    const forge = await using(startPitching());
    await forge.pitched();
    await forge.run();
    const second = await forge.vision('Another');
    const alone = (await forge.run({ PLUGIN_DRY_RUN: 'true' })).calls.length;
    const stranger = await strangerAt({ seed: forge.seed, repository: forge.ops }, 'mallory');
    let pull = await stranger.propose('architect/sprint-vision-9', { 'sprints/evil.md': 'x' });
    for (let index = 0; index < 200; index += 1) {
      await forge.seed.api(
        'PATCH',
        `/repos/${forge.ops}/pulls/${pull}`,
        { state: 'closed' },
        stranger.person.token,
      );
      if (index < 199)
        pull = await forge.seed.openPull(stranger.person, forge.ops, {
          head: 'mallory:architect/sprint-vision-9',
          base: 'main',
          title: 'x',
          body: '',
        });
    }
    const idle = await forge.run({ PLUGIN_DRY_RUN: 'true' });
    const { code } = await forge.run({}, () => pitchText(second));

    expect(idle.calls.length).toBe(alone);
    expect(code).toBe(0);
    expect((await forge.pulls()).map(({ head }) => head.label)).toContain(
      `architect/sprint-vision-${second}`,
    );
  });
});

describe('vault-request asks although', () => {
  it.each<[string, Record<string, string>]>([
    [
      'a folder stands where a stranger’s pull request has the action',
      { 'vault/actions/backup-1.toml/x': 'y' },
    ],
    ['a stranger asks for something unreadable', { 'vault/actions/backup-1.toml': 'a=[1#' }],
  ])('%s', async (_, files) => {
    const vault = await using(startVault());
    const stranger = await strangerAt({ seed: vault.seed, repository: vault.ops });
    await stranger.propose('vault/backup-1', files);
    const agent = await vault.seed.createUser('agent', ['write:repository', 'read:issue', 'read:user']);
    const lines: string[] = [];

    const code = await runRole(vaultRequest, {
      environment: {
        CI: 'woodpecker',
        CI_FORGE_URL: vault.forge.url,
        CI_REPO: 'owner/project',
        CI_PIPELINE_EVENT: 'push',
        PLUGIN_OPS_REPO: vault.ops,
        PLUGIN_FORGE_TOKEN: agent.token,
        PLUGIN_ID: 'backup-1',
        PLUGIN_ACTION: actionText(),
      },
      args: [],
      workingDirectory: '/',
      print: (line) => lines.push(line),
      now: () => new Date(),
      pause: async () => undefined,
    });

    expect(lines.join('\n')).not.toContain('Stopped');
    expect(code).toBe(0);
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls?state=open`);
    expect((body as { user: { login: string } }[]).map(({ user }) => user.login).sort()).toEqual([
      'agent',
      'stranger',
    ]);
  });
});
