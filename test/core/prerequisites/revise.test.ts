import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numbersIn, parsePrerequisites } from '../../../core/prerequisites/document.ts';
import { freedObjectives } from '../../../core/prerequisites/free.ts';
import { type Facts, type IssueFact, reviseText } from '../../../core/prerequisites/revise.ts';

const pending = 'vault/pending/ask.md';

function issue(outcome: IssueFact['outcome'], ...labels: string[]): IssueFact {
  return { kind: 'issue', outcome, labels };
}

function pull(outcome: IssueFact['outcome']): IssueFact {
  return { kind: 'pull', outcome, labels: [] };
}

/** Ones are done, tens open with labels, twenties pull requests, thirties turned down. */
const issues: [number, IssueFact][] = [
  [1, issue('done')],
  [2, issue('done', 'bug-report')],
  [3, issue('done', 'backlog')],
  [10, issue('open')],
  [11, issue('open', 'backlog')],
  [12, issue('open', 'in-progress')],
  [13, issue('open', 'blocked')],
  [14, issue('open', 'vision', 'priority')],
  [15, issue('open', 'vision', 'in-progress')],
  [20, pull('open')],
  [21, pull('done')],
  [22, pull('turned-down')],
  [30, issue('turned-down', 'wontfix')],
];

function facts(overrides: Partial<Facts> = {}): Facts {
  return {
    issues: new Map(issues),
    requests: new Set([pending]),
    noteLabels: ['backlog', 'in-progress', 'blocked', 'vision', 'priority'],
    blockingLabels: ['blocked'],
    workingLabels: ['in-progress'],
    visionLabel: 'vision',
    today: '2026-11-26',
    ...overrides,
  };
}

/** One item in an objective without a status. */
function item(line: string, given: Partial<Facts> = {}): string {
  const text = `## Objective: One\n${line}\n`;
  return reviseText(text, facts(given)).text.split('\n')[1] ?? '';
}

function status(items: string[], line: string): string {
  const { text } = reviseText(`## Objective: One\n${items.join('\n')}\n${line}\n`, facts());
  return text.split('\n').at(-2) ?? '';
}

describe('a document that begins with a byte order mark', () => {
  it.each([
    '## Objective: One (#1)\n- [ ] #1\nStatus: BLOCKED\n',
    '# Prerequisites\n\nLast updated: 2026-01-01\n\n## Objective: One\n- [ ] #1\n',
    'Last updated: 2026-01-01\r\n\r\n## Objective: One\r\n- [ ] #1\r\nStatus: BLOCKED\r\n',
  ])('is read as without it, and keeps it', (text) => {
    const plain = reviseText(text, facts());

    const marked = reviseText(`\ufeff${text}`, facts());

    expect(plain.text).not.toBe(text);
    expect(marked.text).toBe(`\ufeff${plain.text}`);
    expect(parsePrerequisites(`\ufeff${text}`).objectives).toMatchObject([
      { name: expect.stringMatching(/^One/) },
    ]);
  });
});

describe('an item', () => {
  it.each([
    ['- [ ] a (#1 — closed)', '- [x] a (#1 — closed)'],
    ['- [x] a (#10 — open)', '- [ ] a (#10 — open)'],
    ['* [X] a (#1)', '* [X] a (#1)'],
    ['+ [ ] a (#21)', '+ [x] a (#21)'],
    ['1. [ ] a (#1)', '1. [x] a (#1)'],
    // Turned down is not done.
    ['- [x] a (#22)', '- [ ] a (#22)'],
    ['- [x] a (#30 — closed)', '- [ ] a (#30 — closed)'],
    // All of them have to be.
    ['- [ ] a (#1, #2 — closed)', '- [x] a (#1, #2 — closed)'],
    ['- [x] a (#1 — closed, #10 — open)', '- [ ] a (#1 — closed, #10 — open)'],
    ['- [ ] a (#1-#3 — all closed)', '- [x] a (#1-#3 — all closed)'],
    // A number at the beginning or the end is the item's own.
    ['- [ ] #1 a', '- [x] #1 a'],
    ['- [ ] a #1', '- [x] a #1'],
    // What has no number, or none that can be told, is people's.
    ['- [x] a', '- [x] a'],
    ['- [ ] a', '- [ ] a'],
    ['- [ ] after #1 was done', '- [ ] after #1 was done'],
    ['- [ ] a (owner/repo#1)', '- [ ] a (owner/repo#1)'],
    ['- [ ] a `(#1)`', '- [ ] a `(#1)`'],
    ['- [ ] a [link](#1)', '- [ ] a [link](#1)'],
    ['- [ ] a (#999 — backlog)', '- [ ] a (#999 — backlog)'],
    ['- [ ] a (#3-#1 — closed)', '- [ ] a (#3-#1 — closed)'],
  ])('%s follows the forge: %s', (before, after) => {
    expect(item(before)).toBe(after);
  });
});

describe('a note is kept in the form it was found in', () => {
  it.each([
    // Closed.
    ['- [ ] a (#1 — backlog)', '- [x] a (#1 — closed)'],
    ['- [ ] a (#1 - backlog)', '- [x] a (#1 - closed)'],
    ['- [ ] a (#1: backlog)', '- [x] a (#1: closed)'],
    ['- [ ] a (#1, backlog)', '- [x] a (#1, closed)'],
    ['- [ ] a (#1 — vision+priority)', '- [x] a (#1 — closed)'],
    ['- [ ] a (#1 — in-progress, vision)', '- [x] a (#1 — closed)'],
    ['- [ ] a (#1 — blocked, a fix for #13)', '- [x] a (#1 — closed, a fix for #13)'],
    ['- [ ] a (#1 — backlog, PR #21)', '- [x] a (#1 — closed, PR #21)'],
    ['- [ ] a (#21 — open)', '- [x] a (#21 — merged)'],
    ['- [ ] a (#1 — closed 2026-04-15)', '- [x] a (#1 — closed 2026-04-15)'],
    ['- [ ] a (#2 — blocked, bug-report)', '- [x] a (#2 — closed, bug-report)'],
    ['- [ ] a (#3 — backlog)', '- [x] a (#3 — closed)'],
    ['- [x] a (#1)', '- [x] a (#1)'],
    // Open again.
    ['- [x] a (#11 — closed)', '- [ ] a (#11 — backlog)'],
    ['- [x] a (#10 — closed)', '- [ ] a (#10 — open)'],
    ['- [x] a (#14 — closed)', '- [ ] a (#14 — vision, priority)'],
    ['- [x] a (#11 — closed 2026-04-15, PR #21)', '- [ ] a (#11 — backlog, PR #21)'],
    ['- [x] a (#10, #11 — closed)', '- [ ] a (#10, #11 — backlog)'],
    // Labels come and go, with the separator of the note.
    ['- [ ] a (#12 — backlog)', '- [ ] a (#12 — in-progress)'],
    ['- [ ] a (#14 — vision)', '- [ ] a (#14 — vision, priority)'],
    ['- [ ] a (#15 — vision+priority)', '- [ ] a (#15 — vision+in-progress)'],
    ['- [ ] a (#11 — backlog+priority)', '- [ ] a (#11 — backlog)'],
    ['- [ ] a (#11 — priority+backlog)', '- [ ] a (#11 — backlog)'],
    ['- [ ] a (#10 — backlog)', '- [ ] a (#10 — open)'],
    ['- [ ] a (#11 — open)', '- [ ] a (#11 — open)'],
    // A note that says no state gets none.
    ['- [ ] a (#11)', '- [ ] a (#11)'],
    ['- [ ] a (#11 — see the wiki)', '- [ ] a (#11 — see the wiki)'],
    // What it depends on.
    ['- [ ] a (#11 — backlog, depends on #1)', '- [ ] a (#11 — backlog)'],
    ['- [ ] a (#11 — backlog, depends on #1+#10+#12)', '- [ ] a (#11 — backlog, depends on #10+#12)'],
    ['- [ ] a (#11 — backlog, depends on #10+#1)', '- [ ] a (#11 — backlog, depends on #10)'],
    ['- [ ] a (#11 — backlog, depends on #10, #1)', '- [ ] a (#11 — backlog, depends on #10)'],
    ['- [ ] a (#11 — backlog, depends on #10)', '- [ ] a (#11 — backlog, depends on #10)'],
    ['- [ ] a (#11 — depends on #1, backlog)', '- [ ] a (#11 — backlog)'],
    ['- [ ] a (#11 — depends on #1, #2)', '- [ ] a (#11 — open)'],
    ['- [ ] a (#1 — depends on #2)', '- [x] a (#1 — closed)'],
    [
      '- [ ] a (#11 — backlog, depends on #1, #12 — in-progress)',
      '- [ ] a (#11 — backlog, #12 — in-progress)',
    ],
    ['- [ ] a (#11), depends on #1', '- [ ] a (#11)'],
    ['- [ ] a (#11), depends on #10', '- [ ] a (#11), depends on #10'],
    // `blocked` holds by label, or by what is said beside it.
    ['- [ ] a (#10 — blocked, depends on #11)', '- [ ] a (#10 — blocked, depends on #11)'],
    ['- [ ] a (#10 — blocked, depends on #1)', '- [ ] a (#10 — open)'],
    ['- [ ] a (#13 — backlog)', '- [ ] a (#13 — blocked)'],
    ['- [ ] a (#11) depends on #1', '- [ ] a (#11)'],
    ['- [ ] a `x` depends on #1', '- [ ] a `x`'],
    ['- [ ] a depends on #1 `x`', '- [ ] a depends on #1 `x`'],
    // The vault.
    ['- [ ] [l](#1)  blocked-on-vault (vault/pending/gone.md)', '- [ ] [l](#1)'],
    ['- [ ] a (#11)  blocked-on-vault (vault/pending/gone.md)', '- [ ] a (#11)'],
    [`- [ ] a (#11) blocked-on-vault (${pending})`, `- [ ] a (#11) blocked-on-vault (${pending})`],
    ['- [ ] a (#11) blocked-on-vault (vault/pending/gone.md)', '- [ ] a (#11)'],
    ['- [ ] a (#11) blocked-on-vault', '- [ ] a (#11) blocked-on-vault'],
    [
      '- [ ] a (#11) blocked-on-vault (vault/actions/a.toml)',
      '- [ ] a (#11) blocked-on-vault (vault/actions/a.toml)',
    ],
  ])('%s becomes %s', (before, after) => {
    expect(item(before)).toBe(after);
    // What it says is what it would say again.
    expect(item(after)).toBe(after);
  });
});

describe('a status', () => {
  it.each([
    [['- [x] a'], 'Status: READY', 'Status: DONE'],
    [['- [x] a (#1)'], 'Status: BLOCKED — by people', 'Status: DONE — by people'],
    [['- [ ] a (#11)'], 'Status: DONE', 'Status: READY'],
    [['- [ ] a (#12)'], 'Status: READY', 'Status: IN PROGRESS'],
    [['- [ ] a (#20)'], 'Status: READY', 'Status: IN PROGRESS'],
    [['- [ ] a (#13)'], 'Status: READY', 'Status: BLOCKED — waits for #13'],
    [['- [ ] a (#14)'], 'Status: READY — a decision', 'Status: BLOCKED — a decision'],
    [['- [ ] a (#15)'], 'Status: BLOCKED', 'Status: IN PROGRESS'],
    [['- [ ] a (#12)', '- [ ] b (#13)'], 'Status: READY', 'Status: BLOCKED — waits for #13'],
    [['- [ ] a (#11 — backlog, depends on #10)'], 'Status: READY', 'Status: BLOCKED — waits for #10'],
    [[`- [ ] a blocked-on-vault (${pending})`], 'Status: READY', `Status: BLOCKED — waits for ${pending}`],
    // What we wrote is ours, and nothing else.
    [['- [ ] a (#11)'], 'Status: BLOCKED — waits for #1', 'Status: READY'],
    [['- [ ] a (#13)'], 'Status: BLOCKED — waits for #1, #13', 'Status: BLOCKED — waits for #13'],
    [['- [ ] a (#11)'], 'Status: BLOCKED — waits for #1 and Bob', 'Status: READY — waits for #1 and Bob'],
    // A reason of people, and what it names.
    [['- [ ] a (#11)'], 'Status: BLOCKED — needs #10', 'Status: BLOCKED — needs #10'],
    [['- [ ] a (#11)'], 'Status: BLOCKED — needed #1', 'Status: READY — needed #1'],
    [['- [ ] a (#11)'], 'Status: BLOCKED — #11 is in backlog', 'Status: READY — #11 is in backlog'],
    [['- [ ] a'], 'Status: BLOCKED — not started', 'Status: BLOCKED — not started'],
    [['- [ ] a'], 'Status: BLOCKED', 'Status: READY'],
    [['- [ ] a'], 'Status: READY - soon', 'Status: READY - soon'],
    [['- [ ] a (#11)'], '**Status:** BLOCKED', '**Status:** READY'],
    [['- [x] a'], 'Status: nearly', 'Status: nearly'],
    [[], 'Status: READY', 'Status: READY'],
  ])('of %j: %s is %s', (items, before, after) => {
    expect(status(items, before)).toBe(after);
    expect(status(items, after)).toBe(after);
  });
});

const objective = (box: string, word: string): string => `## Objective: O\n- [${box}] a\nStatus: ${word}\n\n`;
const milestone = (word: string): string => `## --- NAME MILESTONE: ${word} ---\n\n`;

describe('a milestone', () => {
  it.each([
    [objective('x', 'DONE') + milestone('IN PROGRESS'), milestone('DONE')],
    [objective('x', 'READY') + milestone('IN PROGRESS'), milestone('DONE')],
    [objective(' ', 'DONE') + milestone('DONE'), milestone('IN PROGRESS')],
    [objective(' ', 'READY') + objective('x', 'DONE') + milestone('IN PROGRESS'), milestone('IN PROGRESS')],
    // Only what stands between it and the one before.
    [
      objective(' ', 'READY') + milestone('IN PROGRESS') + objective('x', 'DONE') + milestone('IN PROGRESS'),
      milestone('IN PROGRESS') + milestone('DONE'),
    ],
    [milestone('IN PROGRESS'), milestone('IN PROGRESS')],
    [objective('x', 'DONE') + milestone('soon'), milestone('soon')],
  ])('after %j', (before, after) => {
    const lines = reviseText(before, facts()).text.split('\n');

    expect(`${lines.filter((line) => line.includes('MILESTONE')).join('\n\n')}\n\n`).toBe(after);
  });
});

describe('the day', () => {
  const dated = (day: string, line: string): string =>
    `<!-- Last updated: ${day} -->\n\n## Objective: O\n${line}\n`;

  it('moves with a change', () => {
    expect(reviseText(dated('2026-04-15', '- [ ] a (#1)'), facts()).text).toBe(
      dated('2026-11-26', '- [x] a (#1)'),
    );
  });

  it('stays without one, and is never turned back', () => {
    expect(reviseText(dated('2026-04-15', '- [x] a (#1)'), facts()).text).toBe(
      dated('2026-04-15', '- [x] a (#1)'),
    );
    expect(reviseText(dated('2027-01-01', '- [ ] a (#1)'), facts()).text).toBe(
      dated('2027-01-01', '- [x] a (#1)'),
    );
  });
});

it.each([
  ['```\n## Objective: O\n- [ ] a (#1)\n```\n'],
  ['<!--\n## Objective: O\n- [ ] a (#1)\n-->\n'],
  ['## Objective: O\n\n    - [ ] a (#1)\n'],
  ['## Other\n- [ ] a (#1)\nStatus: READY\n'],
  ['## Objective: O\n```\n- [ ] a (#1)\nStatus: READY\n```\n'],
])('nothing is looked for in %j', (text) => {
  expect(reviseText(text, facts()).text).toBe(text);
});

it('lists with its line what it does not understand', () => {
  const text = [
    '- [ ] nowhere',
    '## Objective: O',
    '- [ ] after #1 was done',
    '- [ ] a (#999)',
    '- [ ] a (#30)',
    '- [ ] a (owner/repo#1)',
    'Status: soon',
    '## --- X MILESTONE: soon ---',
  ].join('\n');

  expect(reviseText(text, facts()).unknown).toEqual([
    { line: 1, what: 'an item stands outside of every objective' },
    {
      line: 3,
      what: 'a number stands inside a sentence: whether it is the one of this item nobody can tell',
    },
    { line: 4, what: 'there is no #999: the item is left as it is' },
    { line: 5, what: '#30 was closed without being done: the item stays open until a person changes it' },
    { line: 6, what: 'a number of another repository is not followed' },
    { line: 7, what: 'a status is one of DONE, READY, IN PROGRESS, BLOCKED' },
    { line: 8, what: 'a milestone is DONE or IN PROGRESS, and this one is something else' },
  ]);
});

it('lists a line that is longer than any that people write, and leaves it', () => {
  const text = `## Objective: O\n- [ ] a (#1) ${'x'.repeat(4000)}\nStatus: READY\n`;

  const { text: after, unknown } = reviseText(text, facts());

  expect(after).toBe(text);
  expect(unknown).toContainEqual({ line: 2, what: 'the line has more than 4000 characters' });
});

const words = fc.constantFrom(
  'a',
  'gate',
  '— so',
  'é',
  '\u202e',
  '`x`',
  '**b**',
  '(see)',
  '@owner',
  '&amp;',
  '\t',
  'closed',
  '[l](#1)',
);
const reference = fc.constantFrom(
  '#1',
  '#2',
  '#10',
  '#11',
  '#12',
  '#13',
  '#14',
  '#20',
  '#21',
  '#22',
  '#30',
  '#999',
  '#1-#3',
  '#3-#1',
  '#10+#11',
);
const said = fc.constantFrom(
  ' — closed',
  ' — backlog',
  ' — vision+priority',
  ' — in-progress, vision',
  ' — closed 2026-04-15',
  ', bug-report',
  ' — blocked, depends on #10+#1',
  ' — open',
  '',
  ' — all closed',
  ' - merged',
  ': backlog, PR #21',
  ' — depends on #1, #2',
);
const note = fc
  .tuple(reference, said, fc.option(fc.tuple(reference, said)))
  .map(([ref, what, other]) => `(${ref}${what}${other === null ? '' : `, ${other[0]}${other[1]}`})`);
const tail = fc.constantFrom(
  '',
  ` blocked-on-vault (${pending})`,
  ' blocked-on-vault (vault/pending/gone.md)',
  ', depends on #1',
  ', depends on #10 and #1',
  ' blocked-on-vault',
);
const itemText = fc
  .tuple(
    fc.constantFrom('- [ ] ', '- [x] ', '* [X] ', '  - [ ] ', '    - [ ] ', '- [-] '),
    fc.array(words, { maxLength: 4 }),
    fc.option(note),
    tail,
  )
  .map(([box, some, noted, end]) => `${box}${some.join(' ')} ${noted ?? ''}${end}`);
const line = fc.oneof(
  { weight: 6, arbitrary: itemText },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('Status: ', '**Status:** ', 'status: '),
        fc.constantFrom('DONE', 'READY', 'BLOCKED', 'IN PROGRESS', 'soon'),
        fc.constantFrom('', ' — by people', ' — waits for #1', ' — needs #10', ' - x'),
      )
      .map((parts) => parts.join('')),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '## Objective: One',
      '### Objective: Two (#14)',
      '## Other',
      '# Tree',
      '## --- A MILESTONE: IN PROGRESS ---',
      '## --- B MILESTONE: DONE ---',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '```',
      '<!--',
      '-->',
      '<!-- Last updated: 2026-04-15 -->',
      '',
      '> quote',
      '\r',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
);
const document = fc
  .tuple(fc.constantFrom('\n', '\r\n'), fc.array(line, { maxLength: 25 }), fc.boolean())
  .map(([end, lines, ends]) => lines.join(end) + (ends ? end : ''));

/** What of a line may be the role's: everything else has to be there afterwards, byte for byte. */
function peoplesPart(text: string): string {
  return text
    .split('\n')
    .map((one) =>
      one
        .replace(/^(\s*(?:[-*+]|\d+[.)])\s+\[)[ xX](\])/, '$1$2')
        .replace(/^( {0,3}(?:\*\*)?Status:(?:\*\*)?[ \t]*)(?:DONE|READY|IN PROGRESS|BLOCKED)/i, '$1')
        .replace(
          / — waits for (?:#\d+|vault\/\S+|blocked-on-vault)(?:, (?:#\d+|vault\/\S+|blocked-on-vault))*(?=[ \t\r]*$)/,
          '',
        )
        .replace(/(MILESTONE:\s*)(?:DONE|IN PROGRESS)/, '$1')
        .replace(/(Last updated:\s*)\d{4}-\d{2}-\d{2}/, '$1')
        .replace(
          /(?<=\][ \t]+)blocked-on-vault \(vault\/pending\/gone\.md\)|(?<!\][ \t]*)\s*blocked-on-vault \(vault\/pending\/gone\.md\)/,
          '',
        )
        .replace(
          /(?:[,+] ?)?\b(?:all closed|closed(?: \d{4}-\d{2}-\d{2})?|merged|open|backlog|in-progress|blocked(?!-)|vision|priority)\b(?:, |\+)?/g,
          '',
        )
        .replace(
          /(?:[,+] ?)?depends on #\d+(?:-#\d+)?(?:(?:\+|, | and )#\d+(?:-#\d+)?(?!\d| —| -|:|-))*(?:, |\+)?/g,
          '',
        ),
    )
    .join('\n');
}

describe('whatever people write', () => {
  const runs = { numRuns: 3000 };

  it('stays byte for byte', () => {
    fc.assert(
      fc.property(document, (text) => {
        const after = reviseText(text, facts()).text;

        expect(after.split('\n').length).toBe(text.split('\n').length);
        expect(peoplesPart(after)).toBe(peoplesPart(text));
      }),
      runs,
    );
  });

  it('is true after one look: the next one changes nothing', () => {
    fc.assert(
      fc.property(document, (text) => {
        const after = reviseText(text, facts()).text;

        expect(reviseText(after, facts()).text).toBe(after);
      }),
      runs,
    );
  });

  it('says after every drift what it would have said at once', () => {
    const drift = fc.array(
      fc.tuple(
        fc.constantFrom(...issues.map(([number]) => number)),
        fc.constantFrom('open', 'done') as fc.Arbitrary<'open' | 'done'>,
      ),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(document, drift, (text, changes) => {
        const there = reviseText(text, facts()).text;
        const moved = new Map(issues);
        for (const [number, outcome] of changes)
          moved.set(number, { ...(moved.get(number) ?? issue('open')), outcome });
        const given = facts({ issues: moved });
        const boxes = (one: string): string[] =>
          one.split('\n').flatMap((each) => /^\s*[-*+] \[(.)\]/.exec(each)?.[1]?.toLowerCase() ?? []);

        expect(boxes(reviseText(there, given).text)).toEqual(boxes(reviseText(text, given).text));
      }),
      runs,
    );
  });
});

describe('objectives that became free', () => {
  const blocked =
    '## Objective: One — so\n- [ ] a (#11 — backlog, depends on #10)\nStatus: BLOCKED — waits for #10\n\n## Objective: Two\n- [ ] b (#13 — blocked)\nStatus: BLOCKED — waits for #13\n';

  it('are those that were BLOCKED, and are not any more, and are not DONE', () => {
    const after = reviseText(blocked, facts({ issues: new Map([...issues, [10, issue('done')]]) })).text;

    expect(freedObjectives(blocked, after)).toEqual(['One — so']);
    expect(freedObjectives(blocked, blocked)).toEqual([]);
    const done = reviseText(blocked, facts({ issues: new Map([...issues, [13, issue('done')]]) })).text;
    expect(freedObjectives(blocked, done)).toEqual([]);
    expect(freedObjectives('', after)).toEqual([]);
  });
});

const real = fileURLToPath(new URL('../../../../shared/ops-repo/prerequisites.md', import.meta.url));
describe.skipIf(!existsSync(real))('a real prerequisite tree', () => {
  const text = existsSync(real) ? readFileSync(real, 'utf8') : '';
  const open: [number, string[]][] = [
    [758, ['blocked', 'bug-report']],
    [765, ['blocked']],
    [769, ['backlog']],
    [770, ['backlog']],
    [771, ['backlog']],
    [772, ['blocked']],
    [426, ['vision']],
    [697, ['vision', 'priority']],
    [429, ['in-progress', 'vision']],
    [773, ['backlog', 'bug-report']],
  ];
  const of = (given: [number, string[]][]): Facts =>
    facts({
      issues: new Map([
        ...numbersIn(parsePrerequisites(text)).map((number): [number, IssueFact] => [number, issue('done')]),
        ...given.map(([number, labels]): [number, IssueFact] => [number, issue('open', ...labels)]),
      ]),
      requests: new Set(['vault/pending/disinto-ops-branch-protection.md']),
    });

  it('is understood to its last item, and left as it is where it is true', () => {
    const { text: after, unknown } = reviseText(text, of(open));

    expect(after).toBe(text);
    expect(unknown.map(({ what }) => what)).toEqual([
      'BLOCKED for a reason that names no number, and no open item has one: left until a person changes it',
    ]);
  });

  it('says what became free when what blocks it is done', () => {
    const after = reviseText(text, {
      ...of(open.filter(([number]) => number !== 758)),
      requests: new Set(),
    }).text;

    expect(freedObjectives(text, after)).toEqual(['Ship (Fold 2) — Vault-gated fold transitions']);
    expect(after).toContain(
      '- [x] Ops repo branch protection blocks agent writes (#758 — closed, bug-report)\n',
    );
    expect(after).toContain('- [x] Ops repo branch protection blocks vault item visibility (#758)\n');
  });
});
