import {
  type Item,
  type Objective,
  type Prerequisites,
  parsePrerequisites,
  type StatusWord,
  type Unknown,
} from './document.ts';
import { type Clause, type Ref, refsIn, type Span, type Word } from './notes.ts';

// What a prerequisite tree should say, given what the forge says. Pure: a text in, a text out, and a reason for every byte that
// differs.

/** An issue or a pull request, as far as the document follows it. */
export interface IssueFact {
  kind: 'issue' | 'pull';
  /** `turned-down`: closed, and not because it was done. */
  outcome: 'open' | 'done' | 'turned-down';
  labels: string[];
}

/** Everything that the document is compared with. */
export interface Facts {
  /** By number. A number that is not in it is one that the forge does not have. */
  issues: ReadonlyMap<number, IssueFact>;
  /** Requests to people that wait: their paths. */
  requests: ReadonlySet<string>;
  /** Labels that notes show. Any other word of a note is people's. */
  noteLabels: readonly string[];
  /** Of an issue with one of these, somebody has to act before it can go on. */
  blockingLabels: readonly string[];
  /** An issue with one of these is being worked on. */
  workingLabels: readonly string[];
  /** An issue with it is a goal: until somebody works on it, somebody has to decide what is to be done. */
  visionLabel: string;
  /** `YYYY-MM-DD` */
  today: string;
}

/** One thing that is changed, in words. */
export interface Edit {
  line: number;
  what: string;
}

export interface Revision {
  text: string;
  edits: Edit[];
  unknown: Unknown[];
}

interface Replacement extends Span {
  by: string;
}

/** What an item comes to. */
interface Verdict {
  isOpen: boolean;
  isWorkedOn: boolean;
  /** Names of what it waits for; empty where nothing blocks it. */
  blockers: string[];
  /** Whether the forge has a say in it. */
  isFollowed: boolean;
}

/** The document as it should be; the very same text where it is true already. */
export function revise(document: Prerequisites, facts: Facts): Revision {
  const replacements: Replacement[] = [];
  const edits: Edit[] = [];
  const unknown: Unknown[] = [...document.unknown];
  const change = (line: number, what: string, ...made: Replacement[]): void => {
    replacements.push(...made);
    edits.push({ line, what });
  };

  const standing = new Map<Objective, StatusWord>();
  for (const objective of document.objectives) {
    const verdicts = objective.items.map((item) => {
      const verdict = verdictOf(item, facts);
      for (const number of missingIn(item, facts))
        unknown.push({ line: item.line, what: `there is no #${number}: the item is left as it is` });
      for (const number of turnedDownIn(item, facts))
        unknown.push({
          line: item.line,
          what: `#${number} was closed without being done: the item stays open until a person changes it`,
        });
      if (verdict.isFollowed && verdict.isOpen === item.isTicked)
        change(item.line, verdict.isOpen ? 'is open again' : 'is done', {
          ...item.box,
          by: verdict.isOpen ? ' ' : 'x',
        });
      const notes = noteChanges(document.text, item, facts);
      if (notes.length > 0) change(item.line, 'its note', ...notes);
      return verdict;
    });
    const word = statusOf(objective, verdicts, facts);
    if (word === 'unknown') {
      if (objective.status !== null) {
        standing.set(objective, objective.status.word);
        unknown.push({
          line: objective.status.line,
          what:
            objective.items.length === 0
              ? 'the objective has no items, so its status is left as it is'
              : 'BLOCKED for a reason that names no number, and no open item has one: left until a person changes it',
        });
      }
      continue;
    }
    standing.set(objective, word);
    const { status } = objective;
    if (status === null) continue;
    const reason = reasonFor(word, verdicts);
    const isOurs = ownReason.test(status.reason);
    if (status.word !== word)
      change(status.line, `${status.word} is ${word} now`, { ...status.span, by: word });
    if ((status.rest.text === '' || isOurs) && (isOurs ? status.reason : '') !== reason)
      change(status.line, 'what it waits for', {
        ...status.rest,
        by: reason === '' ? '' : ` — ${reason}`,
      });
  }

  for (const milestone of document.milestones) {
    if (milestone.objectives.length === 0) {
      unknown.push({ line: milestone.line, what: 'no objective stands before this milestone' });
      continue;
    }
    const word = milestone.objectives.every((objective) => standing.get(objective) === 'DONE')
      ? 'DONE'
      : 'IN PROGRESS';
    if (milestone.word !== word)
      change(milestone.line, `the milestone is ${word} now`, { ...milestone.span, by: word });
  }

  const { date } = document;
  // A document without a change keeps its day: it says since when it is so.
  if (replacements.length > 0 && date !== null && date.text < facts.today)
    replacements.push({ ...date, by: facts.today });
  return {
    text: replaced(document.text, replacements),
    edits: edits.sort((a, b) => a.line - b.line),
    unknown: unknown.sort((a, b) => a.line - b.line),
  };
}

function replaced(text: string, replacements: Replacement[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, by } of [...replacements].sort((a, b) => a.start - b.start || a.end - b.end)) {
    // Two that overlap would write over what people wrote: the later one is left for the next look.
    if (start < at) continue;
    parts.push(text.slice(at, start), by);
    at = end;
  }
  return parts.join('') + text.slice(at);
}

function numbersOf(refs: readonly Ref[]): number[] {
  return refs.flatMap(({ numbers }) => numbers);
}

function factsOf(numbers: readonly number[], { issues }: Facts): IssueFact[] {
  return numbers.flatMap((number) => issues.get(number) ?? []);
}

function ownNumbers({ notes }: Item): number[] {
  return notes.clauses.flatMap(({ refs }) => numbersOf(refs));
}

function missingIn(item: Item, { issues }: Facts): number[] {
  return [...ownNumbers(item), ...dependsOf(item)].filter((number) => !issues.has(number));
}

function turnedDownIn(item: Item, facts: Facts): number[] {
  return ownNumbers(item).filter((number) => facts.issues.get(number)?.outcome === 'turned-down');
}

/** Numbers that an item says it depends on. */
function dependsOf({ notes }: Item): number[] {
  return [
    ...notes.clauses.flatMap(({ words }) =>
      words.flatMap((word) => (word.kind === 'depends' ? numbersOf(word.refs) : [])),
    ),
    ...notes.depends.flatMap(({ refs }) => numbersOf(refs)),
  ];
}

/** What is surely not done; a number that the forge does not know is a matter for a person, and blocks nothing. */
function openOf(numbers: readonly number[], { issues }: Facts): number[] {
  return numbers.filter((number) => (issues.get(number)?.outcome ?? 'done') !== 'done');
}

function has(labels: readonly string[], wanted: readonly string[]): boolean {
  return labels.some((label) => wanted.includes(label));
}

function verdictOf(item: Item, facts: Facts): Verdict {
  const own = ownNumbers(item);
  const known = factsOf(own, facts);
  const isFollowed = own.length > 0 && known.length === own.length;
  const isOpen = isFollowed ? known.some(({ outcome }) => outcome !== 'done') : !item.isTicked;
  if (!isOpen) return { isOpen, isWorkedOn: false, blockers: [], isFollowed };
  const openFacts = own.filter((number) => facts.issues.get(number)?.outcome === 'open');
  const isWorkedOn = openFacts.some((number) => {
    const fact = facts.issues.get(number);
    return fact !== undefined && (fact.kind === 'pull' || has(fact.labels, facts.workingLabels));
  });
  const blocking = openFacts.filter((number) => {
    const labels = facts.issues.get(number)?.labels ?? [];
    return (
      has(labels, facts.blockingLabels) ||
      (labels.includes(facts.visionLabel) && !has(labels, facts.workingLabels))
    );
  });
  return {
    isOpen,
    isWorkedOn,
    blockers: [
      ...[...blocking, ...openOf(dependsOf(item), facts)].map((number) => `#${number}`),
      ...item.notes.vault.flatMap(({ path }) =>
        path === null ? ['blocked-on-vault'] : isWaiting(path, facts) ? [path] : [],
      ),
    ],
    isFollowed,
  };
}

/** Whether a request may still wait. Of a path elsewhere nobody knows, so it does. */
function isWaiting(path: string, { requests }: Facts): boolean {
  return !isRequest(path) || requests.has(path);
}

/** Whether a path is one that tells by being there whether it waits. */
function isRequest(path: string): boolean {
  return /^vault\/pending\/[^/\s]+\.md$/.test(path);
}

/** What a status says of itself, where we wrote it. */
const ownReason =
  /^waits for (?:#\d+|blocked-on-vault|vault\/[^\s,]+)(?:, (?:#\d+|blocked-on-vault|vault\/[^\s,]+))*$/;

function reasonFor(word: StatusWord, verdicts: readonly Verdict[]): string {
  if (word !== 'BLOCKED') return '';
  const names = [...new Set(verdicts.flatMap(({ blockers }) => blockers))];
  const reason = `waits for ${names.join(', ')}`;
  // What could not be told from people's words later is not written.
  return names.length > 0 && ownReason.test(reason) ? reason : '';
}

function statusOf(objective: Objective, verdicts: readonly Verdict[], facts: Facts): StatusWord | 'unknown' {
  if (verdicts.length === 0) return 'unknown';
  const open = verdicts.filter(({ isOpen }) => isOpen);
  if (open.length === 0) return 'DONE';
  if (open.some(({ blockers }) => blockers.length > 0)) return 'BLOCKED';
  const reason = objective.status?.reason ?? '';
  if (objective.status?.word === 'BLOCKED' && reason !== '' && !ownReason.test(reason)) {
    const own = objective.items.flatMap(ownNumbers);
    const named = numbersOf(refsIn(reason, 0) ?? []).filter((number) => !own.includes(number));
    // What a person gives as the reason, and no item says, blocks until it is done.
    if (openOf(named, facts).length > 0) return 'BLOCKED';
    if (named.length === 0 && !open.some(({ isFollowed }) => isFollowed)) return 'unknown';
  }
  return open.some(({ isWorkedOn }) => isWorkedOn) ? 'IN PROGRESS' : 'READY';
}

function noteChanges(text: string, item: Item, facts: Facts): Replacement[] {
  const { clauses, depends, vault } = item.notes;
  return [
    ...clauses.flatMap((clause) => clauseChanges(text, clause, item, facts)),
    ...depends.flatMap(({ span, refs, isTail }) => (isTail ? dependsChanges(text, span, refs, facts) : [])),
    ...vault.flatMap(({ start, end, path }) =>
      path !== null && !isWaiting(path, facts) ? [{ start, end, by: '' }] : [],
    ),
  ];
}

/** Takes what is done out of `depends on #1+#2`; all of it, with what stands before, where everything is done. */
function dependsChanges(text: string, whole: Span, refs: readonly Ref[], facts: Facts): Replacement[] {
  const isDone = ({ numbers }: Ref): boolean =>
    numbers.every((number) => facts.issues.get(number)?.outcome === 'done');
  const left = refs.filter((ref) => !isDone(ref));
  if (left.length === refs.length) return [];
  if (left.length === 0) return [{ start: whole.start, end: whole.end, by: '' }];
  const [first] = refs;
  const last = refs.at(-1);
  if (first === undefined || last === undefined) return [];
  // The separators of those that stay are kept: each ref but the first that stays brings the one before it.
  const by = left
    .map((ref, index) => {
      const before = refs[refs.indexOf(ref) - 1];
      const separator = index === 0 || before === undefined ? '' : text.slice(before.end, ref.start);
      return separator + text.slice(ref.start, ref.end);
    })
    .join('');
  return [{ start: first.start, end: last.end, by }];
}

type Meaning = 'open' | 'closed' | 'label' | 'none';

function meaningOf(word: Word, facts: Facts): Meaning {
  if (word.kind === 'depends') return 'none';
  if (/^(?:all )?(?:closed|merged)(?:\s+(?:on\s+)?\d{4}-\d{2}-\d{2})?$/i.test(word.text)) return 'closed';
  if (/^(?:all )?open$/i.test(word.text)) return 'open';
  return facts.noteLabels.includes(word.text) ? 'label' : 'none';
}

/** What has to be different in one clause. A clause that says nothing of how its issues are is left so. */
function clauseChanges(text: string, clause: Clause, item: Item, facts: Facts): Replacement[] {
  const numbers = numbersOf(clause.refs);
  const known = factsOf(numbers, facts);
  if (known.length < numbers.length) return [];
  const { words } = clause;
  const meanings = words.map((word) => meaningOf(word, facts));
  const saysState = meanings.some((meaning) => meaning !== 'none');
  const open = known.filter(({ outcome }) => outcome === 'open');
  const isOver = open.length === 0;
  const held = facts.noteLabels.filter(
    (label) =>
      open.some(({ labels }) => labels.includes(label)) ||
      // Where the project has no such label, the word still says something that can be looked at.
      (label === 'blocked' &&
        !isOver &&
        words.some(({ text: word }) => word === label) &&
        verdictOf(item, facts).blockers.some((name) => !numbers.some((number) => name === `#${number}`))),
  );
  const isRight = (word: Word, meaning: Meaning): boolean =>
    meaning === 'none' ||
    (meaning === 'closed' ? isOver : meaning === 'open' ? !isOver : !isOver && held.includes(word.text));
  const isNamed = (name: string): boolean =>
    words.some((word, index) => word.text === name && isRight(word, meanings[index] ?? 'none'));
  const missing: string[] = !saysState
    ? []
    : isOver
      ? meanings.includes('closed')
        ? []
        : [
            known.every(({ kind }) => kind === 'pull') && known.every(({ outcome }) => outcome === 'done')
              ? 'merged'
              : 'closed',
          ]
      : meanings.includes('open')
        ? []
        : held.filter((label) => !isNamed(label));
  const wrong = words.filter((word, index) => !isRight(word, meanings[index] ?? 'none'));
  const kept = words.filter(
    (word, index) => (meanings[index] ?? 'none') !== 'none' && isRight(word, meanings[index] ?? 'none'),
  );
  // Something has to stand where a state stood.
  if (saysState && !isOver && kept.length === 0 && missing.length === 0) missing.push('open');
  return [
    ...placed(text, words, wrong, missing),
    ...words.flatMap((word, index) => {
      if (word.kind !== 'depends') return [];
      const isOnly = words.every((other) => isFulfilled(other, facts));
      // Something has to stand behind the dash.
      if (isOnly && index === 0)
        return [{ start: word.start, end: word.end, by: isOver ? 'closed' : 'open' }];
      const before = index === 0 ? undefined : words[index - 1];
      // With the comma before it, or else with the one behind it.
      const behind = words[index + 1];
      const whole =
        before !== undefined
          ? { start: before.end, end: word.end }
          : { start: word.start, end: behind?.start ?? word.end };
      return dependsChanges(text, whole, word.refs, facts);
    }),
  ];
}

function isFulfilled(word: Word, { issues }: Facts): boolean {
  return (
    word.kind === 'depends' && numbersOf(word.refs).every((number) => issues.get(number)?.outcome === 'done')
  );
}

/** Puts missing words where wrong ones stand, takes out the wrong ones that are left, and adds the missing ones that are left. */
function placed(
  text: string,
  words: readonly Word[],
  wrong: readonly Word[],
  missing: readonly string[],
): Replacement[] {
  const found: Replacement[] = [];
  const left = [...missing];
  const taken = new Set<Word>();
  for (const word of wrong) {
    const by = left.shift();
    if (by !== undefined) found.push({ start: word.start, end: word.end, by });
    else taken.add(word);
  }
  for (const word of taken) {
    const index = words.indexOf(word);
    const before = words.slice(0, index).findLast((item) => !taken.has(item));
    const next = words[index + 1];
    if (before !== undefined)
      found.push({ start: words[index - 1]?.end ?? word.start, end: word.end, by: '' });
    else if (next !== undefined) found.push({ start: word.start, end: next.start, by: '' });
  }
  if (left.length > 0) {
    const last = words.findLast((word) => word.kind === 'text' && !taken.has(word) && !wrong.includes(word));
    const at = wrong.find((word) => !taken.has(word)) ?? last;
    if (at !== undefined) {
      const separator = text.slice(words[0]?.start, words.at(-1)?.end).includes('+') ? '+' : ', ';
      const place = found.find(({ start }) => start === at.start && start !== at.end);
      const added = left.map((name) => `${separator}${name}`).join('');
      if (place !== undefined) place.by += added;
      else found.push({ start: at.end, end: at.end, by: added });
    }
  }
  return found;
}

/** A text as it should be; for callers who hold nothing but the text. */
export function reviseText(text: string, facts: Facts): Revision {
  return revise(parsePrerequisites(text), facts);
}
