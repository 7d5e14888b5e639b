import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wake } from '../../cli/wake/role.ts';
import { type Entry, entryPath, entryText, frozenPath, nameOf, parseEntry } from '../../core/agent/entry.ts';
import { entryOf } from '../actions/forge-agent/entries.ts';
import { type AgentRig, startAgents } from '../agent.ts';
import { runCommand } from '../command.ts';

let rig: AgentRig;
let issue: number;
beforeEach(async () => {
  rig = await startAgents();
  await rig.declare('');
  issue = await rig.ask();
});
afterEach(() => rig.close());

const frozen = (over: Partial<Entry> = {}): Entry =>
  entryOf({ status: 'frozen', heard: [], issue_number: issue, ...over });

/** Makes the state repo, with what it says of the issue. */
async function write(entry?: Entry): Promise<void> {
  await rig.seed.api(
    'POST',
    '/user/repos',
    { name: 'forgecrew-state', private: true, auto_init: true, default_branch: 'main' },
    rig.worker.token,
  );
  if (entry === undefined) return;
  await rig.seed.putFile(rig.worker, rig.state, entryPath(nameOf(entry)), entryText(entry));
  await rig.seed.putFile(rig.worker, rig.state, frozenPath(nameOf(entry)), '{}');
}

async function asked(
  more: Record<string, string> = {},
  token = rig.worker.token,
): Promise<{ code: number; text: string; writes: string[] }> {
  const from = rig.forge.requests.length;
  const { code, text } = await runCommand(wake, token, {
    'forge-url': rig.forge.url,
    'ops-repo': rig.ops,
    issue: `${rig.project}#${issue}`,
    prompt: 'In French, please.',
    ...more,
  });
  const writes = rig.forge.requests
    .slice(from)
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`);
  return { code, text, writes };
}

describe('forgecrew agents wake', () => {
  it('writes who asks for what, and when, into the state of the issue and changes nothing else', async () => {
    const before = frozen();
    await write(before);

    const { code, text, writes } = await asked();

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(writes).toHaveLength(1);
    expect(text).toContain('builder is woken by the next run of forge-agent, and told "In French, please."');
    const { asked: asking, ...rest } = (await rig.entry(issue)) as Entry;
    expect(asking).toEqual({
      by: 'crew',
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      prompt: 'In French, please.',
    });
    expect(rest).toEqual(JSON.parse(entryText(before)));
    expect(text).not.toContain('to wake it at once');
  });

  it('says where its workflow is started by hand, where its runs are on the forge', async () => {
    const run = { backend: 'forgejo-workflow' as const, repository: rig.ops, id: 7 };
    await write(frozen({ lease: { id: '0'.repeat(32), until: '2026-01-01T00:00:00Z', run } }));

    const { text } = await asked();

    expect(text).toContain(`run the workflow of forge-agent by hand: ${rig.forge.url}/${rig.ops}/actions`);
  });

  it('changes nothing in a dry run', async () => {
    await write(frozen());

    const { code, text, writes } = await asked({ 'dry-run': 'true' });

    expect({ code, writes }).toEqual({ code: 0, writes: [] });
    expect(text).toContain('builder is woken');
  });

  it.each<[string, Partial<Entry> | undefined, string]>([
    ['nobody worked on it', undefined, 'nothing is frozen for it'],
    ['its agent works', { status: 'running' }, 'builder works on it now'],
    ['its work is over', { status: 'destroyed' }, 'the work of builder on it is over (success)'],
    [
      'another asking waits',
      { asked: { by: 'ada', at: '2026-01-01T00:00:00Z', prompt: 'x' } },
      'ada has asked for another round at 2026-01-01T00:00:00Z, and that waits',
    ],
    [
      'another asking has begun and is not over',
      { asked: { by: 'ada', at: '2026-01-01T00:00:00Z', prompt: 'x', begun: true } },
      'and that waits',
    ],
  ])('refuses where %s', async (_, over, said) => {
    await write(over === undefined ? undefined : frozen(over));

    const { code, text, writes } = await asked();

    expect({ code, text, writes }).toMatchObject({
      code: 1,
      text: expect.stringContaining(said),
      writes: [],
    });
  });

  it('takes the place of an asking that came to nothing before its rounds were over', async () => {
    await write(
      frozen({
        asked: { by: 'ada', at: '2026-01-01T00:00:00Z', prompt: 'x', begun: true },
        exhausted: { why: 'max_rounds', at: '2026-01-02T00:00:00Z' },
      }),
    );

    const { code } = await asked();

    expect(code).toBe(0);
    expect(((await rig.entry(issue)) as Entry).asked).toMatchObject({ by: 'crew' });
    expect(((await rig.entry(issue)) as Entry).asked).not.toHaveProperty('begun');
  });

  it('refuses where its pull request is closed', async () => {
    await rig.seed.putFile(rig.owner, rig.project, 'a.txt', 'a', { from: 'main', name: 'topic' });
    const pull = await rig.seed.openPull(rig.owner, rig.project, {
      head: 'topic',
      base: 'main',
      title: 't',
      body: '',
    });
    await rig.seed.closeIssue(rig.owner, rig.project, pull);
    await write(frozen({ pr_number: pull }));

    const { code, text, writes } = await asked();

    expect({ code, text, writes }).toMatchObject({
      code: 1,
      text: expect.stringContaining(`its pull request #${pull} is closed`),
      writes: [],
    });
  });

  it('refuses where there is no state repo, and says how it is named', async () => {
    expect(await asked({}, rig.owner.token)).toMatchObject({
      code: 1,
      text: expect.stringContaining('--state-repo'),
      writes: [],
    });
  });

  it('says what will keep the next run from waking it', async () => {
    await write(frozen({ cost: 3 }));
    await rig.declare('', 'max_cost = 2.0\nprices = { input = 1.0, output = 1.0 }\n');
    await rig.take(issue);
    await rig.seed.closeIssue(rig.ada, rig.project, issue);

    const { code, text } = await asked();

    expect(code).toBe(0);
    expect(text).toContain('the issue is closed');
    expect(text).toContain('has no label for builder now');
    expect(text).toContain('the issue has cost 3, and max_cost is 2');
  });

  it.each([
    ['empty', ''],
    ['blank', ' \u200b\n\t'],
    ['longer than an entry may hold', 'x'.repeat(40_001)],
    ['longer than that in what JavaScript counts', '🙂'.repeat(20_001)],
  ])('takes no text that is %s: nobody is asked anything', async (_, prompt) => {
    await write(frozen());

    const { code, text, writes } = await asked({ prompt });

    expect({ code, writes }).toEqual({ code: 1, writes: [] });
    expect(text).toMatch(/prompt: (missing|expected a text of at most 40000 characters that is not blank)/);
  });

  it('keeps an entry with the longest text readable', async () => {
    await write(frozen());

    const { code } = await asked({ prompt: 'a\ud83d'.repeat(20_000) });

    expect(code).toBe(0);
    const text = await rig.file(rig.state, entryPath(nameOf(frozen())));
    expect(parseEntry(Buffer.from(text ?? ''))).toMatchObject({ ok: true });
  });
});
