import { describe, expect, it } from 'vitest';
import { plan } from '../../../actions/ops-filer/plan.ts';
import type { FilerSettings, FilerState, Filing } from '../../../actions/ops-filer/state.ts';
import { contentText } from '../../../actions/ops-filer/text.ts';
import { describeChange } from '../../../core/change.ts';
import type { Issue } from '../../../core/forge/issues.ts';
import { sealBody } from '../../../core/sealed.ts';
import type { Sprint } from '../../../core/sprint/entry.ts';
import { markLine } from '../../../core/sprint/marker.ts';
import type { SprintFile } from '../../../core/sprint/sprint.ts';

const project = 'owner/project';
const vision = { id: 1, name: 'vision' };
const progress = { id: 2, name: 'in-progress' };
const backlog = { id: 3, name: 'backlog' };

function settings(overrides: Partial<FilerSettings> = {}): FilerSettings {
  return {
    'forge-url': 'https://forge.test',
    'forge-token': 't',
    'forge-ca': undefined,
    'forge-login': 'filer',
    'ops-repo': 'owner/ops',
    'ops-branch': 'main',
    'project-repo': project,
    'dry-run': false,
    'result-file': undefined,
    'log-level': 'info',
    deadline: 1000,
    sprints: 'sprints',
    'vision-label': 'vision',
    'in-progress-label': 'in-progress',
    'close-visions': true,
    'on-edit': 'keep',
    'create-missing-labels': false,
    'max-issues': 50,
    'rejected-labels': ['rejected', 'wontfix'],
    'former-identities': [],
    ...overrides,
  };
}

function sprint(
  overrides: Partial<Sprint> = {},
  ids: [id: string, ...dependsOn: string[]][] = [['a'], ['b', 'a']],
): SprintFile {
  const entries = ids.map(([id, ...dependsOn], index) => ({
    id,
    title: `Title ${id}`,
    labels: ['backlog'],
    dependsOn,
    body: `body of ${id}\n`,
    line: 10 + index,
    column: 3,
  }));
  return {
    kind: 'sprint',
    sprint: {
      file: 'sprints/x.md',
      slug: 'x',
      vision: 41,
      visionAt: { line: 3, column: 3 },
      entries,
      ...overrides,
    },
  };
}

function issue(number: number, overrides: Partial<Issue> = {}): Issue {
  return {
    number,
    title: `Issue ${number}`,
    body: '',
    state: 'open',
    user: { id: 9, login: 'filer' },
    labels: [],
    pull_request: null,
    html_url: '',
    ...overrides,
  };
}

/** The issue as we would have filed it. */
function filed(
  number: number,
  file: SprintFile,
  id: string,
  overrides: Partial<Issue> = {},
  needs: number[] = [],
): Issue {
  const entry = file.kind === 'sprint' ? file.sprint.entries.find((item) => item.id === id) : undefined;
  if (file.kind !== 'sprint' || entry === undefined) throw new Error(`no entry ${id}`);
  return issue(number, {
    title: entry.title,
    body: sealBody(
      entry.title,
      contentText(entry, needs),
      markLine({ vision: file.sprint.vision, sprint: 'x', id }),
    ),
    ...overrides,
  });
}

function state(overrides: Partial<Filing> = {}): Filing {
  return {
    kind: 'filing',
    now: '2026-11-21T00:00:00.000Z',
    account: { id: 9, login: 'filer' },
    documents: [sprint()],
    outdated: undefined,
    dependenciesOn: false,
    labels: [vision, progress, backlog],
    organisationLabelsUnread: false,
    issues: [],
    visions: [issue(41, { labels: [vision] })],
    dependencies: [],
    closing: [],
    closedToUs: [],
    ...overrides,
  };
}

function planned(given: FilerState, chosen = settings()): string[] {
  return plan(chosen, given).map((change) => `${change.kind}: ${describeChange(change)}`);
}

describe('filing', () => {
  it('puts the vision in progress, then files entries after what they depend on', () => {
    expect(planned(state({ documents: [sprint({}, [['b', 'a'], ['a']])] }))).toEqual([
      'add-labels: label #41 in-progress',
      'create-issue: issue "Title a" [backlog]',
      'create-issue: issue "Title b" [backlog]',
    ]);
  });

  it('refers to an issue that is not filed yet by reference, never by text', () => {
    const change = plan(settings(), state()).find(
      (item) => item.kind === 'create-issue' && item.key === '#41/b',
    );

    expect(change).toMatchObject({
      content: ['body of b\n\n## Depends on\n', '- ', { issue: { made: '#41/a' } }, '\n'],
      after: ['in progress #41'],
    });
  });

  it('leaves a vision in peace that is in progress already', () => {
    expect(planned(state({ visions: [issue(41, { labels: [vision, progress] })] }))[0]).toContain(
      'create-issue',
    );
  });

  it('refuses more new issues than max-issues before the first write, with the count', () => {
    const [only, ...rest] = planned(state(), settings({ 'max-issues': 1 }));

    expect(only).toContain('2 new issues, but max-issues is 1');
    expect(rest).toEqual([]);
  });

  it('files nothing for a document with faults, and the good ones all the same', () => {
    const bad: SprintFile = {
      kind: 'faulty',
      file: 'sprints/bad.md',
      faults: [{ file: 'sprints/bad.md', line: 2, column: 1, message: 'no' }],
      visions: [7],
    };

    expect(planned(state({ documents: [bad, sprint()] }))).toEqual([
      'refuse: sprints/bad.md:2:1: no',
      'add-labels: label #41 in-progress',
      'create-issue: issue "Title a" [backlog]',
      'create-issue: issue "Title b" [backlog]',
    ]);
  });

  it('refuses both documents that declare one id for one vision', () => {
    const other = sprint({ file: 'sprints/y.md', slug: 'y' }, [['a']]);

    expect(planned(state({ documents: [sprint(), other] })).map((line) => line.split(': ')[1])).toEqual([
      'sprints/x.md:10:3',
      'sprints/y.md:10:3',
    ]);
  });

  it('only validates what is not merged', () => {
    const why = 'a pull request is not merged yet';

    expect(planned({ kind: 'validating', now: '', documents: [sprint()], why })).toEqual([
      'keep: sprints/x.md: 2 entries for vision #41, valid; not filed, because a pull request is not merged yet',
    ]);
  });
});

describe('labels', () => {
  it.each<[string, Partial<Filing>, string]>([
    [
      'an unknown one is refused with what there is',
      { labels: [vision, progress] },
      'sprints/x.md:10:3: entry a: no label "backlog"; there are: "in-progress", "vision".',
    ],
    [
      'two of one name are refused',
      { labels: [vision, progress, backlog, { id: 4, name: 'backlog' }] },
      'there are 2 labels "backlog": delete all but one',
    ],
    [
      'two vision labels are refused',
      { labels: [vision, { id: 5, name: 'vision' }, progress, backlog] },
      'has 2 labels "vision", so visions cannot be listed',
    ],
    [
      'unread organisation labels are said to be so',
      { labels: [vision, progress], organisationLabelsUnread: true },
      'its labels need a token with the scope read:organization',
    ],
  ])('%s', (_, overrides, message) => {
    const lines = planned(state(overrides));

    expect(lines.join('\n')).toContain(message);
    expect(lines.every((line) => line.startsWith('refuse'))).toBe(true);
  });

  it('are created first where that is wanted', () => {
    const lines = planned(state({ labels: [vision] }), settings({ 'create-missing-labels': true }));

    expect(lines.slice(0, 3)).toEqual([
      'create-label: label "in-progress"',
      'create-label: label "backlog"',
      'add-labels: label #41 in-progress',
    ]);
  });
});

describe('a vision that is not one', () => {
  it.each<[string, Issue[], string]>([
    ['does not exist', [], 'vision #41 does not exist'],
    ['is closed', [issue(41, { state: 'closed', labels: [vision] })], 'vision #41 is closed'],
    ['has no vision label', [issue(41)], '#41 does not carry the label "vision"'],
    ['is a pull request', [issue(41, { labels: [vision], pull_request: {} })], '#41 is a pull request'],
  ])('because it %s is refused at the line that names it', (_, visions, message) => {
    expect(planned(state({ visions }))).toEqual([
      expect.stringContaining(`refuse: sprints/x.md:3:3: ${message}`),
    ]);
  });

  it('matters no more once everything is filed', () => {
    const file = sprint();

    expect(
      planned(
        state({
          documents: [file],
          visions: [],
          issues: [filed(5, file, 'a'), filed(6, file, 'b', {}, [5])],
        }),
      ),
    ).toEqual(['keep: sprints/x.md: 2 entries filed as #5, #6']);
  });
});

describe('an entry that changed after it was filed', () => {
  const file = sprint();
  const edited = sprint();
  if (edited.kind === 'sprint' && edited.sprint.entries[0] !== undefined)
    edited.sprint.entries[0].body = 'other text\n';
  const there = [filed(5, file, 'a'), filed(6, file, 'b', {}, [5])];

  it('is kept and reported by default', () => {
    expect(planned(state({ documents: [edited], issues: there }))[1]).toContain(
      'keep: #5 is not as sprints/x.md:10 has it',
    );
  });

  it('is updated where that is wanted', () => {
    expect(planned(state({ documents: [edited], issues: there }), settings({ 'on-edit': 'update' }))[1]).toBe(
      'update-issue: issue #5 "Title a"',
    );
  });

  it('is never updated over somebody’s edit, on a closed issue, from an old checkout, or without a digest', () => {
    const [first, second] = there;
    if (first === undefined || second === undefined) throw new Error('two issues');
    const cases: Partial<Filing>[] = [
      { issues: [{ ...first, body: first.body.replace('body of a', 'my words') }, second] },
      { issues: [{ ...first, title: 'My title' }, second] },
      { issues: [{ ...first, state: 'closed' }, second] },
      { issues: there, outdated: 'old' },
      { issues: [{ ...first, body: first.body.replace(/<!-- filed.*-->\n/, '') }, second] },
    ];

    for (const overrides of cases)
      expect(
        planned(state({ documents: [edited], ...overrides }), settings({ 'on-edit': 'update' })).join(),
      ).not.toContain('update-issue');
  });

  it('or a document that was renamed files nothing again', () => {
    const renamed = sprint({ file: 'sprints/y.md', slug: 'y' });

    expect(planned(state({ documents: [renamed], issues: there }))).toEqual([
      'keep: sprints/y.md: 2 entries filed as #5, #6',
    ]);
  });

  it('and is gone from the document is reported, never deleted', () => {
    expect(planned(state({ documents: [sprint({}, [['a']])], issues: there }))[1]).toContain(
      '#6 is open, but its entry b of vision #41 is in no document any more',
    );
  });
});

describe('two runs at the same moment', () => {
  const file = sprint();

  it('leave the lowest number of each key, and close the others with a link', () => {
    const lines = planned(
      state({
        documents: [file],
        issues: [
          filed(5, file, 'a'),
          filed(6, file, 'b', {}, [5]),
          filed(7, file, 'a'),
          filed(8, file, 'b', {}, [7]),
        ],
      }),
    );

    expect(lines).toEqual([
      'keep: sprints/x.md: 2 entries filed as #5, #6',
      'comment: comment on #7',
      'close-issue: close #7',
      'comment: comment on #8',
      'close-issue: close #8',
    ]);
  });

  it('mend a list of dependencies that names the one that was closed, without calling it an edit', () => {
    const issues = [
      filed(5, file, 'a'),
      filed(7, file, 'a', { state: 'closed' }),
      filed(6, file, 'b', {}, [7]),
    ];

    expect(planned(state({ documents: [file], issues }))[1]).toBe('update-issue: issue #6 "Title b"');
  });

  it('free a duplicate of the dependencies that would keep it open', () => {
    const issues = [filed(5, file, 'a'), filed(6, file, 'b', {}, [5]), filed(8, file, 'b', {}, [5])];

    expect(
      planned(
        state({
          documents: [file],
          dependenciesOn: true,
          issues,
          dependencies: [
            { issue: 6, on: [5] },
            { issue: 8, on: [5] },
          ],
        }),
      ),
    ).toContain('remove-dependency: #8 no longer depends on #5');
  });
});

describe('closing a vision', () => {
  const file = sprint();
  const done = [
    filed(5, file, 'a', { state: 'closed' }),
    filed(6, file, 'b', { state: 'closed', labels: [{ id: 8, name: 'wontfix' }] }, [5]),
  ];
  const closing = [{ vision: 41, blockedBy: [], isReopened: false }];
  const visions = [issue(41, { labels: [vision, progress] })];

  it('says what was turned down, takes the label off, and closes', () => {
    const changes = plan(settings(), state({ documents: [file], issues: done, closing, visions }));

    expect(changes.map(describeChange)).toEqual([
      'sprints/x.md: 2 entries filed as #5, #6',
      'comment on #41',
      'label in-progress off #41',
      'close #41',
    ]);
    expect(changes[1]).toMatchObject({
      text: expect.stringContaining('Closed without being done:\n\n- #6 Title b'),
    });
    expect(changes[3]).toMatchObject({ after: ['last word on #41'] });
  });

  it.each<[string, Partial<Filing>]>([
    ['this checkout is old', { outdated: 'old' }],
    ['somebody reopened it', { closing: [{ vision: 41, blockedBy: [], isReopened: true }] }],
    ['it depends on an open issue', { closing: [{ vision: 41, blockedBy: [7], isReopened: false }] }],
  ])('does not happen when %s, and that is said', (_, overrides) => {
    const lines = planned(state({ documents: [file], issues: done, closing, visions, ...overrides }));

    expect(lines[1]).toContain('it stays open');
    expect(lines.join()).not.toContain('close-issue');
  });
});

describe('forge dependencies', () => {
  const file = sprint();
  const issues = [filed(5, file, 'a'), filed(6, file, 'b', {}, [5])];

  it('are added where they are missing, and kept where they are there', () => {
    expect(
      planned(
        state({ documents: [file], dependenciesOn: true, issues, dependencies: [{ issue: 6, on: [] }] }),
      )[1],
    ).toBe('add-dependency: #6 depends on #5');
    expect(
      planned(
        state({ documents: [file], dependenciesOn: true, issues, dependencies: [{ issue: 6, on: [5] }] }),
      ),
    ).toHaveLength(1);
    expect(planned(state({ documents: [file], dependenciesOn: false, issues }))).toHaveLength(1);
  });
});
