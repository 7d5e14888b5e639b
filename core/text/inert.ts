import { withoutCommands } from './commands.ts';
import { plain } from './log-line.ts';
import { joiner, visible } from './visible.ts';

export { visible };

// Everything that makes text from outside harmless where people or models read it. Which function is right depends on where
// the text goes: a document keeps its Markdown (`inert`), a sentence or a table shows a value (`code`, `codeCell`), a list
// shows a title (`literal`), a block shows a whole text in which nothing counts (`codeQuote`). Log lines have their own file.

/** Of addresses without `//`, which a forge may be set to make links of. */
const schemes = /(?:bitcoin|cid|file|geo|magnet|mailto|matrix|mid|sms|tel|xmpp)(?=\\?:)/gi;

/**
 * What Forgejo's pages make something of, each with the place where a word joiner ends that. Markdown is read first (goldmark),
 * then patterns look through the text that came of it, where backslashes before marks are gone and entities are characters: so a
 * mark may have a backslash before it here, and entities are taken out of service altogether. By its sources of July 2026:
 * modules/markup/html.go, modules/markup/markdown, modules/references.
 */
const active: readonly [pattern: RegExp, replacement: string][] = [
  // An entity, which could stand for any of the marks below.
  [/&(?=#?[A-Za-z0-9]{1,60};)/g, `&${joiner}`],
  // HTML, comments (and with them every hidden line of ours), and links in angle brackets.
  [/<(?=[A-Za-z/!?])/g, `<${joiner}`],
  // Mentions, addresses, handles of other servers, commits of other repositories.
  [/@(?=[\\A-Za-z0-9_-])/g, `@${joiner}`],
  // Issues and pull requests, of other repositories as well: each reference is an entry on the page of what it names.
  [/[#!](?=\d)/g, `$&${joiner}`],
  // Links and pictures, footnotes, and what a link's or footnote's name stands for.
  [/\](?=[(:])/g, `]${joiner}`],
  // Links and pictures as wikis write them: `[[picture.png|https://...]]`.
  [/\[(?=\\?\[)/g, `[${joiner}`],
  // Addresses, wherever they stand. The joiner is before the colon, because behind it an address may hold one.
  [/(?<=[A-Za-z0-9+.-])(?=\\?:\\?\/\\?\/)/g, joiner],
  [schemes, `$&${joiner}`],
  [/www(?=\\?\.\S)/gi, `$&${joiner}`],
  // Words that close an issue, should its reference be one that is not known here.
  [/((?:clos|fix|resolv|reopen|implement)(?:e|es|ed|s|d)?[:\s]{1,9})(?=\S{0,200}\d)/gi, `$1${joiner}`],
  // A drawing made by the reader's browser may load pictures from anywhere.
  [/((?:`{3}|~{3})[ \t]*\{?[ \t]*\.?)(?=mermaid)/gi, `$1${joiner}`],
  // A header at the very start of a text can be hidden from whoever reads the page.
  [/^(?=[ \t]*-{3,}[ \t]*(?:\n|$))/, joiner],
];

/**
 * Text from outside that does nothing where the forge shows it: nothing is loaded, nothing leads out of the forge, nobody is
 * mentioned, no issue is referred to or closed, nothing is HTML (so nothing is hidden, and no marker of ours can be copied), and
 * no line is a command to a role. It looks as it did, but for entities, which are shown as they are written. A word joiner
 * does it, which works in code and out of it, so nothing depends on reading Markdown as the forge does.
 */
export function inert(text: string): string {
  return withoutCommands(active.reduce((left, [pattern, by]) => left.replace(pattern, by), visible(text)));
}

/** The same as one line of at most `limit` characters. */
export function inertLine(text: string, limit: number): string {
  const characters = Array.from(visible(text).replace(/\s+/g, ' ').trim());
  return inert(
    closedCode(
      characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : characters.join(''),
    ),
  );
}

/** A line whose code ends in it: with a mark left open, code of ours further on would begin where it should end. */
function closedCode(line: string): string {
  const open: number[] = [];
  for (const [marks] of line.matchAll(/`+/g)) {
    const from = open.indexOf(marks.length);
    if (from < 0) open.push(marks.length);
    // What stands between two marks is code, marks and all.
    else open.length = from;
  }
  return open.length === 0 && !line.includes('\\`') ? line : line.replaceAll('`', '´');
}

/** Text from outside without what a reader of the forge's page would not see: invisible characters, and HTML comments. */
export function withoutComments(text: string): string {
  let left = visible(text);
  let kept = '';
  for (;;) {
    const from = left.indexOf('<!--');
    if (from < 0) return kept + left;
    const to = left.indexOf('-->', from + 4);
    kept += left.slice(0, from);
    if (to < 0) return kept;
    left = left.slice(to + 3);
  }
}

/** Text from outside on one line of a list: its markup is shown instead of meant, and nothing in it does anything. */
export function literal(text: string): string {
  const line = plain(text)
    .replace(/[@#!]/g, (sign) => `${sign}${joiner}`)
    // A backslash keeps Markdown from reading a mark, and not what is looked for in the text that comes of it.
    .replace(
      /&(?=#?[A-Za-z0-9]{1,60};)|\[(?=\[)|[A-Za-z0-9+.-](?=:\/\/)|www(?=\.\S)/gi,
      (found) => `${found}${joiner}`,
    )
    .replace(schemes, `$&${joiner}`)
    .replace(/([\\`~*_[\]<>])/g, '\\$1');
  return withoutCommands(line);
}

/** Text from outside as code: nothing in it is markup, a link, a mention or a reference. What cannot be seen is spelled out. */
export function code(text: string): string {
  const shown = plain(cut(text, 300).toWellFormed());
  return asCode(shown === '' ? ' ' : shown);
}

/** The same in a cell of a table, which a bar would end; what cannot be seen is a space, so that a row stays short. */
export function codeCell(text: string, limit: number): string {
  return asCode(
    cut(text, limit)
      .toWellFormed()
      .replace(/[\p{C}\p{Z}]/gu, ' '),
  ).replaceAll('|', '¦');
}

/** Text from outside as a block of its own, every line of which is code. */
export function codeQuote(text: string): string[] {
  return text.split(/\r?\n/).map((line) => `> ${line.trim() === '' ? '' : code(line)}`);
}

/** A backtick would end the code. */
function asCode(line: string): string {
  return `\`${line.replaceAll('`', '´')}\``;
}

function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}
