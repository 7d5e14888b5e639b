import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deepYaml, hostileToml, hugeComment, pushOdd, type Stranger, strangerAt } from '../denial.ts';
import { type Rewrite, startFaultProxy } from '../faults/proxy.ts';
import { actionText, startVault, type Vault } from '../vault.ts';

// One hostile thing of each kind beside good ones: the good ones are served, and the run says which was left out and why.

let vault: Vault;
let stranger: Stranger;
beforeEach(async () => {
  vault = await startVault();
  stranger = await strangerAt({ seed: vault.seed, repository: vault.ops });
});
afterEach(() => vault.close());

const formulaWith = (pattern: string): string =>
  `description = "d"\nsecrets = []\ntimeout_minutes = 1\n[inputs.name]\npattern = '${pattern}'\n[run]\nbackend = "forgejo-workflow"\nworkflow = "backup.yml"\n`;

async function commentsOn(pull: number): Promise<string[]> {
  const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${pull}/comments`);
  return (body as { body: string; user: { login: string } }[])
    .filter(({ user }) => user.login === vault.dispatcher.login)
    .map(({ body: text }) => text);
}

async function isMerged(pull: number): Promise<boolean> {
  const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}`);
  return (body as { merged: boolean }).merged;
}

async function runWith(
  rewrite: Rewrite,
  more: Record<string, string>,
): Promise<{ code: number; text: string }> {
  const proxy = await startFaultProxy(vault.forge.url, undefined, rewrite);
  try {
    return await vault.run({ CI_FORGE_URL: proxy.url, ...more });
  } finally {
    await proxy.close();
  }
}

describe('a review of open pull requests serves the others beside', () => {
  /** What somebody does; where it is told, on its own pull request (`comment`) or in the log alone (`log`). */
  interface Hostile {
    pull: number;
    comment?: string;
    log?: string;
    rewrite?: Rewrite;
    /** Whether it asks for something that is served all the same. */
    isServed?: boolean;
  }
  const odd = async (given: Parameters<typeof pushOdd>[2]): Promise<number> => {
    await pushOdd({ url: vault.forge.url, by: vault.asker, repository: vault.ops }, 'evil', given);
    return vault.seed.openPull(vault.asker, vault.ops, {
      head: 'evil',
      base: 'main',
      title: 'evil',
      body: '',
    });
  };
  const action = (): Promise<number> =>
    stranger.propose('evil', { 'vault/actions/evil-1.toml': actionText() });

  const kinds: [string, () => Promise<Hostile>][] = [
    ...hostileToml.map(([name, text, said]): [string, () => Promise<Hostile>] => [
      `an action of ${name}`,
      async () => ({
        pull: await stranger.propose('evil', { 'vault/actions/evil-1.toml': text }),
        comment: said,
      }),
    ]),
    ...hostileToml.map(([name, text, said]): [string, () => Promise<Hostile>] => [
      `a formula of ${name}`,
      async () => ({
        pull: await stranger.propose('evil', { 'vault/formulas/evil.toml': text }),
        comment: said,
      }),
    ]),
    ...['[z-a]', '(a+)+$'].map((pattern): [string, () => Promise<Hostile>] => [
      `a formula with the pattern ${pattern}`,
      async () => ({
        pull: await stranger.propose('evil', { 'vault/formulas/evil.toml': formulaWith(pattern) }),
        comment: 'inputs.name.pattern',
      }),
    ]),
    [
      'a review that is never submitted',
      async () => {
        const pull = await action();
        await vault.seed.api(
          'POST',
          `/repos/${vault.ops}/pulls/${pull}/reviews`,
          { body: 'hm' },
          vault.ada.token,
        );
        return { pull, comment: '0 of 1 approvals', isServed: true };
      },
    ],
    [
      'more reviews than are looked through',
      async () => {
        const pull = await action();
        return {
          pull,
          log: `#${pull} of owner/ops has 600 reviews; at most 500 are looked through`,
          rewrite: (_, request) =>
            request.includes(`/pulls/${pull}/reviews`)
              ? { status: 200, body: [], headers: { 'x-total-count': '600' } }
              : undefined,
        };
      },
    ],
    [
      'a fork that is gone, whose files make the forge fail for ever',
      async () => {
        const pull = await action();
        return {
          pull,
          comment: 'its fork may be gone',
          isServed: true,
          rewrite: (_, request) =>
            request.includes(`/pulls/${pull}/files`) ? { status: 500, body: { message: '' } } : undefined,
        };
      },
    ],
    [
      'a comment that is larger than is read',
      async () => {
        const pull = await action();
        const posted = await fetch(`${vault.forge.url}/api/v1/repos/${vault.ops}/issues/${pull}/comments`, {
          method: 'POST',
          headers: {
            authorization: `token ${stranger.person.token}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ body: hugeComment }),
        });
        // The forge repeats it in its answer, which nobody needs.
        await posted.body?.cancel();
        expect(posted.status).toBe(201);
        return { pull, log: 'Somebody put something very large there' };
      },
    ],
    [
      'an action that became a symlink',
      async () => ({
        pull: await odd({ links: { 'vault/actions/evil-1.toml': '/etc/passwd' } }),
        comment: 'is no ordinary file',
      }),
    ],
    [
      'a formula that became a symlink, which the forge lists twice',
      async () => ({
        pull: await odd({ links: { 'vault/formulas/wipe.toml': 'backup.toml' } }),
        comment: 'is no ordinary file',
      }),
    ],
    [
      'a submodule in the place of an action, and a .gitmodules that is none',
      async () => ({
        pull: await odd({
          files: { '.gitmodules': '[submodule "x\n\tpath = \u0000' },
          submodules: ['vault/actions/evil-1.toml'],
        }),
        comment: 'is no ordinary file',
      }),
    ],
    [
      'somebody who blocks the dispatcher',
      async () => {
        const pull = await action();
        await vault.seed.api(
          'PUT',
          `/user/block/${vault.dispatcher.login}`,
          undefined,
          stranger.person.token,
        );
        return { pull, log: `nothing is said on #${pull}` };
      },
    ],
    [
      'more actions at once than are looked at',
      async () => ({
        pull: await stranger.propose(
          'evil',
          Object.fromEntries(
            Array.from({ length: 21 }, (_, index) => [`vault/actions/evil-${index}.toml`, actionText()]),
          ),
        ),
        log: 'it asks for 21 actions at once',
      }),
    ],
    [
      'more open pull requests than are looked at',
      async () => {
        const pulls: number[] = [];
        for (let index = 0; index < 12; index += 1)
          pulls.push(
            await stranger.propose(`evil-${index}`, {
              [`vault/actions/evil-${index}.toml`]: actionText(),
            }),
          );
        return {
          pull: pulls.at(-1) ?? 0,
          log: '2 more open pull requests of stranger are not looked at',
        };
      },
    ],
    [
      'a formula that runs a workflow of the stranger’s own, 700 maps deep',
      async () => {
        const own = await vault.seed.createRepository(stranger.person, 'own');
        await vault.seed.putFile(stranger.person, own, '.forgejo/workflows/x.yml', deepYaml(700));
        return {
          pull: await stranger.propose('evil', {
            'vault/formulas/evil.toml': `description = "d"\nsecrets = []\ntimeout_minutes = 1\n[run]\nbackend = "forgejo-workflow"\nrepo = "${own}"\nworkflow = "x.yml"\n`,
          }),
          comment: 'its workflow is in another repository',
          isServed: true,
        };
      },
    ],
  ];

  it.each(kinds)('%s', async (_, plant) => {
    const before = await vault.ask('good-1');
    const { pull, comment, log, rewrite = () => undefined } = await plant();
    const after = await vault.ask('good-2');

    const { code, text } = await runWith(rewrite, { PLUGIN_MODE: 'review' });

    expect(code).toBe(0);
    expect(text).toContain(`#${before} (good-1): pending async review`);
    expect(text).toContain(`#${after} (good-2): pending async review`);
    for (const number of [before, after])
      expect((await commentsOn(number)).join()).toContain('0 of 1 approvals');
    if (comment !== undefined) {
      expect(text).toMatch(new RegExp(`#${pull} \\(`));
      expect((await commentsOn(pull)).join('\n')).toContain(comment);
    }
    if (log !== undefined) {
      expect(text).toContain(log);
      const told = vault.forge.requests.filter(
        ({ path, status, as }) =>
          as === vault.dispatcher.login && path.endsWith(`/issues/${pull}/comments`) && status === 201,
      );
      expect(told).toEqual([]);
    }
  });

  it('all of them at once, and ten good ones are merged that nobody has to look at', async () => {
    const good: number[] = [];
    for (let index = 0; index < 5; index += 1)
      good.push(await vault.ask(`good-${index}`, actionText('cleanup')));
    const rewrites: Rewrite[] = [];
    // The comment that is larger than is read takes a second by itself.
    for (const [index, [name, plant]] of kinds.entries()) {
      if (name.includes('larger than is read')) continue;
      // Each of them by somebody else, from a branch of its own.
      stranger = await strangerAt({ seed: vault.seed, repository: vault.ops }, `stranger-${index}`);
      const { rewrite } = await plant().catch((error: Error) => {
        if (!error.message.includes('evil')) throw error;
        return { rewrite: undefined };
      });
      if (rewrite !== undefined) rewrites.push(rewrite);
    }
    for (let index = 5; index < 10; index += 1)
      good.push(await vault.ask(`good-${index}`, actionText('cleanup')));

    const { code, text } = await runWith(
      (call, request) =>
        rewrites.map((rewrite) => rewrite(call, request)).find((answer) => answer !== undefined),
      { PLUGIN_MODE: 'review', PLUGIN_LOW_TIER: 'auto-merge' },
    );

    expect(text).not.toContain('Stopped');
    expect(code).toBe(0);
    for (const number of good) expect(await isMerged(number)).toBe(true);
    expect(await vault.runs()).toEqual([]);
  });

  it('sixty pull requests that were opened and closed again, more than a page of them, which cost no call', async () => {
    const good = await vault.ask('good-1');
    await vault.run({ PLUGIN_MODE: 'review' });
    const alone = (await vault.run({ PLUGIN_MODE: 'review' })).calls.length;
    const branch = { head: 'stranger:evil', base: 'main', title: 'x', body: '' };
    const first = await stranger.propose('evil', { 'vault/actions/evil-1.toml': actionText() });
    for (let index = 0, pull = first; index < 60; index += 1) {
      await vault.seed.api(
        'PATCH',
        `/repos/${vault.ops}/pulls/${pull}`,
        { state: 'closed' },
        stranger.person.token,
      );
      if (index < 59) pull = await vault.seed.openPull(stranger.person, vault.ops, branch);
    }

    const { code, text, calls } = await vault.run({ PLUGIN_MODE: 'review' });

    expect(code).toBe(0);
    expect(text).toContain(`#${good} (good-1): pending async review`);
    expect(calls).toHaveLength(alone);
  });
});

describe('a dispatch starts the others beside', () => {
  const started = async (): Promise<string[]> =>
    (await vault.runs()).map(({ inputs }) => inputs.action ?? '').sort();

  it.each<[string, () => Promise<void>, string]>([
    ...hostileToml.map(([name, text, said]): [string, () => Promise<void>, string] => [
      `an action of ${name}`,
      async () => {
        const pull = await stranger.propose('evil', { 'vault/actions/evil-1.toml': text });
        await vault.seed.mergePull(vault.owner, vault.ops, pull);
      },
      said,
    ]),
    [
      'an action that became a symlink, and one that is a submodule',
      async () => {
        await pushOdd({ url: vault.forge.url, by: vault.asker, repository: vault.ops }, 'evil', {
          links: { 'vault/actions/evil-1.toml': '/etc/passwd' },
          submodules: ['vault/actions/evil-2.toml'],
          files: { '.gitmodules': '[submodule "x\n' },
        });
        const pull = await vault.seed.openPull(vault.asker, vault.ops, {
          head: 'evil',
          base: 'main',
          title: 'x',
          body: '',
        });
        await vault.seed.mergePull(vault.owner, vault.ops, pull);
      },
      'vault/actions/evil-2.toml: is no ordinary file',
    ],
    ...[
      ['[z-a]', 'inputs.name.pattern'],
      ['[a-z]{0,999}[a-z]{0,999}[a-z]{0,999}', 'input name: does not match'],
    ].map(([pattern = '', said = '']): [string, () => Promise<void>, string] => [
      `a formula with the pattern ${pattern}`,
      async () => {
        await vault.opened(() =>
          vault.seed.putFile(vault.owner, vault.ops, 'vault/formulas/evil.toml', formulaWith(pattern)),
        );
        await vault.approved(
          'evil-1',
          `formula = "evil"\ncontext = "c"\nsecrets = []\n[inputs]\nname = "${'a'.repeat(3900)}!"\n`,
        );
      },
      said,
    ]),
    [
      'a workflow that is 700 maps deep',
      async () => {
        const formula = formulaWith('a').replace('backup.yml', 'evil.yml');
        await vault.opened(async () => {
          await vault.seed.putFile(vault.owner, vault.ops, 'vault/formulas/evil.toml', formula);
          await vault.seed.putFile(vault.owner, vault.ops, '.forgejo/workflows/evil.yml', deepYaml(700));
        });
        await vault.approved('evil-1', 'formula = "evil"\ncontext = "c"\nsecrets = []\n');
      },
      'workflow .forgejo/workflows/evil.yml cannot be read as YAML',
    ],
  ])('%s', async (_, plant, said) => {
    await vault.approved('good-1');
    await plant();
    await vault.approved('good-2');

    const { code, text } = await vault.run();

    expect(await started()).toEqual(['good-1', 'good-2']);
    // Somebody merged it, so somebody has to mend it.
    expect(code).toBe(1);
    expect(text).toContain('evil');
    expect(text).toContain(said);
  });

  it('eleven low actions of one person, of which none is started', async () => {
    await vault.approved('good-1');
    for (let index = 0; index < 11; index += 1) {
      const pull = await stranger.propose(`evil-${index}`, {
        [`vault/actions/evil-${index}.toml`]: actionText('cleanup'),
      });
      await vault.seed.mergePull(vault.owner, vault.ops, pull);
    }
    const low = await vault.ask('good-2', actionText('cleanup'));
    await vault.seed.mergePull(vault.owner, vault.ops, low);

    const { code, text } = await vault.run();

    expect(await started()).toEqual(['good-1', 'good-2']);
    expect(code).toBe(1);
    expect(text).toContain(
      '11 actions that stranger asked for are ready, which is more than max-dispatches (10)',
    );
  });

  it('one whose fork is gone, and it is started as well: its commits were merged', async () => {
    const pull = await stranger.propose('evil', { 'vault/actions/forked-1.toml': actionText() });
    await vault.approve(vault.ada, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);
    await vault.approved('good-1');
    const { status } = await vault.seed.api(
      'DELETE',
      '/repos/stranger/ops',
      undefined,
      stranger.person.token,
    );
    expect(status).toBe(204);

    const { code } = await vault.run();

    expect(code).toBe(0);
    expect(await started()).toEqual(['forked-1', 'good-1']);
  });

  it('one of somebody who blocks the dispatcher: it runs, is on record, and the log says what nobody was told', async () => {
    const pull = await stranger.propose('evil', { 'vault/actions/blocked-1.toml': actionText() });
    await vault.approve(vault.ada, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);
    const good = await vault.approved('good-1');
    await vault.seed.api('PUT', `/user/block/${vault.dispatcher.login}`, undefined, stranger.person.token);

    const { code, text } = await vault.run();

    expect(code).toBe(0);
    expect(text).toContain(`declined: comment on #${pull}`);
    expect(await vault.record('blocked-1')).toMatchObject({ run: { id: expect.any(Number) } });
    expect((await commentsOn(good)).join()).toContain('runs as run');
    expect(await started()).toEqual(['blocked-1', 'good-1']);
  });

  it('one of which the forge cannot say what was said on it: it waits until somebody mends that', async () => {
    const pull = await vault.approved('evil-1');
    await vault.approved('good-1');

    const { code, text } = await runWith(
      (_, request) =>
        request.includes(`/issues/${pull}/timeline`) ? { status: 200, body: { not: 'a list' } } : undefined,
      {},
    );

    expect(code).toBe(1);
    expect(text).toContain('vault/actions/evil-1.toml: GET /repos/owner/ops/issues/1/timeline');
    expect(await started()).toEqual(['good-1']);
    expect(await vault.rejected('evil-1')).toBeUndefined();
  });
});
