import type { Fault } from '../../core/errors.ts';
import type { Entry, Sprint } from '../../core/sprint/entry.ts';
import { filerBlockText } from '../../core/sprint/filer-block.ts';
import { filerBegin, filerEnd } from '../../core/sprint/layout.ts';
import { parseSprint } from '../../core/sprint/sprint.ts';
import { partsOf } from '../../core/text/headings.ts';
import { inert, inertLine, visible } from '../../core/text/inert.ts';
import { quoted } from '../../core/text/log-line.ts';
import { slugOf } from '../../core/text/slug.ts';
import type { PitchSettings } from './state.ts';

// A pitch as a document. What a model answers is taken apart, checked by the parser that will file it, and written anew: a
// model fills in sections, it writes no line of the document's frame.

/** The sections of a pitch, in this order. */
const sectionTitles = [
  'Vision issues',
  'What this enables',
  'What exists today',
  'Complexity',
  'Risks',
  'Cost — new infra to maintain',
  'Recommendation',
  'Sub-issues',
] as const;
/** Those that are prose; the first and the last are made by code. */
const proseTitles: readonly string[] = sectionTitles.slice(1, -1);

export interface Pitch {
  name: string;
  /** The prose by its section's title. */
  prose: Record<string, string>;
  entries: Entry[];
}

export interface Rules {
  vision: number;
  allowedLabels: string[];
  mostEntries: number;
}

/** What settings ask of a pitch of this vision. */
export function rulesFor(settings: PitchSettings, vision: number): Rules {
  return { vision, allowedLabels: settings['allowed-labels'], mostEntries: settings['max-sub-issues'] };
}

/** An answer as a pitch, or every reason why it is none, in words that a model can mend it by. */
export type Reading<T> = { ok: true; value: T } | { ok: false; faults: string[] };

const largestAnswer = 200_000;

/** Some models put a whole document into one code fence. */
function unfenced(answer: string): string {
  const lines = visible(answer).trim().split('\n');
  const isWrapped =
    /^(`{3,})(markdown|md|yaml)?$/.test(lines[0] ?? '') && lines.at(-1) === lines[0]?.replace(/[^`]/g, '');
  return `${(isWrapped ? lines.slice(1, -1) : lines).join('\n').trim()}\n`;
}

/** Reads a whole pitch. */
export function readPitch(answer: string, rules: Rules): Reading<Pitch> {
  if (answer.length > largestAnswer)
    return {
      ok: false,
      faults: [`the answer has ${answer.length} characters; at most ${largestAnswer} are read`],
    };
  const text = unfenced(answer);
  const faults: string[] = [];
  const parts = partsOf(text, { begin: filerBegin, end: filerEnd });
  const [first] = parts;
  const name = /^# Sprint: (.+)$/.exec(text.split('\n')[0] ?? '')?.[1]?.trim() ?? '';
  if (name === '' || first?.line !== 1)
    faults.push('1:1: the answer has to begin with the line "# Sprint: <name>"; nothing may stand before it');
  if (Buffer.byteLength(name) > 120) faults.push('1:1: the name of the sprint is longer than 120 bytes');
  const found = parts.slice(1).map(({ level, title }) => `${'#'.repeat(level)} ${title}`);
  const wanted = sectionTitles.map((title) => `## ${title}`);
  const wrong = wanted.findIndex((heading, index) => found[index] !== heading);
  if (wrong >= 0 || found.length > wanted.length) {
    const at = wrong >= 0 ? wrong : wanted.length;
    const instead = found[at];
    faults.push(
      `${parts[at + 1]?.line ?? text.split('\n').length}:1: expected ${wanted[at] === undefined ? 'no further section' : quoted(wanted[at])}, ${instead === undefined ? 'and the answer ends' : `found ${quoted(instead)}`}; the sections are, in this order: ${wanted.join(', ')}`,
    );
  }
  for (const title of proseTitles)
    if (parts.find((part) => part.title === title)?.text.trim() === '')
      faults.push(`the section "## ${title}" is empty`);
  if (text.trimEnd().split('\n').at(-1) !== filerEnd)
    faults.push(`the answer has to end with the line ${filerEnd}`);
  const sprint = readSprint(text, rules, faults);
  if (faults.length > 0 || sprint === undefined) return { ok: false, faults: faults.slice(0, 20) };
  const pitch: Pitch = {
    name: inertLine(name, 100),
    prose: Object.fromEntries(
      proseTitles.map((title) => [
        title,
        inert(parts.find((part) => part.title === title)?.text.trim() ?? ''),
      ]),
    ),
    entries: sprint.entries.map((entry) => inertEntry(entry, rules)),
  };
  // What is written is not what was read: a title, say, may have grown over what the forge keeps.
  return stillRight(documentText(pitch, { number: rules.vision, title: 'x' }), pitch);
}

function stillRight<T>(document: string, value: T): Reading<T> {
  const parsed = parseSprint('sprints/pitch.md', Buffer.from(document, 'utf8'));
  if (parsed.kind === 'sprint') return { ok: true, value };
  return {
    ok: false,
    faults: parsed.kind === 'faulty' ? parsed.faults.map(faultLine) : ['the document has no filer block'],
  };
}

/** Reads a filer block alone. */
export function readBlock(answer: string, rules: Rules): Reading<Entry[]> {
  if (answer.length > largestAnswer)
    return {
      ok: false,
      faults: [`the answer has ${answer.length} characters; at most ${largestAnswer} are read`],
    };
  const text = unfenced(answer);
  const lines = text.trimEnd().split('\n');
  if (lines[0] !== filerBegin || lines.at(-1) !== filerEnd)
    return {
      ok: false,
      faults: [
        `the answer has to be a filer block alone: from the line ${filerBegin} to the line ${filerEnd}`,
      ],
    };
  const faults: string[] = [];
  // On one line, so that the parser's line numbers are those of the answer.
  const sprint = readSprint(`${text}\n## Vision issues\n- #${rules.vision} — x\n`, rules, faults);
  if (faults.length > 0 || sprint === undefined) return { ok: false, faults: faults.slice(0, 20) };
  const entries = sprint.entries.map((entry) => inertEntry(entry, rules));
  return stillRight(`## Vision issues\n- #${rules.vision} — x\n\n${filerBlockText(entries)}\n`, entries);
}

/** What ops-filer would read, and what a pitch asks beyond that. */
function readSprint(text: string, rules: Rules, faults: string[]): Sprint | undefined {
  const parsed = parseSprint('sprints/pitch.md', Buffer.from(text, 'utf8'));
  if (parsed.kind === 'no-block') {
    faults.push(
      `there is no filer block: the lines ${filerBegin} and ${filerEnd} with a YAML list between them`,
    );
    return undefined;
  }
  if (parsed.kind === 'faulty') {
    faults.push(...parsed.faults.map(faultLine));
    return undefined;
  }
  const { sprint } = parsed;
  if (sprint.vision !== rules.vision)
    faults.push(`${sprint.visionAt.line}:1: the vision is #${rules.vision}, not #${sprint.vision}`);
  if (sprint.entries.length === 0) faults.push('the filer block declares no sub-issues');
  if (sprint.entries.length > rules.mostEntries)
    faults.push(`${sprint.entries.length} sub-issues; at most ${rules.mostEntries}`);
  for (const entry of sprint.entries.slice(0, 50)) faults.push(...entryFaults(entry, rules));
  return sprint;
}

function faultLine({ line, column, message }: Fault): string {
  return line === 0 ? message : `${line}:${column}: ${message}`;
}

function entryFaults({ id, title, labels, body, line }: Entry, rules: Rules): string[] {
  const start = titleStart(rules);
  const unknown = labels.filter((label) => !rules.allowedLabels.includes(label));
  return [
    ...(/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id) ? [] : [`${line}:1: the id ${quoted(id)} is not in kebab-case`]),
    ...(title.startsWith(start) && title.length > start.length
      ? []
      : [`${line}:1: the title of ${quoted(id)} has to begin with ${quoted(start)}`]),
    ...(unknown.length === 0 && labels.length > 0
      ? []
      : [
          `${line}:1: the labels of ${quoted(id)} have to be one or more of ${rules.allowedLabels.join(', ')}${unknown.length === 0 ? '' : `, not ${unknown.map((label) => quoted(label)).join(', ')}`}`,
        ]),
    ...['## Goal', '## Acceptance criteria'].flatMap((heading) =>
      body.split('\n').some((text) => text.trimEnd() === heading)
        ? []
        : [`${line}:1: the body of ${quoted(id)} lacks the line ${quoted(heading)}`],
    ),
  ];
}

/** What every title begins with: a reference that is ours. */
function titleStart({ vision }: Rules): string {
  return `vision(#${vision}): `;
}

function inertEntry(entry: Entry, rules: Rules): Entry {
  const start = titleStart(rules);
  const title = `${start}${inertLine(entry.title.slice(start.length), 200 - start.length)}`;
  return { ...entry, title, body: `${inert(entry.body).trimEnd()}\n` };
}

/** The whole document, as ops-filer files it once it is merged. */
export function documentText(pitch: Pitch, vision: { number: number; title: string }): string {
  return [
    `# Sprint: ${pitch.name}`,
    `## Vision issues\n- #${vision.number} — ${inertLine(vision.title, 200)}`,
    ...proseTitles.map((title) => `## ${title}\n${pitch.prose[title] ?? ''}`),
    `## Sub-issues\n\n${filerBlockText(pitch.entries)}`,
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

/** The entries of a document, or undefined where it is not one that could be filed. */
export function entriesOf(document: string): Entry[] | undefined {
  const parsed = parseSprint('sprints/pitch.md', Buffer.from(document, 'utf8'));
  return parsed.kind === 'sprint' ? parsed.sprint.entries : undefined;
}

/** The name that a document gives itself. */
export function nameOf(document: string): string {
  return /^# Sprint: (.+)$/m.exec(document)?.[1]?.trim() ?? '';
}

/** The name of a pitch's file, without its ending: after the sprint's name, unlike those that are taken. */
export function fileNameOf(name: string, vision: number, taken: string[]): string {
  const slug = slugOf(name, 60) || `vision-${vision}`;
  const free = (candidate: string): boolean => !taken.includes(`${candidate}.md`);
  if (free(slug)) return slug;
  const withVision = `${slug}-vision-${vision}`;
  for (let nth = 1; ; nth += 1) {
    const candidate = nth === 1 ? withVision : `${withVision}-${nth}`;
    if (free(candidate)) return candidate;
  }
}
