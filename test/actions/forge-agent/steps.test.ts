import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { works } from '../../core/agent/cell/machine.ts';
import { type StepsRig, startSteps } from '../../steps.ts';

// One round in three steps of a pipeline, with the agent in a fourth one that is another user and has no secret.

let rig: StepsRig;
beforeEach(async () => {
  rig = await startSteps();
});
afterEach(() => rig.close());

const head = `
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const forge = (...args) => execFileSync('forge', args, { encoding: 'utf8' });
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });
const commit = (file, text) => { fs.writeFileSync(file, text); git('add', '.'); git('commit', '-qm', 'work'); };
`;

describe.skipIf(!works('user'))('a round in three steps', () => {
  it('comes to the same as in one: a pull request, the record, a frozen agent', async () => {
    await rig.declare(
      `${head} commit('poem.txt', 'a poem'); forge('signal-done', 'success', '--summary', 'See poem.txt.');`,
    );
    const issue = await rig.ask('Write a poem');

    const { prepare, serve, agent, finish } = await rig.pipeline().whole();

    expect({ ...prepare, report: 0 }).toMatchObject({ code: 0 });
    expect(serve.text + agent.text).toContain('It signals success.');
    expect({ serve: serve.code, agent, finish: finish.code, text: finish.text }).toMatchObject({
      serve: 0,
      agent: { code: 0 },
      finish: 0,
    });
    const [pull] = await rig.pulls();
    expect(pull).toMatchObject({ title: 'builder: Write a poem', state: 'open' });
    expect(await rig.file('crew/project', 'poem.txt', 'crew/1-write-a-poem')).toBe('a poem');
    expect(await rig.entry(issue)).toMatchObject({
      status: 'frozen',
      why: 'success',
      pr_number: pull?.number,
    });
    expect(await rig.record(issue, 1)).toMatchObject({
      end: { how: 'signalled' },
      signal: { status: 'success' },
      isolation: { level: 'user' },
      work: { kind: 'work', files: 1 },
    });
    expect(await rig.running()).toEqual([]);
  });
});
