import { commandIn } from '../../actions/architect-pitch/decision.ts';
import { readPitch } from '../../actions/architect-pitch/document.ts';
import { answersIn, forksIn } from '../../actions/architect-pitch/forks.ts';
import { spentIn } from '../../actions/architect-pitch/text.ts';
import { parseRecord } from '../../actions/collect-engagement/log/record.ts';
import { closedBy, parseEvidence } from '../../actions/collect-process-metrics/text.ts';
import { pendingOf } from '../../actions/dashboard/pending.ts';
import { parseEntry } from '../../core/agent/entry.ts';
import { recordFile } from '../../core/agent/provenance/sign.ts';
import { parseRunRecord } from '../../core/agent/run-record.ts';
import { ApiError } from '../../core/api/errors.ts';
import { parseCrewFile } from '../../core/crew-file.ts';
import { actionsIn, proposalsIn } from '../../core/escalation/answer.ts';
import { readPayload } from '../../core/escalation/payload.ts';
import { parseEscalationPolicy } from '../../core/escalation/policy.ts';
import { proposalRecord, readEscalation } from '../../core/escalation/record.ts';
import { forgeError } from '../../core/forge/errors.ts';
import { type Facts, reviseText } from '../../core/prerequisites/revise.ts';
import { isUntouched, sealBody } from '../../core/sealed.ts';
import { filerBlockText } from '../../core/sprint/filer-block.ts';
import { visionsNamed } from '../../core/sprint/layout.ts';
import { markLine, openBody } from '../../core/sprint/marker.ts';
import { parseSprint } from '../../core/sprint/sprint.ts';
import { partsOf } from '../../core/text/headings.ts';
import { codeQuote, inert, inertLine, literal, withoutComments } from '../../core/text/inert.ts';
import { plain, quoted } from '../../core/text/log-line.ts';
import { sectionIn, withSection } from '../../core/text/sections.ts';
import { slugOf } from '../../core/text/slug.ts';
import { parseVaultAction } from '../../core/vault/action.ts';
import { parseFormula } from '../../core/vault/formula.ts';
import { readPattern } from '../../core/vault/pattern.ts';
import { parsePolicy } from '../../core/vault/policy.ts';
import { firedRecord, readRecord } from '../../core/vault/record.ts';
import { readWorkflow } from '../../core/vault/workflow-file.ts';
import { recordOf } from '../core/agent/provenance/records.ts';
import type { Random } from './random.ts';

// Everything that reads text from outside: what it is given by people who mean well, what means something to it, and how it
// is called. A parser that is added to the project goes into this list.

export interface Parser {
  name: string;
  /** In characters; the largest is what it is met with at most, or as much as it reads. */
  sizes: number[];
  /** A text of about a size, as people who mean well write it. */
  harmless: (size: number, random: Random) => string;
  /** What means something to it. */
  tokens: readonly string[];
  /** Reads a text; whether it was taken. */
  parse: (text: string) => boolean;
}

const words = [
  'the',
  'gate',
  'opens',
  'when',
  'a',
  'person',
  'has',
  'read',
  'it',
  '—',
  '“so”',
  'très',
  'and',
  'says',
];

/** Paragraphs, lists and headings, of which about half the lines are short, as in what people write. */
function prose(size: number, random: Random): string {
  const lines: string[] = [];
  let length = 0;
  while (length < size) {
    const kind = random.whole(10);
    const wanted = kind < 2 ? 0 : kind < 6 ? 10 + random.whole(20) : 70;
    let line = wanted === 0 ? '' : kind === 2 ? '- ' : kind === 3 ? '### ' : '';
    while (line.length < wanted) line += `${random.one(words)} `;
    lines.push(line.trimEnd());
    length += line.length + 1;
  }
  const text = lines.join('\n').slice(0, Math.max(size, 1)).trim();
  return text === '' ? 'so' : text;
}

/** Repeated until the size is reached. */
function until(
  size: number,
  head: string,
  part: (nth: number) => string,
  most = Number.POSITIVE_INFINITY,
): string {
  let text = head;
  for (let nth = 0; text.length < size && nth < most; nth += 1) text += part(nth);
  return text;
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

function sprint(size: number, random: Random): string {
  const each = Math.max(100, Math.ceil(size / 60));
  const entries = Array.from(
    { length: Math.max(1, Math.min(60, Math.floor(size / (each + 80)))) },
    (_, nth) => ({
      id: `entry-${nth}`,
      title: oneLine(40, random),
      labels: ['backlog', 'area'],
      dependsOn: nth === 0 ? [] : [`entry-${nth - 1}`],
      body: `${prose(each, random)}\n`,
      line: 0,
      column: 0,
    }),
  );
  return `# Sprint: ${oneLine(20, random)}\n\n## Vision issues\n- #7 — a goal\n\n## What it is\n${prose(200, random)}\n\n${filerBlockText(entries)}\n`;
}

const markdown = [
  '# ',
  '## ',
  '## Vision issues\n',
  '- #7 — x\n',
  '- ',
  '* ',
  '> ',
  '```',
  '~~~',
  '`',
  '<!--',
  '-->',
  '<!-- filer:begin -->\n',
  '<!-- filer:end -->\n',
  'filer:begin',
  '#',
  '[',
  '](',
  '![',
  '@someone',
  'closes #1',
  '&lt;',
];
const yaml = [
  '- ',
  '? ',
  ': ',
  ':',
  '# ',
  '#',
  '&a ',
  '*a',
  '!!str ',
  '! ',
  '[',
  ']',
  '{',
  '}',
  ',',
  '|',
  '>',
  '|\n',
  '|+9\n',
  '---\n',
  '...\n',
  '%YAML 1.2\n',
  '"',
  "'",
  '\\u',
  'id: a\n',
  '  title: b\n',
  '  labels: [',
  '  depends_on: [a, ',
  '  body: |\n',
  '    ',
  '<<: *a',
  'true',
  '1e999',
  '0x',
];
const toml = [
  '[',
  ']',
  '[[',
  ']]',
  '{',
  '}',
  '=',
  ' = ',
  ',',
  '.',
  '#',
  '#\n',
  '"',
  '"""',
  "'",
  "'''",
  '\\',
  '\\u0041',
  '\\e',
  'a=[1#\n',
  'a = 1\n',
  'formula = "x"\n',
  'secrets = ["A", ',
  '[inputs]\n',
  '[inputs.a]\n',
  'pattern = "[z-a]"\n',
  'pattern = "[a-z]{0,999}[a-z]{0,999}[a-z]{0,999}"\n',
  '07:32',
  '1979-05-27T07:32:00Z',
  'inf',
  '0x',
  '1_0',
  'true',
];

const oneLine = (size: number, random: Random): string => prose(size, random).replace(/\s+/g, ' ');
const formula = (size: number, random: Random): string =>
  until(
    size,
    `description = "Backs up."\nsecrets = ["BACKUP_KEY"]\ntimeout_minutes = 5\n\n[run]\nbackend = "forgejo-workflow"\nworkflow = "backup.yml"\n`,
    (nth) =>
      `\n[inputs.input_${nth}]\n# ${oneLine(300, random)}\nrequired = true\npattern = "[a-z0-9-]{1,63}"\n`,
  );
const action = (size: number, random: Random): string =>
  until(
    size,
    `formula = "backup"\ncontext = "why"\nsecrets = ["BACKUP_KEY"]\n\n[inputs]\n`,
    (nth) => `# ${oneLine(200, random)}\ninput_${nth} = "${oneLine(100, random)}"\n`,
  );
const policy = (size: number, random: Random): string =>
  until(size, '[tiers]\n', (nth) => `# ${oneLine(100, random)}\nformula-${nth} = "low"\n`);
const crew = (size: number, random: Random): string =>
  until(
    size,
    'pause = true\nreason = "moving house"\nbots = [\n',
    (nth) => `  # ${oneLine(100, random)}\n  "agent-${nth}",\n`,
  ).concat(']\n');
const workflow = (size: number, random: Random): string =>
  until(
    size,
    'on:\n  workflow_dispatch:\njobs:\n',
    (nth) =>
      `  job-${nth}:\n    runs-on: docker\n    steps:\n      - name: ${oneLine(30, random).replace(/[^a-z ]/g, 'x')}\n        run: |\n${prose(
        400,
        random,
      ).replace(/^/gm, '          ')}\n`,
  );
const filedIssue = (size: number, random: Random): string =>
  sealBody('Title', `${prose(size, random)}\n`, markLine({ vision: 7, sprint: 'x', id: 'a' }));
const fired = (size: number, random: Random): string =>
  until(size, '{"version":1', (nth) => `,"field${nth}":["${oneLine(20, random)}",${nth},{"a":null}]`).concat(
    '}',
  );
const accessLine = (size: number, random: Random): string =>
  JSON.stringify({
    level: 'info',
    ts: 1_763_510_400.5,
    logger: 'http.log.access',
    msg: 'handled request',
    request: {
      remote_ip: '192.0.2.7',
      client_ip: '192.0.2.7',
      proto: 'HTTP/2.0',
      method: 'GET',
      host: 'example.com',
      uri: '/a/page',
      headers: Object.fromEntries(
        Array.from({ length: Math.ceil(size / 60) }, (_, nth) => [`X-Header-${nth}`, [oneLine(40, random)]]),
      ),
    },
    duration: 0.01,
    size: 100,
    status: 200,
  });

const rules = { vision: 7, allowedLabels: ['backlog'], mostEntries: 8 };

/** Of texts that are shown, the same for all. */
/** An objective with items in every usual form. */
function tree(size: number): string {
  return until(
    size,
    '# Prerequisite Tree\n<!-- Last updated: 2026-04-15 -->\n\n',
    (nth) =>
      `## Objective: Number ${nth} — it works\n- [x] So it is (#${1 + (nth % 40)} — closed)\n- [ ] It goes on (#${1 + (nth % 50)} — backlog, depends on #3+#4)\n- [ ] Somebody looked\nStatus: BLOCKED — waits for #3\n\n`,
  );
}

/** The record of an agent's run, in its envelope. */
function runRecord(size: number): string {
  // In base64 it takes a third more.
  const lines = until(Math.floor((size * 3) / 4) - 1500, '', (nth) => `It was told of comment ${nth}.\n`);
  return recordFile(recordOf({ woken_by: lines.split('\n') }), undefined);
}

/** A forge with some issues of each kind. */
const facts: Facts = {
  issues: new Map(
    Array.from({ length: 50 }, (_, index) => [
      index + 1,
      {
        kind: index % 5 === 0 ? ('pull' as const) : ('issue' as const),
        outcome: index % 2 === 0 ? ('done' as const) : ('open' as const),
        labels: index % 3 === 0 ? ['backlog', 'blocked'] : [],
      },
    ]),
  ),
  requests: new Set(['vault/pending/x.md']),
  noteLabels: ['backlog', 'in-progress', 'blocked', 'vision', 'priority'],
  blockingLabels: ['blocked'],
  workingLabels: ['in-progress'],
  visionLabel: 'vision',
  today: '2026-11-26',
};

const texts = { sizes: [4000, 1_000_000], harmless: prose, tokens: markdown };

export const parsers: Parser[] = [
  {
    name: 'sprint document',
    sizes: [4000, 60_000, 700_000],
    harmless: sprint,
    tokens: [...markdown, ...yaml, ...yaml],
    parse: (text) => parseSprint('sprints/x.md', bytes(text)).kind === 'sprint',
  },
  {
    name: 'visions of a document',
    ...texts,
    harmless: sprint,
    parse: (text) => visionsNamed(text).length === 1,
  },
  {
    name: 'workflow file',
    sizes: [4000, 200_000],
    harmless: workflow,
    tokens: yaml,
    parse: (text) => readWorkflow('.forgejo/workflows/x.yml', 'b', bytes(text)).faults.length === 0,
  },
  {
    name: 'vault action',
    sizes: [4000, 45_000],
    harmless: action,
    tokens: toml,
    parse: (text) => parseVaultAction('vault/actions/x.toml', bytes(text)).ok,
  },
  {
    name: 'formula',
    sizes: [4000, 45_000],
    harmless: formula,
    tokens: toml,
    parse: (text) => parseFormula('vault/formulas/x.toml', bytes(text)).ok,
  },
  {
    name: 'policy',
    sizes: [4000, 45_000],
    harmless: policy,
    tokens: toml,
    parse: (text) => parsePolicy('vault/policy.toml', bytes(text)).ok,
  },
  {
    name: 'policy of escalation',
    sizes: [4000, 45_000],
    harmless: (size) => {
      // A list of it has a hundred names at most, so the rest is said beside it.
      const rule = '[issue-create]\nrepositories = ["owner/project"]\nlabels = ["bug"]\n';
      return `${rule}${'# why\n'.repeat(Math.max(1, Math.floor(size / 6) - 15))}`;
    },
    tokens: toml,
    parse: (text) => parseEscalationPolicy('escalation/policy.toml', bytes(text)).ok,
  },
  {
    name: 'proposal',
    sizes: [4000, 20_000],
    harmless: (size) =>
      JSON.stringify({ title: 'a', body: 'x '.repeat(Math.max(1, Math.floor(size / 2) - 20)) }),
    tokens: [
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      '\\u0061',
      '"title"',
      '"a":1,',
      '__proto__',
      ' ',
      '\n',
      '`',
    ],
    parse: (text) => readPayload('issue-create', text, 'owner/project').ok,
  },
  {
    name: 'answer with actions',
    sizes: [4000, 100_000],
    harmless: (size) =>
      `${'words '.repeat(Math.floor(size / 7))}\n<action type="issue-create">{"title":"a"}</action>`,
    tokens: [
      '<action type="issue-create">',
      '</action>',
      '<action',
      'type="',
      '"',
      '>',
      '```forgecrew-proposal issue-create',
      '```',
      '~~~',
      '\n',
      '{',
      '}',
    ],
    parse: (text) => actionsIn(text).actions.length + proposalsIn(text).length > 0,
  },
  {
    name: 'crew file',
    sizes: [4000, 45_000],
    harmless: crew,
    tokens: [...toml, 'pause = true\n', 'reason = "', 'bots = ["a", '],
    parse: (text) => parseCrewFile('forgecrew.toml', bytes(text)).ok,
  },
  {
    name: 'pattern of a formula, with what it is held against',
    // What a formula may hold at most.
    sizes: [100, 200],
    harmless: (size) => `${'[a-z0-9-]{1,63}'.repeat(Math.ceil(size / 15))}\n${'abc-123'.repeat(500)}`,
    tokens: [
      '[a-z]',
      '[a-z]{0,999}',
      '[^a]',
      '[z-a]',
      '.*',
      '.+',
      '.',
      'a?',
      'a*',
      'a+',
      '{0,9999}',
      '{9,1}',
      '(',
      ')',
      '|',
      '\\d',
      '\\',
      '\\1',
      '^',
      '$',
      '[\\w-]',
      '\\p{L}',
    ],
    parse: (text) => {
      const at = text.indexOf('\n');
      const pattern = readPattern(at < 0 ? text : text.slice(0, at));
      return pattern.kind === 'pattern' && (pattern.matches(`${'a'.repeat(3999)}!`) || true);
    },
  },
  {
    name: 'record of the vault',
    sizes: [4000, 45_000],
    harmless: fired,
    tokens: [
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\u0041',
      '1e9',
      'null',
      '"__proto__":',
      '{"version":1,',
      '"a":{',
    ],
    parse: (text) => readRecord(firedRecord, bytes(text)) === undefined || true,
  },
  {
    name: 'body of a filed issue',
    ...texts,
    harmless: filedIssue,
    tokens: [...markdown, '<!-- filed: sha256:', '<!-- decomposed-from: #7, sprint: x, id: a -->', '\n\n'],
    parse: (text) => {
      const filed = openBody(text);
      return filed !== undefined && isUntouched('Title', filed);
    },
  },
  {
    name: 'pitch of a model',
    sizes: [4000, 45_000],
    harmless: sprint,
    tokens: [...markdown, ...yaml],
    parse: (text) => readPitch(text, rules).ok || true,
  },
  {
    name: 'design questions in a document',
    ...texts,
    harmless: (size, random) => `<!-- forks:begin -->\n${prose(size, random)}\n<!-- forks:end -->\n`,
    tokens: [...markdown, '<!-- forks:begin -->\n', '<!-- forks:end -->\n', 'Q1: ', 'A1: ', '**'],
    parse: (text) => forksIn(text) === undefined || true,
  },
  {
    name: 'answers and commands in a comment',
    ...texts,
    tokens: [...markdown, 'ACCEPT', 'REJECT: ', 'A1: ', 'A99: ', 'PITCH AGAIN'],
    parse: (text) => {
      commandIn(text);
      answersIn(text);
      spentIn(text, '2026-01-01');
      return true;
    },
  },
  {
    name: 'prerequisite tree',
    sizes: [4000, 200_000],
    harmless: tree,
    tokens: [
      ...markdown,
      '## Objective: ',
      '- [ ] ',
      '- [x] ',
      '(#1 — closed)',
      '(#2 — backlog, depends on #3+#4)',
      '(#5-#9 — all closed)',
      'blocked-on-vault (vault/pending/x.md)',
      ' depends on #3',
      'Status: ',
      'BLOCKED — ',
      '## --- A MILESTONE: DONE ---',
      '---',
      ', #6',
      ' '.repeat(50),
      '<!--',
      '-->',
    ],
    parse: (text) => reviseText(text, facts).text.length > 0,
  },
  {
    name: 'request to a person',
    ...texts,
    sizes: [1000, 100_000],
    tokens: [
      ...markdown,
      '# ',
      '## Human action\n',
      '## Unblocks\n',
      'Waiting since 2026-04-08',
      '**',
      ' '.repeat(50),
    ],
    parse: (text) => pendingOf('vault/pending/x.md', text).title.length >= 0,
  },
  {
    name: 'words of a pull request that close an issue',
    ...texts,
    sizes: [1000, 20_000],
    tokens: [...markdown, 'closes ', 'fixes: ', '#1', 'resolved\t', '```', '`', '<!--', '-->'],
    parse: (text) => closedBy({ title: text.slice(0, 200), body: text }).length >= 0,
  },
  {
    name: 'record of another role, and evidence of the process',
    sizes: [1000, 1_000_000],
    harmless: runRecord,
    tokens: [
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '"agent":',
      '"ended_at":',
      '"payloadType":',
      '"payload":',
      '1e999',
    ],
    parse: (text) => {
      parseEvidence(text);
      parseEntry(bytes(text));
      readEscalation(proposalRecord, bytes(text));
      return parseRunRecord(bytes(text)) !== undefined;
    },
  },
  {
    name: 'text shown without effect',
    ...texts,
    tokens: [...markdown, 'fixes ', 'closes: ', '<a', '<!', '@', ' #1', 'resolved\t'],
    parse: (text) => {
      inert(text);
      inertLine(text, 200);
      literal(text);
      codeQuote(text);
      return true;
    },
  },
  {
    name: 'text without its comments',
    ...texts,
    tokens: ['<!--', '-->', '<!-', '--', '>', '<', '\u00ad'],
    parse: (text) => withoutComments(text).length >= 0,
  },
  {
    name: 'headings and sections',
    ...texts,
    parse: (text) => {
      partsOf(text, { begin: '<!-- a -->', end: '<!-- b -->' });
      sectionIn(text, '<!-- a -->', '<!-- b -->');
      withSection(text, { begin: '<!-- a -->', end: '<!-- b -->', content: 'x' });
      return true;
    },
    tokens: [...markdown, '<!-- a -->\n', '<!-- b -->\n', '# #', ' ##\n'],
  },
  {
    name: 'line of a log, and a name',
    ...texts,
    parse: (text) => {
      plain(text);
      quoted(text);
      slugOf(text, 60);
      return true;
    },
    tokens: [...markdown, '::error::', '##[group]', '\u001b[2J', '\u202e', 'ﬃ', 'ẛ̣'],
  },
  {
    name: 'record of an access log',
    sizes: [1000, 200_000],
    harmless: accessLine,
    tokens: [
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\u0041',
      '\\',
      '"ts":',
      '"request":{',
      '"headers":{',
      '1e999',
      '-',
    ],
    parse: (text) => parseRecord(text, { time: 1, duration: 1 }) === undefined || true,
  },
  {
    name: 'answer of a forge that is no success',
    ...texts,
    tokens: [
      '<',
      '<title',
      '<title>',
      '</title>',
      'required scope(s): [',
      ']',
      '/',
      ' /',
      '"',
      '<!doctype html>',
      '\n',
    ],
    parse: (text) =>
      [401, 403, 413, 500].every(
        (status) =>
          forgeError(
            { method: 'GET', route: '/repos/{owner}/{repo}', params: { owner: 'o', repo: 'r' } },
            {
              status,
              headers: { location: text.slice(0, 8000) },
              body: status === 403 ? { message: text } : text,
            },
          ) instanceof ApiError,
      ),
  },
];
