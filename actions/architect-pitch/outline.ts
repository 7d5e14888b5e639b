import * as z from 'zod/mini';
import type { Engine } from '../../core/model/engine.ts';
import type { Entry } from '../../core/sprint/entry.ts';
import { filerBlockText } from '../../core/sprint/filer-block.ts';
import { type Fence, fenceAfter } from '../../core/text/fences.ts';
import { withoutClosing } from '../../core/text/headings.ts';
import { slugOf } from '../../core/text/slug.ts';
import { documentText, entriesOf } from './document.ts';
import { type Fork, type Option, optionLines, pickedBy, questionLine } from './forks.ts';

const about = z.object({
  purpose: z.enum(['pitch', 'questions', 'revise']),
  vision: z.object({ number: z.int(), title: z.string(), body: z.string() }),
  labels: z.array(z.string()),
  mostEntries: z.int(),
  document: z.optional(z.string()),
  forks: z.optional(
    z.array(
      z.object({
        number: z.int(),
        question: z.string(),
        options: z.array(z.object({ letter: z.string(), text: z.string(), consequence: z.string() })),
        answer: z.optional(z.string()),
      }),
    ),
  ),
});
type About = z.infer<typeof about>;

/**
 * No model: the issue's own headings, paragraphs and task lists, put where a pitch has them. What the issue does not say is
 * said to be unknown. Free, the same every time, and enough to have the conversation.
 */
export const outline: Engine = async (question) => {
  const given = about.parse(question.about);
  const text =
    given.purpose === 'pitch'
      ? pitchText(given)
      : given.purpose === 'questions'
        ? questionsText(given)
        : revisedText(given, entriesOf(given.document ?? '') ?? []);
  return { text, use: { engine: 'outline', model: '-', inputTokens: 0, outputTokens: 0, cost: 0 } };
};

interface Heading {
  title: string;
  /** Lines that are no tasks. */
  text: string;
  tasks: Task[];
}

interface Task {
  text: string;
  done: boolean;
  /** Its indented items, which say when it is done. */
  items: string[];
}

/** An issue by its headings; what stands before the first has the title ''. In a code fence nothing is a heading or a task. */
function headingsOf(body: string): Heading[] {
  const found: Heading[] = [{ title: '', text: '', tasks: [] }];
  let fence: Fence | undefined;
  for (const line of body.replaceAll('\r\n', '\n').split('\n')) {
    const last = found.at(-1) as Heading;
    const before = fence;
    fence = fenceAfter(before, line);
    const isCode = before !== undefined || fence !== undefined;
    const heading = isCode ? null : /^#{1,6}\s+(.*)$/.exec(line);
    const task = isCode ? null : /^( {0,12})[-*+] (?:\[([ xX])\] )?(.*)$/.exec(line);
    if (heading !== null) found.push({ title: withoutClosing(heading[1] ?? ''), text: '', tasks: [] });
    else if (task?.[2] !== undefined && task[1] === '')
      last.tasks.push({ text: (task[3] ?? '').trim(), done: task[2] !== ' ', items: [] });
    else if (task !== null && (task[1] ?? '').length >= 2 && last.tasks.length > 0)
      last.tasks.at(-1)?.items.push((task[3] ?? '').trim());
    else last.text += `${line}\n`;
  }
  return found.map((item) => ({ ...item, text: item.text.trim() }));
}

/** Titles of an issue that have a place of their own in a pitch. */
const places = {
  today: /exist|today|current|status|background|context/i,
  risks: /risk|concern|danger|open question/i,
  cost: /cost|infra|maint|operat/i,
};
/** What is under such a title is what the vision does not want: the last thing to open a pitch with. */
const unwanted = /\bnot\b|non-goal|out of scope|won.t|without|never/i;

/** What the vision is for: the first paragraph that is not about something else. */
function purposeOf(headings: Heading[]): { heading: Heading; paragraph: string } | undefined {
  const elsewhere = [...Object.values(places), unwanted];
  const heading = headings.find(
    ({ title, text }) => text !== '' && !elsewhere.some((words) => words.test(title)),
  );
  const paragraph = heading?.text.split(/\n\s*\n/)[0];
  return heading === undefined || paragraph === undefined ? undefined : { heading, paragraph };
}

/** Everything of an issue that has no place of its own in a pitch, under its titles: nothing that it says is lost. */
function restOf(headings: Heading[], purpose: ReturnType<typeof purposeOf>): string[] {
  return headings.flatMap((heading) => {
    const { title, text, tasks } = heading;
    if (Object.values(places).some((words) => words.test(title))) return [];
    const left = heading === purpose?.heading ? text.slice(purpose.paragraph.length).trim() : text;
    if (left !== '') return [`${title === '' ? 'The issue goes on' : `"${title}"`}:\n\n${quote(left)}`];
    return title === '' || text !== '' || tasks.length > 0 ? [] : [`"${title}"`];
  });
}

function pitchText(given: About): string {
  const { vision, labels, mostEntries } = given;
  const headings = headingsOf(vision.body);
  const name = vision.title.replace(/^vision(\(#\d+\))?:\s*/i, '').trim() || `vision ${vision.number}`;
  const saying = (words: RegExp): string =>
    headings
      .filter(({ title, text }) => words.test(title) && text !== '')
      .map(({ text }) => quote(text))
      .join('\n\n');
  const tasks = headings.flatMap((heading) => heading.tasks);
  const open = tasks.filter(({ done }) => !done);
  const done = tasks.filter((task) => task.done);
  const parts = open.length > 0 ? open : [{ text: name, done: false, items: [] }];
  const kept = parts.slice(0, mostEntries);
  const purpose = purposeOf(headings);
  const rest = restOf(headings, purpose);
  const leftOut = parts.slice(mostEntries);
  const today = saying(places.today);
  const titles = new Map<string, number>();
  const entries = kept.map((task, index) => ({
    id: uniqueId(task.text, index, titles),
    title: `vision(#${vision.number}): ${oneLine(task.text)}`,
    labels: labels.slice(0, 1),
    dependsOn: [],
    body: `## Goal\n${task.text || name}\n\nA part of the vision "${oneLine(vision.title)}".\n\n## Acceptance criteria\n${(task.items.length > 0 ? task.items : [`It is there: ${oneLine(task.text) || name}`]).map((item) => `- [ ] ${item.replace(/^\[[ xX]\] /, '')}`).join('\n')}\n`,
    line: 0,
    column: 0,
  }));
  return documentText(
    {
      name: oneLine(name),
      prose: {
        'What this enables': [
          purpose === undefined
            ? `The issue does not say${rest.length === 0 ? '; its title is all there is' : ''}.`
            : quote(purpose.paragraph),
          ...(rest.length === 0 ? [] : ['What else the issue says:', ...rest]),
        ].join('\n\n'),
        'What exists today':
          [
            today,
            ...(done.length === 0
              ? []
              : [`Done, as the issue has it:\n${done.map(({ text }) => `- ${text}`).join('\n')}`]),
          ]
            .filter((text) => text !== '')
            .join('\n\n') || 'The issue does not say. Nobody has looked at the code for this pitch.',
        Complexity: `- ${entries.length} ${entries.length === 1 ? 'sub-issue' : 'sub-issues'}, ${open.length > 0 ? 'one for each open task of the issue' : 'because the issue lists no tasks'}${leftOut.length === 0 ? '' : `; left out are ${leftOut.length} more: ${leftOut.map(({ text }) => oneLine(text)).join('; ')}`}\n- Not estimated: this pitch was outlined from the issue, without a model.`,
        Risks: saying(places.risks) || 'The issue names none.',
        'Cost — new infra to maintain':
          saying(places.cost) || 'The issue names none. Decide this before accepting.',
        Recommendation:
          'None is given: an outline arranges what the issue says and judges nothing. Accept it if the sub-issues below are the right ones; the questions that follow are the place to correct them.',
      },
      entries,
    },
    vision,
  );
}

// What an outline can ask of every pitch. What an option changes in the sub-issues can be changed back by another answer.

type Asked = Pick<Fork, 'rank' | 'question' | 'options' | 'recommended'>;

function option(letter: string, text: string, consequence: string): Option {
  return { letter, text, consequence };
}

const inAnyOrder = option('A', 'in any order', 'no sub-issue waits for another');
const oneAfterAnother = option(
  'B',
  'one after another, as they are listed',
  'each waits for the one before it',
);
const whenClosed = option('A', 'when all of them are closed', 'nothing is added');
const whenTried = option('B', 'when somebody has tried it', 'one more sub-issue waits for all the others');

function asked(subIssues: number, room: boolean): Asked[] {
  const all = subIssues === 1 ? 'Is the one sub-issue' : `Are the ${subIssues} sub-issues`;
  return [
    {
      rank: 'critical',
      question: `${all} the whole of it, and is all of it wanted?`,
      options: [
        option('A', 'yes', 'they are filed as they stand'),
        option('B', 'no', 'somebody edits them in the document before the merge; say here what is wrong'),
      ],
      recommended: 'A',
    },
    ...(subIssues < 2
      ? []
      : [
          {
            rank: 'secondary' as const,
            question: 'In which order are they done?',
            options: [inAnyOrder, oneAfterAnother],
            recommended: 'A',
          },
        ]),
    {
      rank: 'secondary',
      question: 'When is the vision reached?',
      options: room ? [whenClosed, whenTried] : [whenClosed, option('B', 'later', 'the vision stays open')],
      recommended: 'A',
    },
  ];
}

function questionsText({ document = '', mostEntries }: About): string {
  const { length } = entriesOf(document) ?? [];
  return asked(length, length < mostEntries)
    .map((fork, index) => ({ ...fork, number: index + 1, answer: undefined }))
    .map((fork) => `${[questionLine(fork), ...optionLines(fork)].join('\n')}\n`)
    .join('\n');
}

/** The sub-issues by what was picked; in words of people's own every sub-issue is told, and the rest is for people to see. */
function revisedText({ vision, labels, forks = [] }: About, entries: Entry[]): string {
  const picked = forks.flatMap((fork) => pickedBy({ ...fork, answer: fork.answer }) ?? []);
  const isPicked = ({ text }: Option): boolean => picked.some((item) => item.text === text);
  const decided = forks
    .map(({ number, question, answer }) => `- Q${number}: ${question}\n  A${number}: ${answer ?? ''}`)
    .join('\n');
  let revised = entries.filter(({ id }) => id !== trial || !(isPicked(whenClosed) || isPicked(whenTried)));
  if (isPicked(inAnyOrder)) revised = revised.map((entry) => ({ ...entry, dependsOn: [] }));
  if (isPicked(oneAfterAnother))
    revised = revised.map((entry, index) => ({
      ...entry,
      dependsOn: index === 0 ? [] : [revised[index - 1]?.id ?? ''],
    }));
  if (isPicked(whenTried)) revised = [...revised, trialOf(vision.number, labels, revised)];
  return filerBlockText(
    revised.map((entry) => ({
      ...entry,
      body: `${entry.body.split('\n## Decided\n')[0]?.trimEnd()}\n\n## Decided\n${decided}\n`,
    })),
  );
}

const trial = 'try-the-vision';

function trialOf(vision: number, labels: string[], others: Entry[]): Entry {
  return {
    id: trial,
    title: `vision(#${vision}): try it`,
    labels: labels.slice(0, 1),
    dependsOn: others.map(({ id }) => id),
    body: '## Goal\nSomebody who did not work on it tries what the vision wants.\n\n## Acceptance criteria\n- [ ] It is written down what went well and what did not\n',
    line: 0,
    column: 0,
  };
}

function quote(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n');
}

function oneLine(text: string): string {
  const words = text.replace(/\s+/g, ' ').trim();
  return words.length > 70 ? `${words.slice(0, 69).trimEnd()}…` : words;
}

function uniqueId(text: string, index: number, taken: Map<string, number>): string {
  const id = slugOf(text, 40) || `task-${index + 1}`;
  const times = (taken.get(id) ?? 0) + 1;
  taken.set(id, times);
  return times === 1 ? id : `${id}-no-${times}`;
}
