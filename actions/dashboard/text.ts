import { code, codeCell, literal } from '../../core/text/inert.ts';
import type { View, Waiting } from './view.ts';

/** The lines around what is ours in the issue; what people write around them stays. */
export const begin = '<!-- dashboard:begin -->';
export const end = '<!-- dashboard:end -->';

export const pagePath = 'dashboard.md';
export const picturePath = 'dashboard.svg';

const mostWaiting = 100;
const mostRows = 50;
const mostLines = 8;
const longest = 140;

function shown(text: string, limit = longest): string {
  const characters = Array.from(text.trim());
  return literal(
    characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : characters.join(''),
  );
}

/** A line of a list in somebody's document, as one of ours: its number is text, and begins no list in the list. */
function step(line: string): string {
  return shown(line.replace(/^[-*+]\s+/, '')).replace(/^(\d{1,9})([.)])(?=\s)/, '$1\\$2');
}

function link(title: string, url: string | null): string {
  const text = shown(title);
  return url === null ? text : `[${text}](${url})`;
}

function capped<T>(items: readonly T[], most: number, line: (item: T) => string[]): string[] {
  return [
    ...items.slice(0, most).flatMap(line),
    ...(items.length > most ? [`- and ${items.length - most} more`] : []),
  ];
}

function people(who: readonly string[]): string {
  if (who.length === 0) return '';
  const some = who.slice(0, 3).map((login) => code(login));
  return ` (${[...some, ...(who.length > 3 ? [`and ${who.length - 3} more`] : [])].join(', ')} may act)`;
}

function waitingLines({ what, title, url, since, who, details }: Waiting): string[] {
  return [
    `- ${link(title, url)} — ${shown(what)}${since === null ? '' : `, since ${since.slice(0, 10)}`}${people(who)}`,
    ...details.flatMap(({ name, lines }) => [
      `  - ${name}:`,
      ...lines.slice(0, mostLines).map((line) => `    - ${step(line)}`),
      ...(lines.length > mostLines ? [`    - … ${lines.length - mostLines} more lines`] : []),
    ]),
  ];
}

/** A bar of ten parts: it is text, so it is there in every mail and on every phone. */
export function bar(done: number, total: number): string {
  // Nine of nine tenths is not done: only what is whole is shown whole.
  const full = total === 0 ? 0 : Math.floor((done / total) * 10);
  return '█'.repeat(full) + '░'.repeat(10 - full);
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines, ''];
}

/** What stands in the issue, and on the page with its picture. */
export function dashboardText(view: View, { picture }: { picture: boolean }): string {
  const { waiting, visions, running, blocked, evidence, late, money, hidden, leftOut } = view;
  const blank = '';
  return [
    `## Waits for a person: ${waiting.length}`,
    blank,
    ...(waiting.length === 0 ? ['Nothing waits.'] : capped(waiting, mostWaiting, waitingLines)),
    blank,
    ...section('Visions', [
      ...(picture && visions.length > 0 ? [`![Visions, as bars](${picturePath})`, blank] : []),
      ...capped(visions, 100, ({ title, url, done, total }) => [
        `- ${total === 0 ? 'not filed yet' : `\`${bar(done, total)}\` ${done} of ${total}`} ${link(title, url)}`,
      ]),
    ]),
    ...section(
      'Running',
      capped(running, mostRows, ({ what, title, url, since }) => [
        `- ${shown(what)}: ${link(title, url)}, since ${shown(since.slice(0, 16).replace('T', ' '))} UTC`,
      ]),
    ),
    ...section(
      'Prerequisites that block',
      capped(blocked, mostRows, ({ name, reason }) => [
        `- ${shown(name)}${reason === '' ? '' : ` — ${shown(reason, 200)}`}`,
      ]),
    ),
    ...section('Did not run when they should have', [
      ...late.map(
        ({ name, last, allowed }) =>
          `- ${code(name)}: ${last === null ? 'no run was found' : `last ran ${last.slice(0, 16).replace('T', ' ')} UTC`}, and it should at least every ${allowed}`,
      ),
      ...evidence
        .filter(({ isLate }) => isLate)
        .map(
          ({ domain, day, age }) => `- evidence of ${code(domain)}: the newest is of ${day}, ${age} days ago`,
        ),
    ]),
    ...section(
      'Evidence',
      evidence.length === 0
        ? []
        : [
            '| domain | newest | days ago |',
            '|---|---|---|',
            ...evidence
              .slice(0, mostRows)
              .map(({ domain, day, age }) => `| ${codeCell(domain, 60)} | ${day} | ${age} |`),
          ],
    ),
    ...section(
      'What agents cost',
      money.length === 0
        ? []
        : [
            '| day (UTC) | agent | runs | cost |',
            '|---|---|---|---|',
            ...money
              .slice(0, mostRows)
              .map(
                ({ day, agent, runs, cost }) =>
                  `| ${day} | ${codeCell(agent, 40)} | ${runs} | ${cost === null ? '–' : cost.toFixed(2)} |`,
              ),
          ],
    ),
    ...(leftOut.length === 0
      ? []
      : [`Not looked at: ${leftOut.map((item) => shown(item)).join('; ')}.`, blank]),
    ...(hidden === 0
      ? []
      : ['What stands in private repositories is left out, because everybody may read this one.', blank]),
    'Written by the role dashboard from what is on the forge. Between the two hidden lines around it, changes by hand are overwritten.',
  ].join('\n');
}

/** A new issue of ours. */
export function issueBody(content: string): string {
  return `${begin}\n${content}\n${end}\n`;
}

/** The page, which stands by itself. */
export function pageText(view: View): string {
  return `# Dashboard\n\n${dashboardText(view, { picture: true })}\n`;
}
