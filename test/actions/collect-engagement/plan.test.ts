import { describe, expect, it } from 'vitest';
import { chartText } from '../../../actions/collect-engagement/chart.ts';
import { emptyCounts, totalsOf } from '../../../actions/collect-engagement/log/counts.ts';
import { headline, plan } from '../../../actions/collect-engagement/plan.ts';
import type {
  BranchTarget,
  CollectState,
  EngagementSettings,
  EngagementState,
  LogState,
  VerifyState,
} from '../../../actions/collect-engagement/state.ts';
import { evidenceOf, pageText } from '../../../actions/collect-engagement/text.ts';
import { type Change, describeChange } from '../../../core/change.ts';
import { evidenceText } from '../../../core/evidence.ts';
import type { TextFile } from '../../../core/forge/contents.ts';
import type { Pull } from '../../../core/forge/pulls.ts';
import type { Way } from '../../../core/read-ground.ts';

const date = '2026-11-20';
const now = '2026-11-21T01:15:00.000Z';
const file = `evidence/engagement/${date}.json`;
const branch = `evidence/engagement-${date}`;
const account = { id: 9, login: 'collector' };

function settings(overrides: Partial<EngagementSettings> = {}): EngagementSettings {
  return {
    'forge-url': 'https://forge.test',
    'forge-token': 't',
    'forge-ca': undefined,
    'forge-login': undefined,
    'ops-repo': 'owner/ops',
    'ops-branch': undefined,
    'dry-run': false,
    'result-file': undefined,
    'log-level': 'info',
    deadline: 1000,
    mode: 'collect',
    source: ['access.log'],
    'client-source': [],
    'ssh-key': undefined,
    'ssh-known-hosts': undefined,
    date: undefined,
    commit: 'auto',
    'propose-from': 'auto',
    'evidence-file': undefined,
    'own-hosts': [],
    top: 10,
    'time-format': 'auto',
    'duration-format': 'auto',
    'max-bad-share': 0.05,
    days: 1,
    'max-silence': 24 * 3_600_000,
    advisory: false,
    ...overrides,
  };
}

function log(views = 1, overrides: Partial<LogState> = {}): LogState {
  const counts = { ...emptyCounts(), views, requests: views, visitors: new Set(['10.0.0.1']) };
  return {
    totals: totalsOf(counts, 10),
    clientSide: {
      total_events: 0,
      dwell: { avg_seconds: 0, total_seconds: 0, count: 0 },
      max_scroll_pct: 0,
      scroll_events: 0,
      exit_referrers: [],
    },
    badBeacons: 0,
    names: ['access.log'],
    faults: [],
    remarks: [],
    badLook: null,
    newest: `${date}T12:00:00.000Z`,
    isAhead: false,
    ...overrides,
  };
}

/** The day's evidence as a file of the repository, with so many page views. */
function found(views = 1, at = now): TextFile {
  const { totals, clientSide } = log(views);
  const evidence = evidenceOf({
    date,
    now: at,
    sources: ['access.log'],
    clientSources: [],
    totals,
    clientSide,
    mostUnknown: 0.05,
  });
  return { text: evidenceText(evidence), sha: `sha of ${views}` };
}

/** The page that these tests come to. */
const pageAsItIs = (() => {
  const days = [{ date, evidence: JSON.parse(found()?.text ?? '') }];
  return [
    ['evidence/engagement/README.md', pageText(days)],
    ['evidence/engagement/visitors.svg', chartText(days)],
  ] as const;
})();

function pull(overrides: Partial<Pull> = {}): Pull {
  return {
    number: 7,
    title: `evidence: engagement of ${date}`,
    body: '',
    state: 'open',
    merged: false,
    updated_at: now,
    head: { label: branch, ref: branch, sha: 'a', repo_id: 1 },
    base: { ref: 'main', repo_id: 1 },
    ...overrides,
  };
}

/** A way by a pull request: what stands on its branch, and the pull request itself. */
function asked(
  overrides: { exists?: boolean; evidence?: TextFile; pull?: Pull | null; pulls?: Pull[] } = {},
): Way {
  const { exists = false, evidence = null, pull: own = null, pulls = own === null ? [] : [own] } = overrides;
  return {
    kind: 'pull',
    ground: {
      repository: 'owner/ops',
      base: 'main',
      commit: 'c',
      home: 'owner/ops',
      fork: 'not-needed',
      pulls,
    },
    standing: {
      branch,
      exists,
      // The page as it should be, so that only what a test is about is written.
      files: [
        { path: file, there: evidence },
        ...pageAsItIs.map(([path, text]) => ({ path, there: exists ? { text, sha: path } : null })),
      ],
      pull: own,
    },
  };
}

function target(overrides: Partial<BranchTarget> = {}): BranchTarget {
  return {
    kind: 'branch',
    repository: 'owner/ops',
    branch: 'main',
    evidence: null,
    page: { kind: 'left' },
    way: { kind: 'commit' },
    proposed: [],
    ...overrides,
  };
}

function collected(overrides: Partial<CollectState> = {}): CollectState {
  return {
    kind: 'collect',
    now,
    forgeNow: overrides.now ?? now,
    account,
    date,
    log: log(),
    local: { kind: 'none' },
    target: target(),
    ...overrides,
  };
}

function observed(overrides: Partial<VerifyState> = {}): VerifyState {
  return { kind: 'verify', now, account, days: [], ...overrides };
}

/** The plan in words. */
function planned(state: EngagementState, given: Partial<EngagementSettings> = {}): string[] {
  return plan(settings(given), state).map((change) => `${change.kind}: ${describeChange(change)}`);
}

describe('a run without the forge', () => {
  it('writes the evidence into the workspace, once', () => {
    const local = (text: string | null) => ({ kind: 'file' as const, path: 'engagement.json', text });
    const state = (text: string | null): CollectState =>
      collected({ local: local(text), target: { kind: 'none' } });

    const [first] = plan(settings({ commit: 'none' }), state(null));
    const content = first?.kind === 'write-workspace-file' ? first.content : '';

    expect(content).toBe(found()?.text);
    expect(planned(state(content), { commit: 'none' })).toEqual([
      `keep: engagement.json is as it should be (${date}: 1 page view by 1 visitor)`,
    ]);
  });

  it('on a pull request says what it would count, and writes nothing', () => {
    expect(planned(collected({ target: { kind: 'none' } }))).toEqual([
      `keep: the log can be counted (${date}: 1 page view by 1 visitor); on a pull request nothing is written`,
    ]);
  });
});

describe('the way of the evidence', () => {
  const protectedMain = 'main of owner/ops is protected';

  it('is a plain commit where our account may push, and nothing is said about it', () => {
    expect(planned(collected())).toEqual([`write-files: ${file} on main of owner/ops`]);
    expect(headline(settings(), collected())).toBeUndefined();
  });

  const page = { kind: 'kept' as const, at: 'a', readme: null, chart: null, others: [] };
  const pageFiles = [{ path: 'evidence/engagement/README.md' }, { path: 'evidence/engagement/visitors.svg' }];

  it('is one commit that may be declined where the branch is protected, then one of the evidence alone', () => {
    const way = { kind: 'commit-or-pull' as const };
    const state = collected({ target: target({ page, way }) });
    const declined = collected({ target: target({ page: { ...page, kind: 'declined' }, way }) });

    expect(plan(settings(), state)).toMatchObject([
      { kind: 'write-files', branch: 'main', mayDecline: true, files: [{ path: file }, ...pageFiles] },
    ]);
    expect(headline(settings(), state)).toContain(`${protectedMain}: a commit is tried first`);
    expect(plan(settings(), declined)).toMatchObject([
      { kind: 'write-files', branch: 'main', mayDecline: true, files: [{ path: file }] },
    ]);
  });

  it('is a commit of the page once the evidence is on the protected branch', () => {
    const way = { kind: 'commit-or-pull' as const };

    const changes = plan(settings(), collected({ target: target({ evidence: found(), page, way }) }));

    expect(changes).toMatchObject([
      {
        kind: 'write-files',
        mayDecline: true,
        files: [{ path: 'evidence/engagement/README.md' }, { path: 'evidence/engagement/visitors.svg' }],
      },
    ]);
  });

  it('is a pull request with the page once the branch declined', () => {
    const state = collected({ target: target({ way: asked() }) });

    expect(plan(settings(), state)).toMatchObject([
      { kind: 'write-files', branch: 'main', newBranch: branch, files: [{ path: file }, ...pageFiles] },
      { kind: 'open-pull', base: 'main', head: branch, after: [`branch ${branch}`] },
    ]);
    expect(headline(settings(), state)).toContain('is not exempt: the evidence goes to a pull request');
  });

  it('leaves the page to the first of several pull requests', () => {
    const older = pull({ number: 3, head: { ...pull().head, label: 'evidence/engagement-2026-11-01' } });
    const way = asked({ exists: true, evidence: found(0), pull: pull(), pulls: [pull(), older] });

    expect(plan(settings(), collected({ target: target({ way }) }))).toMatchObject([
      { kind: 'keep', what: expect.stringContaining('wait: pull request #3 changes them as well') },
      { kind: 'write-files', branch, files: [{ path: file, expects: 'sha of 0' }] },
    ]);
  });

  it.each<[string, Parameters<typeof asked>[0], string[]]>([
    [
      'is right and open',
      { exists: true, evidence: found(), pull: pull() },
      ['keep: pull request #7 is as it should be'],
    ],
    [
      'was closed by somebody',
      { exists: true, evidence: found(0), pull: pull({ state: 'closed' }) },
      ['keep: pull request #7 was closed without being merged; nothing is proposed again'],
    ],
    [
      'was merged, and there is newer evidence',
      { exists: true, evidence: found(0), pull: pull({ state: 'closed', merged: true }) },
      [`delete-branch: branch ${branch} of owner/ops`],
    ],
    [
      'was not opened after its branch was written',
      { exists: true, evidence: found() },
      [`open-pull: pull request "evidence: engagement of ${date}" on owner/ops`],
    ],
  ])('is a pull request that %s', (_, overrides, expected) => {
    expect(planned(collected({ target: target({ way: asked(overrides) }) }), { commit: 'pull' })).toEqual(
      expected,
    );
  });
});

describe('evidence', () => {
  it('of a day that goes on is written anew once there is more of it, or once it is over', () => {
    const noon = found(1, `${date}T12:00:00Z`);
    const at = (hour: number, views: number): CollectState =>
      collected({
        now: new Date(Date.parse(date) + hour * 3_600_000).toISOString(),
        log: log(views),
        target: target({ evidence: noon }),
      });

    expect(planned(at(13, 1))).toEqual([
      `keep: ${file} is as it should be (${date}: 1 page view by 1 visitor, the day is not over)`,
    ]);
    for (const state of [at(13, 2), at(25, 1), at(11, 1)])
      expect(planned(state)).toEqual([`write-files: ${file} on main of owner/ops`]);
  });

  it.each([
    ['this machine', { now: `${date}T12:00:00Z`, forgeNow: now }, 'not over', 'over'],
    ['the forge', { now, forgeNow: `${date}T12:00:00Z` }, 'over', 'not over'],
  ])('says no day is over that is not over by the clock of %s', (_, clocks, ours, theirs) => {
    const changes = plan(settings(), collected(clocks));

    expect(changes.map(describeChange)).toEqual([
      `${date} is ${ours} by the clock of this machine (${clocks.now}) and ${theirs} by the forge's (${clocks.forgeNow})`,
      `${file} on main of owner/ops`,
    ]);
    expect(changes.find(({ kind }) => kind === 'write-files')).toMatchObject({
      files: [{ content: expect.stringMatching(/"period_hours": 12,[\s\S]*"complete": false/) }],
    });
  });

  it('of a day whose visitors are unknown is never complete, and still says that the day is over', () => {
    const partly = log();
    const unknown = log(1, { totals: { ...partly.totals, views_without_address: 1 } });
    const changes = (text: string | undefined, at: string): Change[] =>
      plan(
        settings(),
        collected({
          now: at,
          log: unknown,
          target: target({ evidence: text === undefined ? null : { text, sha: 's' } }),
        }),
      );
    const [first] = changes(undefined, `${date}T12:00:00Z`).filter(({ kind }) => kind === 'write-files');
    const text = first?.kind === 'write-files' ? (first.files[0]?.content ?? '') : '';

    expect(text).toContain('"period_hours": 12');
    const [second] = changes(text, now).filter(({ kind }) => kind === 'write-files');
    expect(second).toMatchObject({ files: [{ content: expect.stringContaining('"period_hours": 24') }] });
  });

  it('of a whole day is never replaced by less of it, wherever it is on record', () => {
    const onMain = target({ evidence: found(2) });
    const onItsBranch = target({
      way: asked({ exists: true, evidence: found(2), pull: pull() }),
    });

    for (const state of [collected({ target: onMain }), collected({ target: onItsBranch })])
      expect(planned(state)).toEqual([
        expect.stringContaining('is on record with 2 requests of a whole day, and the log holds 1'),
      ]);
  });

  it('is not made from a log that was not read to its end, nor from one that is all in the future', () => {
    const faults = [{ file: 'b.log', message: 'is a folder' }];

    expect(planned(collected({ log: log(1, { faults }) }))).toEqual([expect.stringContaining('is a folder')]);
    expect(planned(collected({ log: log(1, { newest: null, isAhead: true }) }))).toEqual([
      expect.stringContaining('every record is in the future'),
    ]);
  });
});

describe('verify-observable', () => {
  const day = { date, evidence: JSON.parse(found()?.text ?? '') };

  it('says of which days there is evidence, and how old the newest record is where a log is named', () => {
    expect(planned(observed({ days: [day] }))).toEqual([`keep: observable: evidence of 1 day up to ${date}`]);
    expect(planned(observed({ days: [day], log: log() }))).toEqual([
      `keep: observable: evidence of 1 day up to ${date}, newest record 13.3 h ago`,
    ]);
  });

  it.each<[string, Partial<VerifyState>, string]>([
    ['a day is missing', { days: [{ date, evidence: null }] }, 'is missing, or is no evidence'],
    [
      'a file holds another day',
      { days: [{ ...day, date: '2026-11-19' }] },
      `is the evidence of another day: ${date}`,
    ],
    [
      'a day was not over',
      { days: [{ date, evidence: { ...day.evidence, complete: false } }] },
      'is not complete: 24 hours of the day',
    ],
    ['the log has no record', { log: log(1, { newest: null }) }, 'access.log: holds no record at all'],
    [
      'the log has been silent',
      { log: log(1, { newest: '2026-11-19T00:00:00.000Z' }) },
      'access.log: has no record for 49.3 h, and may be silent for 24 h at most',
    ],
  ])('is red when %s, and only says so when it is advisory', (_, overrides, message) => {
    const red = planned(observed(overrides));
    const advisory = planned(observed(overrides), { advisory: true });

    expect(red).toEqual([expect.stringMatching(/^refuse: /)]);
    expect(red).toEqual([expect.stringContaining(message)]);
    expect(advisory).toEqual([expect.stringMatching(/^keep: /)]);
  });
});
