import { auditToken, posts } from '../../cli/factory/posts.ts';
import { roles } from '../../roles.ts';

// The picture of the whole loop: who decides, which role works as which account with which token, and what it reads and writes.
// Accounts and scopes come from what `init` makes and from what the roles say, so that the picture cannot say something else.
// Static: no script, no font, no link, so that any forge shows it as an image. Pure.

/** Accounts of roles that `init` makes none for, as their examples call them: vault-request is a step in pipelines of others. */
export const usualLogins: Record<string, string> = {
  'vault-request': 'agent',
};

interface Column {
  title: string;
  roles: string[];
  people: string;
  ops: string[];
  project: string[];
}

/** What happens, from the left to the right. A line begins with the way it goes: the role reads, or the role writes. */
const columns: Column[] = [
  {
    title: '1. A goal becomes a plan',
    roles: ['architect-pitch'],
    people: 'write a vision issue; accept, answer and merge its sprint document',
    ops: ['writes: a sprint document, as a pull request from its fork'],
    project: ['reads: vision issues'],
  },
  {
    title: '2. A plan becomes issues',
    roles: ['ops-filer'],
    people: 'have merged the document, and nothing else is needed',
    ops: ['reads: sprints/*.md on main'],
    project: ['writes: issues and labels; closes the vision when all are done'],
  },
  {
    title: '3. An issue becomes code',
    roles: ['forge-agent'],
    people: 'set the label crew:<name>; review and merge the pull request',
    ops: ['reads: agents/*.toml'],
    project: ['reads: the issue and its talk', 'writes: a pull request from its fork, comments'],
  },
  {
    title: '4. What needs a secret',
    roles: ['vault-request', 'vault-dispatch'],
    people: 'approve and merge the action',
    ops: ['writes: the action as a pull request; records; starts the formula, whose gate looks once more'],
    project: ['nothing'],
  },
  {
    title: '5. What is asked in words',
    roles: ['escalation'],
    people: 'ask in an issue; click on a proposal',
    ops: ['reads: escalation/policy.toml'],
    project: ['writes: answers and proposals; what was clicked on'],
  },
  {
    title: '6. What came of it',
    roles: ['collect-engagement', 'collect-process-metrics', 'prerequisites', 'dashboard'],
    people: 'look at one issue, and do what waits for them',
    ops: ['writes: evidence/, prerequisites.md, the dashboard issue'],
    project: ['reads: issues, pull requests, reviews'],
  },
];

interface Account {
  login: string;
  scopes: string[];
}

/** Scopes without those that others of the same account imply. */
function needed(scopes: readonly string[]): string[] {
  return [...new Set(scopes)].filter(
    (scope) => scope.startsWith('write:') || !scopes.includes(scope.replace(/^read:/, 'write:')),
  );
}

/** The accounts that work in a column, each once. */
function accountsOf({ roles: names }: Pick<Column, 'roles'>): Account[] {
  const all = names.flatMap((name): Account[] => {
    const own = posts.filter(({ role }) => role === name);
    if (own.length > 0) return own.map((post) => ({ login: post.name, scopes: [...post.scopes] }));
    const role = roles.find((item) => item.name === name);
    const login = usualLogins[name];
    if (role === undefined || login === undefined)
      throw new Error(`the picture of the loop needs the account of ${name}`);
    return [{ login, scopes: role.needs.flatMap(({ scopes }) => scopes) }];
  });
  if (names.includes(auditToken.role))
    all.push({ login: 'an admin, who is only asked', scopes: [...auditToken.scopes] });
  const logins = [...new Set(all.map(({ login }) => login))];
  return logins.map((login) => {
    const own = all.filter((item) => item.login === login);
    return { login, scopes: needed(own.flatMap(({ scopes }) => scopes)) };
  });
}

const columnWidth = 182;
const gap = 10;
const left = 96;
const line = 15;

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Words on lines of at most so many characters. */
function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

interface Line {
  text: string;
  kind: string;
}

function plainLines(text: string): Line[] {
  return wrapped(text, 25).map((item) => ({ text: item, kind: 'word' }));
}

/** What one role reads or writes, with the first word set apart. */
function wayLines(text: string): Line[] {
  const [, way = '', rest = ''] = /^(reads|writes): (.*)$/.exec(text) ?? [];
  if (way === '') return plainLines(text);
  return [{ text: way === 'reads' ? '▲ read' : '▼ written', kind: way }, ...plainLines(rest)];
}

function roleLines(column: Column): Line[] {
  return [
    ...column.roles.map((name) => ({ text: name, kind: 'role' })),
    ...accountsOf(column).flatMap(({ login, scopes }) => [
      ...wrapped(`as ${login}, with`, 25).map((text) => ({ text, kind: 'account' })),
      ...wrapped(scopes.join(', '), 24).map((text) => ({ text, kind: 'scope' })),
    ]),
  ];
}

const rows: { name: string[]; kind: string; lines: (column: Column) => Line[] }[] = [
  { name: ['People'], kind: 'people', lines: ({ people }) => plainLines(people) },
  { name: ['Roles,', 'in CI'], kind: 'roles', lines: roleLines },
  { name: ['Ops repo'], kind: 'repo', lines: ({ ops }) => ops.flatMap(wayLines) },
  { name: ['Project', 'repo'], kind: 'repo', lines: ({ project }) => project.flatMap(wayLines) },
];

/** `docs/loop.svg` */
export function loopPicture(): string {
  const width = left + columns.length * (columnWidth + gap) + gap;
  const parts: string[] = [];
  columns.forEach(({ title }, index) => {
    const x = left + index * (columnWidth + gap);
    // Each points to the next one; the last one stands at the beginning again.
    parts.push(
      `<path class="step" d="M${x} 14h${columnWidth - 6}l12 13l-12 13h-${columnWidth - 6}z"/>`,
      `<text class="title" x="${x + 8}" y="31">${escaped(title)}</text>`,
    );
  });
  let y = 54;
  for (const { name, kind, lines } of rows) {
    const cells = columns.map((column) => lines(column));
    const height = Math.max(...cells.map(({ length }) => length)) * line + 16;
    name.forEach((text, index) => {
      parts.push(`<text class="row" x="10" y="${y + 20 + index * 17}">${escaped(text)}</text>`);
    });
    cells.forEach((cell, index) => {
      const x = left + index * (columnWidth + gap);
      parts.push(
        `<rect class="${kind}" x="${x}" y="${y}" width="${columnWidth}" height="${height}" rx="6"/>`,
        ...cell.map(
          ({ text, kind: style }, nth) =>
            `<text class="${style}" x="${x + 9}" y="${y + 19 + nth * line}">${escaped(text)}</text>`,
        ),
      );
    });
    y += height + 8;
  }
  const notes = [
    'Every token is a secret of the CI that starts the role. A push, a schedule or an event only says: look now. What came of it (6) leads to the next goal (1).',
    'The coding agent of 3 and the models of 1 and 5 hold no token of the forge. A key for a model, where one is asked, is a secret beside the token.',
    'Whoever may write to the ops repo could read the secrets of its CI. So architect, filer, crew, speaker and agent may only read it; what is proposed there comes from forks.',
  ];
  notes.forEach((text, index) => {
    parts.push(`<text class="note" x="10" y="${y + 16 + index * 17}">${escaped(text)}</text>`);
  });
  const height = y + notes.length * 17 + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="The whole loop: what people decide, which role works as which account with which token, and what it reads and writes">`,
    // Its own ground: most of the text could not be read on a dark page otherwise.
    '<style>text{font:12px sans-serif;fill:#222}.ground{fill:#fff}.title{font-weight:bold;fill:#fff}.row{font:bold 14px sans-serif}.step{fill:#2f5d8a}.people{fill:#fdf0d5}.roles{fill:#e3edf7}.repo{fill:#eeeeee}.role{font:bold 12px monospace}.account{fill:#7a3b00}.scope{font:11px monospace}.reads{font-weight:bold;fill:#2f5d8a}.writes{font-weight:bold;fill:#2e7d4f}.note{fill:#444}</style>',
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
