import { codePoint, lookalike } from '../text/characters.ts';
import { filerBegin, filerEnd } from './layout.ts';

// Why a filer block that looks right is none to YAML. A parser tells what it stumbled over, often in another line and many
// times; this file knows what editors, formatters and habits from Markdown really do to a block, and names that.

/** One cause, at the first place where it is seen; lines count from 1 within the block. */
export interface Cause {
  line: number;
  column: number;
  message: string;
}

/** A line of the block that is YAML's own, and not the text of a block scalar. */
interface Line {
  /** From 1. */
  line: number;
  text: string;
}

/** A text on lines of its own begins here: what stands before it, the column of its key, and whether it keeps its lines. */
const textHeader = /^( *(?:- +)*)(?:[^\s#"'[{&*!|>-][^:#]{0,1000}: +)?[|>][-+0-9]{0,3} *(?:#.*)?$/;

/** The lines that YAML reads as such, found without parsing: whatever is more indented than the key of a text belongs to it. */
function ownLines(lines: string[]): Line[] {
  const own: Line[] = [];
  let key: number | undefined;
  for (const [index, text] of lines.entries()) {
    const indent = text.search(/[^ ]/);
    if (key !== undefined && (text.trim() === '' || indent > key)) continue;
    key = textHeader.exec(text)?.[1]?.length;
    own.push({ line: index + 1, text });
  }
  return own;
}

const field = '(?:id|title|labels|depends_on|body)';
const afterKey = new RegExp(`^ *(?:- +)?${field} *(?::|(?=[^\\w\\s:]))`);
/** A quotation mark before the second one: it is part of a value. */
const twoFields = new RegExp(`^ *(?:- +)?${field}: [^"']*\\b${field}: `);
const otherBullet = new RegExp(`^[*+] +${field}:`);
const escapedList = new RegExp(`^ *(?:- +)?${field}: +\\\\\\[`);

/**
 * What is the matter with a block that cannot be read: characters that are no blanks, hyphens or colons to YAML, comments
 * and fences of Markdown, and what a formatter does to YAML that it takes for Markdown. Empty where none of this is seen.
 */
export function causesIn(lines: string[]): Cause[] {
  const own = ownLines(lines);
  const odd = own.flatMap(({ line, text }) => {
    const found = oddCharacter(text);
    return found === undefined ? [] : [{ line, ...found }];
  });
  const marked = own.flatMap(({ line, text }) => {
    const column = text.search(/\S/) + 1;
    if (/^\s*<!--/.test(text))
      return [
        {
          line,
          column,
          message: 'an HTML comment inside the block, which is YAML: take it out, or begin the line with #',
        },
      ];
    if (/^\s*(?:`{3,}|~{3,})/.test(text))
      return [
        {
          line,
          column,
          message: 'a code fence inside the block: take it out, the two markers are all the block needs',
        },
      ];
    return [];
  });
  const found = [...odd, ...marked];
  if (found.length > 0) return onceEach(found);
  const rewrapped = own.find(
    ({ line, text }) =>
      twoFields.test(text) || otherBullet.test(text) || escapedList.test(text) || isBare(lines, line, text),
  );
  return rewrapped === undefined
    ? []
    : [
        {
          line: rewrapped.line,
          column: rewrapped.text.search(/\S/) + 1,
          message: `this looks as if a formatter had rewrapped the block as Markdown: restore it, and put the line <!-- prettier-ignore-start --> above ${filerBegin} and the line <!-- prettier-ignore-end --> below ${filerEnd} (or what your formatter has for that)`,
        },
      ];
}

/** Whether this line begins a text that then is not indented any more than its key. */
function isBare(lines: string[], line: number, text: string): boolean {
  const key = textHeader.exec(text)?.[1]?.length;
  if (key === undefined) return false;
  const next = lines.slice(line).find((item) => item.trim() !== '');
  return next !== undefined && next.search(/\S/) <= key && !/^ *(?:- +)?[\w-]+ *:|^ *#|^ *- /.test(next);
}

/** A character that YAML does not take for what it looks like, where it takes the place of a blank, a hyphen or a colon. */
function oddCharacter(text: string): { column: number; message: string } | undefined {
  // Nothing but ASCII, and tabs in no place where they would matter: nearly every line there is.
  if (!/^ *(?:- *)?\t|[^\t -~]/.test(text) || text.trim() === '') return undefined;
  const indent = /^ *(?:- +)*/.exec(text)?.[0].length ?? 0;
  const places = [indent];
  if (text[indent] === '-') places.push(indent + 1);
  const key = afterKey.exec(text)?.[0].length;
  if (key !== undefined) places.push(key);
  for (const at of places) {
    const character = text[at] ?? '';
    // Between a key and its value a tab is one blank of many to YAML.
    if (character === '\t' && at !== key)
      return { column: at + 1, message: `a tab (${codePoint(character)}): YAML is indented with spaces` };
    // Curly quotation marks may begin a value.
    const seen = /[´‘’“”«»]/.test(character) ? undefined : lookalike(character);
    if (seen !== undefined) return { column: at + 1, message: seen };
  }
  return undefined;
}

/** Each message once, at its first place, with how many other lines there are. */
function onceEach(causes: Cause[]): Cause[] {
  const lines = new Map<string, Cause[]>();
  for (const cause of causes) {
    const same = lines.get(cause.message);
    if (same === undefined) lines.set(cause.message, [cause]);
    else same.push(cause);
  }
  return [...lines.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, message: `${first.message}${alsoIn(others.length)}` }],
  );
}

function alsoIn(others: number): string {
  return others === 0 ? '' : `; the same in ${others} more ${others === 1 ? 'line' : 'lines'} of the block`;
}
