import type { ReportFault } from '../errors.ts';
import { type Fence, fenceAfter } from '../text/fences.ts';
import { withoutClosing } from '../text/headings.ts';
import { joiner } from '../text/visible.ts';

// Where things stand in a sprint document: the filer block and the visions. No YAML, so that a role that only has to know
// what a document is about loads none.

/** The lines around a filer block, each alone on its line and at its very start. */
export const filerBegin = '<!-- filer:begin -->';
export const filerEnd = '<!-- filer:end -->';
/** More lines than this no person writes into one document: it is refused, and nothing is looked for behind them. */
export const mostLines = 20_000;

export interface VisionLine {
  number: number;
  line: number;
  column: number;
}

export interface Layout {
  /** Lines from 0; `line` is the first inside the block, `end` the line of its end marker. */
  block: { line: number; end: number } | undefined;
  visions: { heading: number; headings: number; bullets: VisionLine[] } | undefined;
}

/** The number of the issue that a line of `## Vision issues` lists (`- #12 — a title`); one that it only mentions is none. */
export function visionBullet(line: string): number | undefined {
  // Some formatters put a backslash before the sign, which Markdown does not show.
  const number = /^ {0,3}[-*+]\s{1,4}\\?#(\d{1,15})(?![\w-])/.exec(line)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** The issues listed under `## Vision issues`: what a document says it is about, filer block or not. */
export function visionsNamed(document: string): number[] {
  const { visions } = layOut(document.split(/\r\n?|\n/, mostLines), () => undefined);
  return visions?.bullets.map(({ number }) => number) ?? [];
}

/**
 * Finds the block and the vision section outside code fences (CommonMark 4.5). Markers count only at the start of
 * a line, so that an entry's body, which YAML indents, may hold any of them.
 */
export function layOut(lines: string[], fault: ReportFault): Layout {
  let fence: Fence | undefined;
  /** Where the last fence began, and whether a block begins in it. */
  let fenced = { line: 0, hides: false };
  let opened: number | undefined;
  let block: Layout['block'];
  let visions: Layout['visions'];
  let inVisions = false;
  const dressed: Dressed[] = [];
  const loose: number[] = [];
  for (const [index, line] of lines.entries()) {
    const isBegin = line.startsWith(filerBegin) && line.trimEnd() === filerBegin;
    const isEnd = line.startsWith(filerEnd) && line.trimEnd() === filerEnd;
    if (opened !== undefined) {
      if (isBegin)
        fault(
          index + 1,
          1,
          `a second ${filerBegin} before the block of line ${opened + 1} ends: write ${filerEnd} first`,
        );
      if (isEnd) {
        if (block !== undefined)
          fault(opened + 1, 1, 'a second filer block: a document has one; put all entries into it');
        block ??= { line: opened + 1, end: index };
        opened = undefined;
      }
      continue;
    }
    const before = fence;
    fence = fenceAfter(before, line);
    if (before === undefined && fence !== undefined) fenced = { line: index + 1, hides: false };
    fenced.hides ||= isBegin && before !== undefined;
    if (before !== undefined || fence !== undefined) continue;
    const dress = isBegin || isEnd ? undefined : dressOf(line);
    if (isBegin) {
      opened = index;
      inVisions = false;
    } else if (dress !== undefined) dressed.push({ line: index + 1, dress });
    else if (isEnd) loose.push(index + 1);
    else if (line.startsWith('#') && /^#{1,2}(\s|$)/.test(line)) {
      inVisions = /^##\s+vision issues$/i.test(withoutClosing(line));
      if (inVisions) {
        if (visions === undefined) visions = { heading: index + 1, headings: 1, bullets: [] };
        else visions.headings += 1;
      }
    } else if (inVisions && visions !== undefined) {
      const number = visionBullet(line);
      if (number !== undefined)
        visions.bullets.push({ number, line: index + 1, column: line.indexOf('#') + 1 });
    }
  }
  if (fence !== undefined && fenced.hides)
    fault(
      fenced.line,
      1,
      `this code fence never ends, so the ${filerBegin} after it is not seen: close the fence`,
    );
  // A block whose end is dressed up never ends: its own lines were not looked at above.
  if (opened !== undefined) dressed.push(...dressedIn(lines, opened + 1));
  if (dressed.length > 0) reportDressed(dressed, fault);
  else {
    for (const line of loose) fault(line, 1, `${filerEnd} without ${filerBegin} before it`);
    if (opened !== undefined)
      fault(
        opened + 1,
        1,
        `${filerBegin} without ${filerEnd} after it: end the block with a line ${filerEnd}`,
      );
  }
  return { block, visions };
}

// ---------------------------------------------------------------------------------------------------------------
// Lines that were meant to be markers. To leave them alone would file nothing, and say nothing.

/** A line that holds a marker in other dress, and what is the matter with it. */
interface Dressed {
  line: number;
  dress: string;
}

const word = /filer *: *(?:begin|end)(?![a-z])/i;
/** A comment about the filer, whatever it says; word processors make one dash of two hyphens. */
const comment = /<! *[-\u2010-\u2015\u2212]{1,3} *\/? *filer\b/i;

/** How a line is dressed up that holds a marker but is none; undefined for a line that holds none. */
function dressOf(whole: string): string | undefined {
  // Text of a model or a stranger that a role of ours has made harmless (`inert`) before it wrote it here.
  if (!/filer/i.test(whole) || whole.includes(`<${joiner}!`)) return undefined;
  // Of a line that goes on and on, its two ends: a formatter may have put a paragraph and a block into one.
  const line = whole.length > 4000 ? `${whole.slice(0, 2000)} ${whole.slice(-2000)}` : whole;
  // As it is meant: without what is not seen, without escapes, with characters of usual width.
  const meant = line
    .normalize('NFKC')
    .replace(/[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\\]/g, '')
    .replace(/&lt;|&#60;|&#x3c;/gi, '<')
    .replace(/&gt;|&#62;|&#x3e;/gi, '>');
  if (!word.test(meant) && !comment.test(meant)) return undefined;
  if (isToldInText(line)) return undefined;
  if (/^\s+</.test(line)) return 'it is indented';
  if (/^\s*>/.test(line)) return 'it is in a quote';
  if (/^\s*(?:[-*+]|\d{1,9}[.)])\s/.test(line)) return 'it is in a list';
  if (/\\|&lt;|&gt;|&#/i.test(line)) return 'it is escaped';
  if (/[\u2010-\u2015\u2212]/.test(line)) return 'its hyphens became dashes';
  if (line.includes('`')) return 'it is marked as code';
  if (/^<!-- filer:(?:begin|end) -->/.test(line)) return 'something else is on its line, as formatters do it';
  return 'it is written in another way';
}

/** Whether a line of text only tells of the markers: as code, with words around it. */
function isToldInText(line: string): boolean {
  const text = line.replace(/`[^`]*`/g, '');
  return text !== line && !/filer/i.test(text) && /\p{L}{2}/u.test(text);
}

/** The last line that may have been meant to end the block that begins before a line. */
function dressedIn(lines: string[], from: number): Dressed[] {
  for (let index = lines.length - 1; index >= from; index -= 1) {
    const line = lines[index] ?? '';
    if (!/end/i.test(line)) continue;
    const dress = dressOf(line);
    if (dress !== undefined) return [{ line: index + 1, dress }];
  }
  return [];
}

function reportDressed(dressed: Dressed[], fault: ReportFault): void {
  const [first, ...others] = dressed;
  if (first === undefined) return;
  const shown = others.slice(0, 5).map(({ line }) => `line ${line}`);
  const also = others.length > 5 ? `${shown.join(', ')} and ${others.length - 5} more` : shown.join(', ');
  fault(
    first.line,
    1,
    `almost a marker (${first.dress}): write ${filerBegin} or ${filerEnd}, alone on its line and at its very start${also === '' ? '' : `; the same in ${also}`}`,
  );
}
