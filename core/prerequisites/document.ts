import { type Fence, fenceAfter } from '../text/fences.ts';
import { type Notes, notesIn, refsIn, type Span } from './notes.ts';

// A prerequisite tree as it stands, with the place of everything that a role may change. Pure.

/** What an objective can be; a status line has one of these words. */
const statusWords = ['DONE', 'READY', 'IN PROGRESS', 'BLOCKED'] as const;
export type StatusWord = (typeof statusWords)[number];

export interface Item {
  /** From 1. */
  line: number;
  /** The character between the brackets. */
  box: Span;
  isTicked: boolean;
  /** What stands behind the box. */
  text: string;
  notes: Notes;
}

export interface StatusLine {
  line: number;
  word: StatusWord;
  /** Of the word. */
  span: Span;
  /** What stands behind the word, with the dash; empty where nothing does. */
  rest: Span & { text: string };
  /** Without the dash. */
  reason: string;
}

export interface Objective {
  line: number;
  /** As it stands behind `Objective:`. */
  name: string;
  /** Numbers that its heading names. */
  numbers: number[];
  items: Item[];
  status: StatusLine | null;
}

export interface Milestone {
  line: number;
  name: string;
  word: 'DONE' | 'IN PROGRESS';
  span: Span;
  /** Those between it and the milestone before. */
  objectives: Objective[];
}

/** What is left as it is because nobody can tell what it means. */
export interface Unknown {
  line: number;
  what: string;
}

export interface Prerequisites {
  text: string;
  /** The day behind `Last updated:`. */
  date: (Span & { text: string }) | null;
  objectives: Objective[];
  milestones: Milestone[];
  unknown: Unknown[];
}

const objectiveLine = /^ {0,3}(#{1,6})[ \t]+Objective:[ \t]*(.*)$/i;
const milestoneLine =
  /^( {0,3}#{1,6}[ \t]+-{2,}(?!-)[ \t]*(?![ \t])(.+?)(?<![ \t])[ \t]+MILESTONE:[ \t]*)(.*)$/i;
const headingLine = /^ {0,3}(#{1,6})(?:[ \t]|$)/;
const itemLine = /^([ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[)([ xX])\]([ \t]+)(.*)$/;
const statusLine = /^( {0,3}(?:\*\*)?Status:(?:\*\*)?[ \t]*)(.*)$/i;
const statusText = new RegExp(`^(${statusWords.join('|')})((?:[ \\t]*(?:—|–|-|:)[ \\t]*(.*))?)$`);
/** A line that could mean something, by how it begins. */
const meant = /^(?: {0,3}#|[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[[ xX]\]| {0,3}(?:\*\*)?Status:)/i;
/** No line that a person writes comes near this; longer ones would only be a way to keep the role busy. */
const longestLine = 4000;
const dateLine = /^(.*\bLast updated:[ \t]*)(\d{4}-\d{2}-\d{2})\b/i;

/** Takes a document apart. Never fails: what is not understood is in `unknown`. */
export function parsePrerequisites(text: string): Prerequisites {
  const found: Prerequisites = { text, date: null, objectives: [], milestones: [], unknown: [] };
  let objective: { level: number; value: Objective } | null = null;
  let sinceMilestone: Objective[] = [];
  let fence: Fence | undefined;
  let isComment = false;
  let isList = false;
  // A byte order mark is no part of the first line; it stays where it is, as everything else does that is not ours.
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let number = 0;
  for (const whole of text.slice(at).split('\n')) {
    number += 1;
    const start = at;
    at += whole.length + 1;
    const line = whole.endsWith('\r') ? whole.slice(0, -1) : whole;
    const shown = withoutEnd(line, blanks);
    const unknown = (what: string): void => void found.unknown.push({ line: number, what });
    const wasFence = fence;
    if (!isComment) fence = fenceAfter(fence, line);
    if (wasFence !== undefined || fence !== undefined) continue;
    if (line.length > longestLine) {
      const wasOpen = isComment;
      isComment = commentAfter(isComment, line);
      if (!wasOpen && meant.test(line)) unknown(`the line has more than ${longestLine} characters`);
      continue;
    }

    const day = dateLine.exec(line);
    if (found.date === null && day !== null && found.objectives.length === 0) {
      const [, before = '', date = ''] = day;
      found.date = { start: start + before.length, end: start + before.length + date.length, text: date };
    }
    const wasComment = isComment;
    isComment = commentAfter(isComment, line);
    if (wasComment) continue;

    const heading = headingLine.exec(line);
    if (heading !== null) {
      isList = false;
      const level = heading[1]?.length ?? 0;
      const named = objectiveLine.exec(shown);
      const milestone = milestoneLine.exec(shown);
      if (named !== null) {
        const name = named[2] ?? '';
        const value: Objective = {
          line: number,
          name,
          numbers: (refsIn(name, 0) ?? []).flatMap(({ numbers }) => numbers),
          items: [],
          status: null,
        };
        objective = { level, value };
        found.objectives.push(value);
        sinceMilestone.push(value);
      } else if (milestone?.[3]?.endsWith('--')) {
        const [, before = '', name = '', rest = ''] = milestone;
        const word = withoutEnd(withoutEnd(rest, '-'), blanks);
        objective = null;
        if (word === 'DONE' || word === 'IN PROGRESS')
          found.milestones.push({
            line: number,
            name,
            word,
            span: { start: start + before.length, end: start + before.length + word.length },
            objectives: sinceMilestone,
          });
        else unknown('a milestone is DONE or IN PROGRESS, and this one is something else');
        sinceMilestone = [];
      } else if (objective !== null && level <= objective.level) objective = null;
      continue;
    }

    const item = itemLine.exec(line);
    // Four blanks are code, unless a list goes on.
    if (item !== null && (isList || !/^(?: {4}| {0,3}\t)/.test(line))) {
      isList = true;
      const [, before = '', mark = '', blanks = '', words = ''] = item;
      const box = { start: start + before.length, end: start + before.length + mark.length };
      if (objective === null) {
        unknown('an item stands outside of every objective');
        continue;
      }
      const notes = notesIn(words, box.end + 1 + blanks.length);
      for (const fault of notes.faults) unknown(fault);
      objective.value.items.push({ line: number, box, isTicked: mark !== ' ', text: words, notes });
      continue;
    }
    if (line.trim() !== '' && !/^[ \t]/.test(line)) isList = false;

    const status = statusLine.exec(shown);
    if (status !== null && objective !== null) {
      const [, before = '', rest = ''] = status;
      const known = statusText.exec(rest);
      if (known === null) unknown(`a status is one of ${statusWords.join(', ')}`);
      else if (objective.value.status !== null) unknown('this objective has a status already');
      else {
        const [, word = '', behind = '', reason = ''] = known;
        const from = start + before.length;
        objective.value.status = {
          line: number,
          word: word as StatusWord,
          span: { start: from, end: from + word.length },
          rest: { start: from + word.length, end: from + word.length + behind.length, text: behind },
          reason,
        };
      }
    }
  }
  return found;
}

const blanks = ' \t';

/** A text up to its last character that is none of these. A pattern would look at every one of them again and again. */
function withoutEnd(text: string, ends: string): string {
  let end = text.length;
  while (end > 0 && ends.includes(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

/** Whether a comment is open behind a line, given whether one was before it. */
function commentAfter(isOpen: boolean, line: string): boolean {
  let open = isOpen;
  for (const [mark] of line.matchAll(/<!--|-->/g)) open = mark === '<!--';
  return open;
}

/** Every issue that the document follows, sorted: items, what they depend on, and what a status names as its reason. */
export function numbersIn({ objectives }: Prerequisites): number[] {
  const all = objectives.flatMap(({ items, status }) => [
    ...items.flatMap(({ notes }) => [
      ...notes.clauses.flatMap(({ refs, words }) => [
        ...refs,
        ...words.flatMap((word) => (word.kind === 'depends' ? word.refs : [])),
      ]),
      ...notes.depends.flatMap(({ refs }) => refs),
    ]),
    ...(status === null ? [] : (refsIn(status.reason, 0) ?? [])),
  ]);
  return [...new Set(all.flatMap(({ numbers }) => numbers))].sort((a, b) => a - b);
}

/** The requests to people that the document waits for, sorted. */
export function requestsIn({ objectives }: Prerequisites): string[] {
  const all = objectives.flatMap(({ items }) =>
    items.flatMap(({ notes }) => notes.vault.flatMap(({ path }) => path ?? [])),
  );
  return [...new Set(all)].sort();
}
