import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { possibleIsolation } from '../../core/agent/cell/possible-isolation.ts';
import { type AgentRig, startAgents } from '../agent.ts';
import { startFaultProxy } from '../faults/proxy.ts';

// Runs that go wrong in the middle and live on, and runs that meet.

const { best } = await possibleIsolation({ first: 70_000, count: 256 });

let rig: AgentRig;
beforeEach(async () => {
  rig = await startAgents();
  await rig.declare(`
const { execFileSync } = require('node:child_process');
require('node:fs').writeFileSync('poem.txt', 'a poem');
execFileSync('forge', ['signal-done', 'success', '--summary', 'Done.']);
`);
});
afterEach(() => rig.close());

/** What there is in the end, whatever happened before: one pull request, and an entry that says so. */
async function isWhole(issue: number): Promise<void> {
  const pulls = await rig.pulls();
  expect(pulls.map(({ state }) => state)).toEqual(['open']);
  expect(await rig.entry(issue)).toMatchObject({
    status: 'frozen',
    why: 'success',
    pr_number: pulls[0]?.number,
  });
  expect(await rig.running()).toEqual([]);
}

describe.skipIf(best === 'none')('a run of an agent', () => {
  it('whose work could not be pushed after its record was written is begun again, and nothing is forgotten', async () => {
    const issue = await rig.ask();
    const proxy = await startFaultProxy(rig.forge.url, undefined, (_, request) =>
      request.includes('git-receive-pack') ? { status: 500 } : undefined,
    );
    const first = await rig.run({ CI_FORGE_URL: proxy.url });
    await proxy.close();
    expect(first.code).toBe(1);
    expect(await rig.record(issue, 1)).toMatchObject({ work: { kind: 'work' } });
    expect(await rig.pulls()).toEqual([]);

    await rig.run({}, -300);

    await isWhole(issue);
    expect(await rig.entry(issue)).toMatchObject({ rounds: 2 });
  });

  it('whose pull request was opened and then merged or closed before it was cut off makes no other', async () => {
    const issue = await rig.ask();
    const proxy = await startFaultProxy(rig.forge.url, undefined, (_, request) =>
      request.includes('requested_reviewers') ? { status: 500 } : undefined,
    );
    await rig.run({ CI_FORGE_URL: proxy.url });
    await proxy.close();
    const [pull] = await rig.pulls();
    await rig.seed.api(
      'PATCH',
      `/repos/${rig.project}/pulls/${pull?.number}`,
      { state: 'closed' },
      rig.owner.token,
    );

    await rig.run({}, -300);
    await rig.run({}, -600);

    expect(await rig.pulls()).toHaveLength(1);
    expect(await rig.entry(issue)).toMatchObject({ status: 'destroyed', rounds: 1, pr_number: pull?.number });
  });

  it('that hears nothing of its claim starts no second one', async () => {
    await rig.run();
    const issue = await rig.ask();
    const dry = await startFaultProxy(rig.forge.url);
    await rig.run({ CI_FORGE_URL: dry.url, PLUGIN_DRY_RUN: 'true' });
    const call = dry.calls.length + 1;
    await dry.close();
    const proxy = await startFaultProxy(rig.forge.url, { call, point: 'after-send' });

    await rig.run({ CI_FORGE_URL: proxy.url });
    expect(proxy.calls[call - 1]).toContain('POST');
    await proxy.close();
    await rig.run({}, -300);

    await isWhole(issue);
  });

  it('is one of six at the same moment', async () => {
    await rig.run();
    const issue = await rig.ask();

    const runs = await Promise.all(Array.from({ length: 6 }, () => rig.run()));

    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(runs.filter(({ text }) => text.includes('builder starts.'))).toHaveLength(1);
    await isWhole(issue);
    expect(await rig.entry(issue)).toMatchObject({ rounds: 1 });
  });
});
