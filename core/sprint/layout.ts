import { type Fence, fenceAfter } from '../text/fences.ts';
import { withoutClosing } from '../text/headings.ts';

// Where things stand in a sprint document: the filer block and the visions. No YAML, so that a role that only has to know
// what a document is about loads none.

/** The lines around a filer block, each alone on its line and at its very start. */
export const filerBegin = '<!-- filer:begin -->';
export const filerEnd = '<!-- filer:end -->';
/** A line that was meant to be one of them: ignoring it would file nothing, and say nothing. */
const nearMarker = /^ {0,3}<!--\s*\/?\s*filer\b/i;

/** Takes down what is wrong, and where; lines and columns from 1. */
export type ReportFault = (line: number, column: number, message: string) => void;

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
  const number = /^ {0,3}[-*+]\s{1,4}#(\d{1,15})(?![\w-])/.exec(line)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** The issues listed under `## Vision issues`: what a document says it is about, filer block or not. */
export function visionsNamed(document: string): number[] {
  const { visions } = layOut(document.replace(/\r\n?/g, '\n').split('\n'), () => undefined);
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
  for (const [index, line] of lines.entries()) {
    const isBegin = line.trimEnd() === filerBegin;
    const isEnd = line.trimEnd() === filerEnd;
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
    if (isBegin) {
      opened = index;
      inVisions = false;
    } else if (!isEnd && nearMarker.test(line)) {
      fault(
        index + 1,
        1,
        `almost a marker: write ${filerBegin} or ${filerEnd}, alone on its line and at its very start`,
      );
    } else if (isEnd) {
      fault(index + 1, 1, `${filerEnd} without ${filerBegin} before it`);
    } else if (/^#{1,2}(\s|$)/.test(line)) {
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
  if (opened !== undefined)
    fault(opened + 1, 1, `${filerBegin} without ${filerEnd} after it: end the block with a line ${filerEnd}`);
  return { block, visions };
}
