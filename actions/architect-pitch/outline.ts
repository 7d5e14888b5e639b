import * as z from 'zod/mini';
import type { Engine } from '../../core/model/engine.ts';
import type { Entry } from '../../core/sprint/entry.ts';
import { filerBlockText } from '../../core/sprint/filer-block.ts';
import { withoutClosing } from '../../core/text/headings.ts';
import { slugOf } from '../../core/text/slug.ts';
import { documentText, entriesOf } from './document.ts';

const about = z.object({
  purpose: z.enum(['pitch', 'questions', 'revise']),
  vision: z.object({ number: z.int(), title: z.string(), body: z.string() }),
  labels: z.array(z.string()),
  mostEntries: z.int(),
  document: z.optional(z.string()),
  forks: z.optional(
    z.array(z.object({ number: z.int(), question: z.string(), answer: z.optional(z.string()) })),
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

/** An issue by its headings; what stands before the first has the title ''. */
function headingsOf(body: string): Heading[] {
  const found: Heading[] = [{ title: '', text: '', tasks: [] }];
  for (const line of body.replaceAll('\r\n', '\n').split('\n')) {
    const last = found.at(-1) as Heading;
    const heading = /^#{1,6}\s+(.*)$/.exec(line);
    const task = /^( {0,12})[-*+] (?:\[([ xX])\] )?(.*)$/.exec(line);
    if (heading !== null) found.push({ title: withoutClosing(heading[1] ?? ''), text: '', tasks: [] });
    else if (task?.[2] !== undefined && task[1] === '')
      last.tasks.push({ text: (task[3] ?? '').trim(), done: task[2] !== ' ', items: [] });
    else if (task !== null && (task[1] ?? '').length >= 2 && last.tasks.length > 0)
      last.tasks.at(-1)?.items.push((task[3] ?? '').trim());
    else last.text += `${line}\n`;
  }
  return found.map((item) => ({ ...item, text: item.text.trim() }));
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
  const first = headings.find(({ text }) => text !== '')?.text.split(/\n\s*\n/)[0];
  const today = saying(/exist|today|current|status|background|context/i);
  const titles = new Map<string, number>();
  const entries = kept.map((task, index) => ({
    id: uniqueId(task.text, index, titles),
    title: `vision(#${vision.number}): ${oneLine(task.text)}`,
    labels: labels.slice(0, 1),
    dependsOn: [],
    body: `## Goal\n${oneLine(task.text) || name}\n\nA part of the vision "${oneLine(vision.title)}".\n\n## Acceptance criteria\n${(task.items.length > 0 ? task.items : [`It is there: ${oneLine(task.text) || name}`]).map((item) => `- [ ] ${item.replace(/^\[[ xX]\] /, '')}`).join('\n')}\n`,
    line: 0,
    column: 0,
  }));
  return documentText(
    {
      name: oneLine(name),
      prose: {
        'What this enables':
          first === undefined ? 'The issue does not say; its title is all there is.' : quote(first),
        'What exists today':
          [
            today,
            ...(done.length === 0
              ? []
              : [`Done, as the issue has it:\n${done.map(({ text }) => `- ${text}`).join('\n')}`]),
          ]
            .filter((text) => text !== '')
            .join('\n\n') || 'The issue does not say. Nobody has looked at the code for this pitch.',
        Complexity: `- ${entries.length} ${entries.length === 1 ? 'sub-issue' : 'sub-issues'}, ${open.length > 0 ? 'one for each open task of the issue' : 'because the issue lists no tasks'}${parts.length > kept.length ? `; ${parts.length - kept.length} more tasks are left out` : ''}\n- Not estimated: this pitch was outlined from the issue, without a model.`,
        Risks: saying(/risk|concern|danger|open question/i) || 'The issue names none.',
        'Cost — new infra to maintain':
          saying(/cost|infra|maint|operat/i) || 'The issue names none. Decide this before accepting.',
        Recommendation:
          'None is given: an outline arranges what the issue says and judges nothing. Accept it if the sub-issues below are the right ones; the questions that follow are the place to correct them.',
      },
      entries,
    },
    vision,
  );
}

function questionsText({ document = '' }: About): string {
  const titles = [...document.matchAll(/^ {2}title: (.*)$/gm)].length;
  return [
    `Q1: Are the ${titles === 1 ? 'one sub-issue' : `${titles} sub-issues`} the whole of it, and is anything in them not wanted?`,
    'Q2: Which of them has to be done first, and what should the others wait for?',
    'Q3: How will you see that the vision is reached?',
    '',
  ].join('\n');
}

/** Every sub-issue is told what was decided; what that changes in it is for people to see. */
function revisedText({ forks = [] }: About, entries: Entry[]): string {
  const decided = forks
    .map(({ number, question, answer }) => `- Q${number}: ${question}\n  A${number}: ${answer ?? ''}`)
    .join('\n');
  return filerBlockText(
    entries.map((entry) => ({
      ...entry,
      body: `${entry.body.split('\n## Decided\n')[0]?.trimEnd()}\n\n## Decided\n${decided}\n`,
    })),
  );
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
