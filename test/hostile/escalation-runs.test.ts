import { afterEach, describe, expect, it } from 'vitest';
import type { EmbeddedWoodpecker } from '../../embedded-woodpecker/main.ts';
import { startTestWoodpecker } from '../embedded.ts';
import { deployText, type Escalating, policyText, startEscalating } from '../escalating.ts';

let crew: Escalating;
let woodpecker: EmbeddedWoodpecker | undefined;
afterEach(async () => {
  await crew.close();
  await woodpecker?.close();
  woodpecker = undefined;
});

const idOf = (body: string | undefined): string => /Proposal `([^`]+)`/.exec(body ?? '')?.[1] ?? '';
const onRelease = {
  type: 'ci-run',
  payload: { ref: 'release', workflow: 'deploy.yml', inputs: { target: 'x' } },
};

describe('a run on Forgejo', () => {
  it('is refused where its branch no longer contains the commit that was shown', async () => {
    crew = await startEscalating(
      policyText.replace(
        'workflows = ["deploy.yml"]\nbranches = ["main"]',
        'workflows = ["deploy.yml"]\nbranches = ["release"]',
      ),
    );
    await crew.seed.putFile(crew.owner, crew.project, 'z.md', 'z', { from: 'main', name: 'release' });
    const [proposal] = await crew.proposed(onRelease);
    const own = (method: string, path: string, body?: unknown) =>
      crew.seed.api(method, `/repos/${crew.project}${path}`, body, crew.owner.token);
    await own('DELETE', '/branches/release');
    await own('POST', '/branches', { new_branch_name: 'release', old_ref_name: 'main' });
    await crew.react(crew.bob, proposal?.id ?? 0);

    await crew.run();

    expect(await crew.record(`decided/${idOf(proposal?.body)}.json`)).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('no longer contains'),
    });
    expect(await crew.runs()).toEqual([]);
  });

  it('of an unknown outcome is found again by its nonce', async () => {
    crew = await startEscalating();
    const [proposal] = await crew.proposed({
      type: 'ci-run',
      payload: { ref: 'main', workflow: 'deploy.yml', inputs: { target: 'x' } },
    });
    await crew.react(crew.bob, proposal?.id ?? 0);
    await crew.run();
    const id = idOf(proposal?.body);
    const outcome = await crew.record<{ number: number; url: string; answer: string }>(`outcomes/${id}.json`);
    const [run] = await crew.runs();

    expect(outcome).toMatchObject({ kind: 'done', number: run?.id });
    expect(run?.inputs.nonce).toBe((await crew.record<{ nonce: string }>(`decided/${id}.json`))?.nonce);
  });
});

describe('a run on Woodpecker', () => {
  const policy = `[ci-run]
repositories = ["owner/project"]
backend = "woodpecker-pipeline"
workflows = ["deploy", "check"]
branches = ["main"]
`;
  const manual = 'when:\n  - event: manual\nsteps:\n  - name: x\n    image: bash\n    commands: [echo]\n';
  const ask = { type: 'ci-run', payload: { ref: 'main', inputs: { target: 'x' } } };
  let settings: Record<string, string>;

  async function start(more: Record<string, string> = {}): Promise<string> {
    crew = await startEscalating(policy);
    let head = '';
    for (const [name, text] of Object.entries({
      deploy: manual,
      check: manual,
      push: manual.replace('manual', 'push'),
      ...more,
    }))
      head = await crew.seed.putFile(crew.owner, crew.project, `.woodpecker/${name}.yaml`, text);
    woodpecker = await startTestWoodpecker({
      users: [{ login: 'crew', token: 'wp' }],
      repositories: [
        { id: 1, name: crew.project, commit: head, workflows: ['deploy', 'check'], pushers: ['crew'] },
      ],
      now: crew.now,
    });
    settings = { PLUGIN_WOODPECKER_URL: woodpecker.url, PLUGIN_WOODPECKER_TOKEN: 'wp' };
    return head;
  }
  const propose = async (): Promise<{ id: number; body: string } | undefined> => {
    await crew.say(crew.ada, '/crew please');
    await crew.run(`<action type="${ask.type}">${JSON.stringify(ask.payload)}</action>`, settings);
    crew.later();
    return (await crew.proposals())[0];
  };
  const lastWord = async (): Promise<string> => (await crew.comments()).at(-1)?.body ?? '';

  it('names every workflow that starts, and starts them at the commit that was shown', async () => {
    const head = await start();
    const proposal = await propose();
    expect(proposal?.body).toContain('- Workflow: `check`\n- Workflow: `deploy`');
    expect(proposal?.body).not.toContain('`push`');
    await crew.react(crew.bob, proposal?.id ?? 0);

    await crew.run('', settings);

    expect(woodpecker?.pipelines).toMatchObject([
      { branch: 'main', commit: head, variables: { target: 'x', nonce: expect.any(String) } },
    ]);
    expect(await crew.record(`outcomes/${idOf(proposal?.body)}.json`)).toMatchObject({
      kind: 'done',
      number: 1,
    });
  });

  it('is refused where another workflow would start that policy does not name', async () => {
    await start({ wipe: manual });
    expect(await propose()).toBeUndefined();
    expect(await lastWord()).toContain(
      'these workflows would start as well, and policy does not name them: wipe',
    );
  });

  it('is refused in a repository in which a formula of the vault runs', async () => {
    await start();
    await crew.seed.putFile(
      crew.owner,
      crew.ops,
      'vault/formulas/backup.toml',
      'description = "x"\nsecrets = []\ntimeout_minutes = 5\n[run]\nbackend = "woodpecker-pipeline"\nrepo = "owner/project"\nworkflow = "backup"\n',
    );
    expect(await propose()).toBeUndefined();
    expect(await lastWord()).toContain('has workflows that formulas of the vault name');
  });

  it('is refused where the branch has moved since', async () => {
    await start();
    const proposal = await propose();
    await crew.seed.putFile(crew.owner, crew.project, 'moved.md', deployText);
    await crew.react(crew.bob, proposal?.id ?? 0);

    await crew.run('', settings);

    expect(await crew.record(`decided/${idOf(proposal?.body)}.json`)).toMatchObject({ kind: 'refused' });
    expect(woodpecker?.pipelines).toEqual([]);
  });

  it('of another commit than the one that was shown is cancelled, and failed', async () => {
    await start();
    const proposal = await propose();
    await crew.react(crew.bob, proposal?.id ?? 0);
    await woodpecker?.close();
    woodpecker = await startTestWoodpecker({
      users: [{ login: 'crew', token: 'wp' }],
      repositories: [
        {
          id: 1,
          name: crew.project,
          commit: 'f'.repeat(40),
          workflows: ['deploy', 'check'],
          pushers: ['crew'],
        },
      ],
      now: crew.now,
    });

    await crew.run('', { ...settings, PLUGIN_WOODPECKER_URL: woodpecker.url });

    expect(woodpecker.pipelines.map(({ status }) => status)).toEqual(['killed']);
    expect(await crew.record(`outcomes/${idOf(proposal?.body)}.json`)).toMatchObject({
      kind: 'failed',
      answer: expect.stringContaining('so it was cancelled'),
    });
  });
});
