import { plain } from './log-line.ts';

// Everything that makes text from outside harmless where people or models read it. Which function is right depends on where
// the text goes: a document keeps its Markdown (`inert`), a sentence or a table shows a value (`code`, `codeCell`), a list
// shows a title (`literal`), a block shows a whole text in which nothing counts (`codeQuote`). Log lines have their own file.

/**
 * What is in a text and cannot be seen: controls, format characters (zero-width, bidirectional, tags), private use, fillers,
 * variation selectors, halves of characters. Line ends and tabs stay.
 */
const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Text from outside with everything taken out that a reader would not see, and LF line ends. */
export function visible(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(unseen, '');
}

/** Takes the place of nothing on a screen, and keeps what stands around it from being read as one thing. */
const joiner = '\u2060';

/**
 * Text from outside that does nothing where the forge shows it: nobody is mentioned, no issue is closed, nothing is HTML
 * (so nothing is hidden in a comment, and no marker of ours can be copied). It looks as it did. A word joiner does it, which
 * works in code and out of it, so nothing depends on reading Markdown as the forge does.
 */
export function inert(text: string): string {
  return visible(text)
    .replace(/<(?=[A-Za-z/!?])/g, `<${joiner}`)
    .replace(/(?<![A-Za-z0-9])@(?=[A-Za-z0-9_-])/g, `@${joiner}`)
    .replace(
      /((?:clos|fix|resolv|reopen|implement)(?:e|es|ed|s|d)?[:\s]{1,9})(?=\S{0,200}\d)/gi,
      `$1${joiner}`,
    );
}

/** The same as one line of at most `limit` characters. */
export function inertLine(text: string, limit: number): string {
  const characters = Array.from(visible(text).replace(/\s+/g, ' ').trim());
  return inert(
    characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : characters.join(''),
  );
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

/** Text from outside on one line of a list: its markup is shown instead of meant, and nobody is mentioned or referred to. */
export function literal(text: string): string {
  return plain(text)
    .replace(/[@#!]/g, (sign) => `${sign}${joiner}`)
    .replace(/([\\`*_[\]<>])/g, '\\$1');
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
