import { afterEach, describe, expect, it } from 'vitest';
import { recordFile } from '../../../core/agent/provenance/sign.ts';
import { escalationText, type ProposalRecord } from '../../../core/escalation/record.ts';
import { recordOf } from '../../core/agent/provenance/records.ts';
import { day, type Processes, processFile, startProcesses } from '../../processes.ts';
import { proposalOf } from '../../proposals.ts';

let processes: Processes;
afterEach(() => processes.close());

/** One issue, on its way to a merge over several days. */
async function arrange(): Promise<void> {
  const { seed, owner, other, project } = processes;
  processes.at('2026-01-18T10:00:00Z');
  const issue = await seed.createIssue(owner, project, { title: 'a thing' });
  processes.at('2026-01-19T10:00:00Z');
  const pull = await processes.pull(owner, 'do it', `Closes #${issue}`);
  processes.at(`${day}T08:00:00Z`);
  await processes.review(other, pull, 'APPROVED');
  processes.at(`${day}T10:00:00Z`);
  await seed.mergePull(owner, project, pull);
  await seed.closeIssue(owner, project, issue);
}

describe('a run of collect-process-metrics', () => {
  it('commits the evidence of the day with its page and chart, and then has nothing to do', async () => {
    processes = await startProcesses();
    await arrange();
    processes.at('2026-01-21T01:25:00Z');

    const first = await processes.run();
    const second = await processes.run();

    expect(first).toMatchObject({ code: 0 });
    expect(await processes.evidence()).toMatchObject({
      version: 1,
      date: day,
      complete: true,
      sources: ['issues', 'forgejo-actions'],
      day: {
        issues: { opened: 0, closed: 1, reopened: 0, rejected: 0 },
        pulls: { opened: 0, reviewed: 1, merged: 1 },
        times: {
          issue_to_pull: { count: 0, median_seconds: null },
          pull_to_review: { count: 1, median_seconds: 22 * 3600 },
          review_to_merge: { count: 1, median_seconds: 2 * 3600 },
          issue_to_merge: { count: 1, median_seconds: 48 * 3600 },
        },
        review_rounds: { count: 1, median: 1, p90: 1 },
      },
      last_28_days: { times: { issue_to_pull: { count: 1, median_seconds: 24 * 3600 } } },
    });
    expect(await processes.textOf('evidence/process/README.md')).toContain(`[${day}](${day}.json)`);
    expect(await processes.textOf('evidence/process/days.svg')).toContain('<svg');
    expect(second.lines.at(-1)).toContain('Nothing to do');
    expect(second.calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
  });

  it('says the same of a day, whatever has happened since', async () => {
    processes = await startProcesses();
    await arrange();
    processes.at('2026-01-21T01:25:00Z');
    await processes.run();
    const before = await processes.textOf(processFile);
    const { seed, owner, other, project } = processes;
    processes.at('2026-01-22T10:00:00Z');
    await seed.api('PATCH', `/repos/${project}/issues/1`, { state: 'open' }, owner.token);
    const pull = await processes.pull(owner, 'again', 'fixes #1');
    await processes.review(other, pull, 'REQUEST_CHANGES');

    const again = await processes.run({}, '2026-01-22T11:00:00Z');

    expect(again.lines.at(-1)).toContain('Nothing to do');
    expect(await processes.textOf(processFile)).toBe(before);
  });

  it.each(['write', 'read'] as const)(
    'writes nothing while the day goes on and nothing happens, with %s access; then what happens, and that it is over',
    async (access) => {
      processes = await startProcesses({ access });
      await arrange();
      const today = { PLUGIN_DATE: day };
      const { seed, owner, project } = processes;

      const first = await processes.run(today, `${day}T12:00:00Z`);
      const later = await processes.run(today, `${day}T13:00:00Z`);
      processes.at(`${day}T13:30:00Z`);
      await seed.closeIssue(owner, project, await seed.createIssue(owner, project, { title: 'more' }));
      const more = await processes.run(today, `${day}T14:00:00Z`);
      const over = await processes.run(today, '2026-01-21T01:00:00Z');

      expect([first, later, more, over].map(({ code }) => code)).toEqual([0, 0, 0, 0]);
      expect(later.calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
      for (const run of [more, over]) expect(run.lines.at(-1)).toContain('1 commit made');
    },
  );

  it('counts proposals and runs of agents by what is on record, with their cost', async () => {
    processes = await startProcesses();
    const { seed, owner } = processes;
    processes.at(`${day}T08:00:00Z`);
    const records = await seed.createRepository(owner, 'records');
    const put = (file: string, text: string): Promise<string> => seed.putFile(owner, records, file, text);
    const id = '20260120-7-1';
    const at = `${day}T08:00:00Z`;
    const { rule } = proposalOf();
    const proposals: Partial<ProposalRecord>[] = [
      { id, rule: { ...rule, approvers: 'admin' } },
      // Of these it is not known how far they reach: people are named.
      { id: '20260120-8-1', rule: { ...rule, approvers: ['ada'] } },
      { id: '20260120-9-1', rule: { ...rule, approvers: ['@team'] } },
      { id: '20260120-10-1', type: 'issue-create' },
    ];
    for (const proposal of proposals)
      await put(`escalation/${proposal.id}.json`, escalationText(proposalOf({ ...proposal, at })));
    await put(
      `decided/${id}.json`,
      escalationText({
        version: 1,
        id,
        kind: 'claimed',
        nonce: 'n',
        approvals: [],
        at: `${day}T09:00:00Z`,
        by: 'speaker',
        run_url: null,
      }),
    );
    await put(
      `outcomes/${id}.json`,
      escalationText({
        version: 1,
        id,
        kind: 'done',
        number: null,
        url: null,
        answer: 'done',
        talk: [],
        at: `${day}T09:00:05Z`,
        by: 'speaker',
      }),
    );
    const run = { agent: 'a|b', ended_at: `${day}T10:00:00Z` };
    const models = { calls: 1, input_tokens: 1, output_tokens: 1, reached_limit: false, refused: [] };
    await put(
      'records/owner/project/1/1-x.json',
      recordFile(recordOf({ ...run, models: { ...models, cost: 0.25 } }), undefined),
    );
    await put(
      'records/owner/project/1/2-y.json',
      recordFile(
        recordOf({
          ...run,
          end: { how: 'timeout', why: null, code: null, signal: 'SIGKILL' },
          signal: null,
        }),
        undefined,
      ),
    );
    await put('records/owner/project/1/3-z.json', '{"no":"record"}');
    processes.at('2026-01-21T01:25:00Z');

    const { code } = await processes.run({
      PLUGIN_PROPOSAL_REPO: records,
      PLUGIN_STATE_REPO: records,
    });

    expect(code).toBe(0);
    expect((await processes.evidence()).day).toMatchObject({
      proposals: [
        { type: 'issue-create', tier: 'medium', proposed: 1, to_approval: { count: 0 } },
        {
          type: 'ci-run',
          tier: 'high',
          proposed: 1,
          decided: [{ how: 'approved', count: 1 }],
          carried_out: [{ how: 'done', count: 1 }],
          to_approval: { count: 1, median_seconds: 3600 },
        },
        { type: 'ci-run', tier: null, proposed: 2, to_approval: { count: 0 } },
      ],
      agents: [
        {
          agent: 'a|b',
          runs: 2,
          outcomes: [
            { outcome: 'success', count: 1, cost: 0.25 },
            { outcome: 'timeout', count: 1, cost: null },
          ],
          cost: 0.25,
        },
      ],
    });
    const page = await processes.textOf('evidence/process/README.md');
    expect(page).toContain('`a¦b`');
    expect(page).toContain('| proposals, high, `ci-run` | 1 made, to approval 60 min / 60 min (1) |');
  });

  it('says in its last line that there is nothing to do where somebody has said no, whatever it prints before', async () => {
    processes = await startProcesses({ access: 'read' });
    await arrange();
    const asked = await processes.run();
    await processes.seed.api('PATCH', `/repos/${processes.ops}/pulls/1`, { state: 'closed' });

    const held = await processes.run();
    const detailed = await processes.run({ PLUGIN_DATE: '2026-01-19', PLUGIN_LOG_LEVEL: 'debug' });
    const again = await processes.run({ PLUGIN_DATE: '2026-01-19', PLUGIN_LOG_LEVEL: 'debug' });

    expect(asked.lines[1]).toBe(
      'collector may not push to owner/ops: the evidence goes to a pull request from its fork, which takes in each day until it is merged.',
    );
    expect(held.lines.at(-1)).toBe('Nothing to do. What a person should know is marked with ! above.');
    expect(detailed.lines.at(-1)).toMatch(/^Done: /);
    expect(again.lines.at(-1)).toBe('Nothing to do.');
  });

  it('from a fork asks with one pull request that takes in each day with its page until it is merged', async () => {
    processes = await startProcesses({ access: 'read' });
    await arrange();
    processes.at('2026-01-21T01:25:00Z');
    const filesOf = async (number: number): Promise<string[]> => {
      const { body } = await processes.seed.api('GET', `/repos/${processes.ops}/pulls/${number}/files`);
      return (body as { filename: string }[]).map(({ filename }) => filename).sort();
    };
    const pulls = async (): Promise<unknown> =>
      (await processes.seed.api('GET', `/repos/${processes.ops}/pulls?state=open`)).body;

    await processes.run({ PLUGIN_DATE: '2026-01-19' });
    const ran = await processes.run();
    const again = await processes.run();

    expect(ran.code).toBe(0);
    expect(again.lines.at(-1)).toContain('Nothing to do');
    expect(await pulls()).toMatchObject([{ number: 1, title: 'evidence: process of 2026-01-19' }]);
    expect(await filesOf(1)).toEqual([
      'evidence/process/2026-01-19.json',
      processFile,
      'evidence/process/README.md',
      'evidence/process/days.svg',
    ]);
    await processes.seed.mergePull(processes.owner, processes.ops, 1);
    expect(await processes.textOf('evidence/process/README.md')).toContain('2026-01-19.json');
    expect((await processes.run()).lines.at(-1)).toContain('Nothing to do');
    await processes.run({ PLUGIN_DATE: '2026-01-18' });
    expect(await pulls()).toMatchObject([{ number: 2, title: 'evidence: process of 2026-01-18' }]);
  });
});
