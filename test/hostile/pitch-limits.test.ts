import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limitReached } from '../../actions/architect-pitch/costs.ts';
import type { Live, PitchSettings } from '../../actions/architect-pitch/state.ts';
import { type EngineSettings, mostCostOf } from '../../core/model/settings.ts';
import { type Pitching, pitchText, type Ran, startPitching, wellBehaved } from '../pitching.ts';

let forge: Pitching;
beforeEach(async () => {
  forge = await startPitching();
});
afterEach(() => forge.close());

describe('what is not pitched, and what is not paid for', () => {
  it('never more than three at once, the most wanted first, and one more when one is decided', async () => {
    const visions: number[] = [];
    for (const name of ['a', 'b', 'c', 'd']) visions.push(await forge.vision(name));
    await forge.seed.createIssue(forge.owner, forge.project, { title: 'x', body: `needs #${visions[3]}` });

    const first = await forge.run();
    const second = await forge.run();
    await forge.say(forge.ada, 1, 'REJECT: no');
    const third = await forge.run();

    expect(first.code).toBe(0);
    expect((await forge.pulls()).map(({ head }) => head.label)).toEqual(
      [visions[3], visions[0], visions[1], visions[2]].map((vision) => `architect/sprint-vision-${vision}`),
    );
    expect(second.writes).toEqual([]);
    expect(second.text).toContain(`vision #${visions[2]} waits: 3 pitches are open`);
    expect(third.code).toBe(0);
  });

  it.each([
    [
      'in progress',
      async (vision: number) => {
        await forge.seed.api('POST', `/repos/${forge.project}/issues/${vision}/labels`, {
          labels: [forge.labels['in-progress']],
        });
      },
      'it is labelled in-progress',
    ],
    [
      'of which there is a document, with or without a filer block',
      async (vision: number) => {
        await forge.seed.putFile(
          forge.owner,
          forge.ops,
          'sprints/old.md',
          `# Old\n\n## Vision issues\n- #${vision} — x\n`,
        );
      },
      'sprints/old.md is about it',
    ],
    [
      'of which a sub-issue is open',
      async (vision: number) => {
        await forge.seed.createIssue(forge.owner, forge.project, {
          title: 's',
          body: `Decomposed from #${vision}\n`,
        });
      },
      'is an open part of it',
    ],
  ])('nothing that is %s', async (_, arrange, message) => {
    const vision = await forge.vision('A goal');
    await arrange(vision);

    const { code, text, writes } = await forge.run({ PLUGIN_FILER_LOGIN: 'owner' }, () => {
      throw new Error('a model was asked');
    });

    expect(code).toBe(0);
    expect(text).toContain(message);
    expect(text).toContain('no model was asked');
    expect(writes).toEqual([]);
  });

  it('what a former identity proposed is not pitched again, and takes room while it is open', async () => {
    const first = await forge.vision('The first');
    const second = await forge.vision('The second');
    await forge.seed.api('POST', `/repos/${forge.ops}/forks`, {}, forge.stranger.token);
    await forge.seed.putFile(forge.stranger, 'stranger/ops', 'sprints/x.md', pitchText(first), {
      from: 'main',
      name: 'architect/first',
    });
    await forge.seed.openPull(forge.stranger, forge.ops, {
      base: 'main',
      head: 'stranger:architect/first',
      title: 'x',
      body: pitchText(first),
    });

    const { text, writes } = await forge.run({
      PLUGIN_FORMER_IDENTITIES: 'stranger',
      PLUGIN_MAX_OPEN_PITCHES: '1',
    });

    expect(writes).toEqual([]);
    expect(text).toContain(
      `vision #${first} is not pitched: pull request #1 of a former identity proposed it`,
    );
    expect(text).toContain(`vision #${second} waits`);
  });

  it('a stranger’s marker keeps no vision from being pitched', async () => {
    const vision = await forge.vision('A goal');
    await forge.seed.createIssue(forge.stranger, forge.project, {
      title: 's',
      body: `Decomposed from #${vision}\n`,
    });

    const { writes } = await forge.run({ PLUGIN_FILER_LOGIN: 'owner' }, () => pitchText(vision));

    expect(writes).toContain('POST /repos/owner/ops/pulls 201');
  });

  it('a stranger’s pull request from a branch with our name keeps no vision from being pitched', async () => {
    const vision = await forge.vision('A goal');
    await forge.seed.api('POST', `/repos/${forge.ops}/forks`, {}, forge.stranger.token);
    await forge.seed.putFile(forge.stranger, 'stranger/ops', 'sprints/x.md', pitchText(vision), {
      from: 'main',
      name: `architect/sprint-vision-${vision}`,
    });
    await forge.seed.openPull(forge.stranger, forge.ops, {
      base: 'main',
      head: `stranger:architect/sprint-vision-${vision}`,
      title: 'x',
      body: `## Vision issues\n- #${vision}\n`,
    });

    const { writes } = await forge.run({}, () => pitchText(vision));

    expect(writes).toContain('POST /repos/owner/ops/pulls 201');
  });

  it('no model is asked beyond max-cost-per-run', async () => {
    for (const name of ['a', 'b', 'c']) await forge.vision(name);

    const { code, text } = await forge.run({ PLUGIN_MAX_COST_PER_RUN: '0.5' }, (question) =>
      pitchText((question.about.vision as { number: number }).number),
    );

    expect(code).toBe(0);
    expect(await forge.pulls()).toHaveLength(2);
    expect(text).toContain('max-cost-per-run is 0.5: 0.5000 is spent');
  });

  it('no model is asked beyond max-cost-per-day, which runs before have used up', async () => {
    const first = await forge.vision('a');
    await forge.run({}, () => pitchText(first));
    await forge.vision('b');

    const { code, text, writes } = await forge.run({ PLUGIN_MAX_COST_PER_DAY: '0.25' }, () => {
      throw new Error('a model was asked');
    });

    expect(code).toBe(0);
    expect(writes).toEqual([]);
    expect(text).toContain('max-cost-per-day is 0.25: 0.2500 is spent');
  });

  it('a call that might cost more than is left is not made', async () => {
    await forge.vision('a');

    const { text } = await forge.run(
      {
        PLUGIN_ENGINE: 'openai',
        PLUGIN_ENGINE_URL: 'http://localhost:1/v1',
        PLUGIN_MODEL: 'm',
        PLUGIN_MAX_COST_PER_RUN: '0.01',
        PLUGIN_PRICE_INPUT: '3',
        PLUGIN_PRICE_OUTPUT: '15',
      },
      () => {
        throw new Error('a model was asked');
      },
    );

    expect(text).toMatch(/0\.0000 is spent, and the next call may cost 0\.1\d+/);
  });

  it('no model is asked again whose answer did not say what it used, whichever limit there is', () => {
    const question = { engine: 'openai', system: '', prompt: '', about: {} };
    const use = { engine: 'openai', model: 'm', inputTokens: 0, outputTokens: 0, cost: null };
    const state = { answers: [{ key: 'a', answer: { text: '', use } }], spentToday: 0 };
    const reached = (name: string): string | undefined =>
      limitReached(
        { 'max-output-tokens': 1, [name]: 1000 } as unknown as PitchSettings,
        state as unknown as Live,
        question,
      );

    for (const name of ['max-cost-per-run', 'max-cost-per-day'])
      expect(reached(name)).toBe(`${name} is 1000, and what a call of today cost is not known`);
    expect(reached('max-files')).toBeUndefined();
  });

  it('what a question can cost is counted by bytes, because a rare character is several tokens', () => {
    const settings = { 'price-input': 1_000_000, 'price-output': 0, 'max-output-tokens': 0 };

    expect(mostCostOf(settings as EngineSettings, { system: 'a', prompt: '\ua66e' })).toBe(4);
  });

  it.each([
    ['command', 'cannot be kept with engine command'],
    ['openai', 'needs the prices of openai'],
  ])('a limit that cannot be kept with %s is refused', async (engine, message) => {
    await forge.vision('a');

    const { code, text, writes } = await forge.run({ PLUGIN_ENGINE: engine, PLUGIN_MAX_COST_PER_DAY: '1' });

    expect(code).toBe(1);
    expect(text).toContain(message);
    expect(writes).toEqual([]);
  });
});

describe('an account that can write to the project', () => {
  it('is refused before anything is asked or written, unless that is allowed', async () => {
    const vision = await forge.vision('A goal');
    await forge.seed.addCollaborator(forge.owner, forge.project, forge.architect.login, 'write');

    const refused = await forge.run({}, () => pitchText(vision));
    const allowed = await forge.run({ PLUGIN_ALLOW_PROJECT_WRITE: 'true' }, () => pitchText(vision));

    expect(refused.code).toBe(1);
    expect(refused.text).toContain('architect may push to owner/project');
    expect(refused.writes).toEqual([]);
    expect(allowed.code).toBe(0);
  });

  it('never writes to the project, whatever happens on a pitch', async () => {
    const vision = await forge.pitched();
    await forge.say(forge.ada, 1, 'ACCEPT');
    await forge.run({}, wellBehaved(vision));
    await forge.say(forge.ada, 1, 'A1: One\nA2: Now');
    await forge.run({}, wellBehaved(vision));
    await forge.say(forge.ada, 1, 'REJECT: after all');
    await forge.run();

    const written = forge.forge.requests
      .filter(({ method, as }) => method !== 'GET' && as === 'architect')
      .filter(({ path }) => !path.startsWith('/users/'));
    expect(written.length).toBeGreaterThan(8);
    expect(written.filter(({ path }) => !/^\/repos\/(owner|architect)\/ops\//.test(path))).toEqual([]);
  });
});

describe('everywhere', () => {
  it('a secret in a vision reaches no model, and a secret in an answer reaches no repository', async () => {
    const vision = await forge.vision('A goal', `The token is ${forge.architect.token}.`);
    const inVision = await forge.run({}, () => {
      throw new Error('a model was asked');
    });
    await forge.seed.api('PATCH', `/repos/${forge.project}/issues/${vision}`, { body: 'Why.' });
    const encoded = Buffer.from(`x${forge.architect.token}`).toString('base64');

    const inAnswer = await forge.run({}, () => pitchText(vision).replace('Worth it.', encoded));

    expect(inVision.code).toBe(1);
    expect(inVision.text).toContain('holds a secret that this run knows; it was not sent');
    expect(inAnswer.code).toBe(1);
    expect(inAnswer.writes.filter((call) => !call.includes('/forks'))).toEqual([]);
    for (const { text } of [inVision, inAnswer]) expect(text).not.toContain(forge.architect.token);
  });

  it('titles with controls and workflow commands are plain in the log', async () => {
    await forge.vision('A goal\u001b[31m\n::set-output name=x::y');

    const { lines } = await forge.run({}, () => '::error::\u001b[31mno');

    expect(lines.filter((line) => /^::/.test(line) || line.includes('\u001b'))).toEqual([]);
  });

  it('names that Node knows, and long rows of marks, are only text', async () => {
    const vision = await forge.vision(
      '__proto__ constructor',
      `${'#'.repeat(200_000)}x\n${'<!--'.repeat(50_000)}`,
    );
    const started = Date.now();

    const bad = await forge.run({ PLUGIN_RETRIES: '0' }, () => `# Sprint: x\n## ${'#'.repeat(190_000)}x`);
    const good = await forge.run({}, () =>
      pitchText(vision, { name: 'constructor' })
        .replaceAll('measure', '__proto__')
        .replace('id: __proto__', 'id: constructor'),
    );

    expect(bad.code).toBe(1);
    expect(good.code).toBe(0);
    expect(Date.now() - started).toBeLessThan(30_000);
  });

  it('started from a pull request’s own copy of the pipeline it reads nothing and needs no secret', async () => {
    await forge.vision('A goal');

    const { code, text, calls } = await forge.run({
      CI_PIPELINE_EVENT: 'pull_request',
      PLUGIN_FORGE_TOKEN: '',
      PLUGIN_FORGE_LOGIN: '',
    });

    expect(code).toBe(0);
    expect(text).toContain('a pull request’s own copy of the pipeline proposes nothing');
    expect(calls).toEqual([]);
  });

  it('the automatic token of a workflow is refused before any call, with what to create instead', async () => {
    const { code, text, calls } = await forge.run({
      CI: '',
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: forge.forge.url,
      GITHUB_REPOSITORY: forge.ops,
      GITHUB_TOKEN: 'automatic-token-of-the-run',
      'INPUT_FORGE-TOKEN': 'automatic-token-of-the-run',
      'INPUT_FORGE-LOGIN': 'architect',
      'INPUT_PROJECT-REPO': forge.project,
    });

    expect(code).toBe(1);
    expect(text).toContain('forge-token is the automatic Actions token');
    expect(text).toContain('write:repository, write:issue, read:user');
    expect(calls).toEqual([]);
  });

  it('a model is shown the files of the ops repo that are named, of a folder the newest, and prerequisites.md unless told otherwise', async () => {
    await forge.vision('A goal');
    for (const [file, text] of [
      ['prerequisites.md', 'Needs a server.'],
      ['portfolio.md', 'We have letters.'],
      ['evidence/engagement/2026-11-01.json', '{"visits": 1}'],
      ['evidence/engagement/2026-11-20.json', '{"visits": 20}'],
    ] as const)
      await forge.seed.putFile(forge.owner, forge.ops, file, text);
    const shown = async (given: Record<string, string>): Promise<string> => {
      let prompt = '';
      const engine = { PLUGIN_ENGINE: 'command', PLUGIN_ENGINE_COMMAND: 'none', PLUGIN_RETRIES: '0' };
      await forge.run({ ...engine, ...given }, (question) => {
        prompt = question.prompt;
        return 'no';
      });
      return prompt;
    };

    const usual = await shown({});
    const named = await shown({ PLUGIN_OPS_CONTEXT_FILES: 'portfolio.md,evidence/engagement,not-there.md' });

    expect(usual).toContain('Needs a server.');
    expect(usual).not.toContain('We have letters.');
    expect(named).toContain('We have letters.');
    expect(named).toContain('<<<evidence/engagement/2026-11-20.json of owner/ops>>>\n{"visits": 20}');
    expect(named).not.toContain('"visits": 1}');
    expect(named).not.toContain('Needs a server.');
  });

  it('sprint documents are read many at once, and one that cannot be read is said and stops nothing', async () => {
    const vision = await forge.vision('A goal');
    const named = await forge.vision('Another');
    for (let nth = 0; nth < 12; nth += 1)
      await forge.seed.putFile(forge.owner, forge.ops, `sprints/s${nth}.md`, `# S ${nth}\n`);
    await forge.seed.putFile(
      forge.owner,
      forge.ops,
      'sprints/named.md',
      `# S\n\n## Vision issues\n- #${named} — x\n`,
    );
    await forge.seed.putFile(forge.owner, forge.ops, 'sprints/vast.md', `# S\n${'x'.repeat(1_100_000)}`);

    const { code, text, calls } = await forge.run({}, () => pitchText(vision));
    const idle = await forge.run();

    expect(code).toBe(0);
    expect(text).toContain('sprints/vast.md is not read, and the visions it names are not known: it has 11');
    expect(idle.text).toContain('sprints/named.md is about it');
    expect((await forge.pulls()).map(({ head }) => head.label)).toEqual([
      `architect/sprint-vision-${vision}`,
    ]);
    expect(calls.filter((call) => call.includes('/contents/sprints/s'))).toEqual([]);
    expect(idle.calls.filter((call) => call.includes('/git/'))).toHaveLength(3);
  });

  it('a run that a comment of our own started ends at once; one that somebody else’s started does its work', async () => {
    await forge.vision('A goal');
    const startedBy = (login: string): Promise<Ran> => {
      const event = path.join(forge.workspace, `${login}.json`);
      writeFileSync(event, JSON.stringify({ action: 'created', sender: { login }, comment: { body: 'x' } }));
      return forge.run({
        CI: '',
        GITHUB_ACTIONS: 'true',
        GITHUB_EVENT_NAME: 'issue_comment',
        GITHUB_EVENT_PATH: event,
        GITHUB_SERVER_URL: forge.forge.url,
        GITHUB_REPOSITORY: forge.ops,
        'INPUT_FORGE-TOKEN': forge.architect.token,
        'INPUT_FORGE-LOGIN': 'architect',
        'INPUT_PROJECT-REPO': forge.project,
      });
    };

    const own = await startedBy('Architect');
    const others = await startedBy('ada');

    expect(own).toMatchObject({ code: 0, calls: [] });
    expect(own.text).toContain('a comment of our own started this run');
    expect(others.writes).toContain('POST /repos/owner/ops/pulls 201');
  });

  it('issues that are switched off are no empty list', async () => {
    await forge.seed.api('PATCH', `/repos/${forge.project}`, { has_issues: false });

    const { code, text } = await forge.run();

    expect(code).toBe(1);
    expect(text).toContain('Issues are switched off in owner/project');
  });

  it('a dry run asks no model and writes nothing', async () => {
    await forge.vision('A goal');

    const { code, text, writes } = await forge.run({ PLUGIN_DRY_RUN: 'true' }, () => {
      throw new Error('a model was asked');
    });

    expect(code).toBe(0);
    expect(text).toContain('ask outline for "a pitch of #1"');
    expect(writes).toEqual([]);
  });

  it('a branch under our name that holds no pitch of ours is taken away, and the vision pitched', async () => {
    const vision = await forge.vision('A goal');
    await forge.seed.addCollaborator(forge.owner, forge.ops, forge.architect.login, 'write');
    await forge.seed.putFile(forge.ada, forge.ops, 'sprints/x.md', `${pitchText(vision)}\n@stranger look\n`, {
      from: 'main',
      name: `architect/sprint-vision-${vision}`,
    });

    const { code, writes } = await forge.run({}, () => pitchText(vision));

    expect(code).toBe(0);
    expect(writes[0]).toBe('DELETE /repos/owner/ops/branches/architect/sprint-vision-1 204');
    expect(await forge.files(1)).toEqual(['sprints/a-first-step.md']);
  });

  it('a pull request that somebody else opened from our branch is not run after for ever', async () => {
    const twin = await startPitching();
    await twin.vision('A goal');
    await twin.run({}, () => pitchText(1));
    const text = await twin.document(1);
    await twin.close();
    await forge.vision('A goal');
    const { architect, ops, seed, stranger } = forge;
    await seed.api('POST', `/repos/${ops}/forks`, {}, architect.token);
    const branch = 'architect/sprint-vision-1';
    await seed.putFile(architect, 'architect/ops', 'sprints/a-first-step.md', text, {
      from: 'main',
      name: branch,
    });
    await seed.openPull(stranger, ops, { base: 'main', head: `architect:${branch}`, title: 'mine' });

    const ran = await forge.run({}, () => {
      throw new Error('a model was asked');
    });

    expect(ran.writes).toEqual(Array(4).fill('POST /repos/owner/ops/pulls 409'));
    expect(ran.text).toContain('Looked 4 times; the next run looks again.');
  });

  it('several runs at once end in one pitch for each vision', async () => {
    const vision = await forge.vision('A goal');

    await Promise.all([1, 2, 3].map(() => forge.run({}, () => pitchText(vision))));
    const last = await forge.run({}, () => pitchText(vision));

    expect(last.code).toBe(0);
    expect(await forge.pulls()).toHaveLength(1);
    expect(await forge.branches()).toEqual(['architect/ops:architect/sprint-vision-1']);
    expect((await forge.comments(1)).filter((text) => text.includes('Reply `ACCEPT`'))).toHaveLength(1);
  });
});
