import { documentName } from '../document-name.ts';
import type { Fault } from '../errors.ts';
import type { Entry, Sprint } from './entry.ts';
import { parseFilerBlock } from './filer-block.ts';
import { type Layout, layOut, type ReportFault, type VisionLine } from './layout.ts';
import { markWord } from './marker.ts';

/** What a file turned out to be. A document without a filer block is not ours to judge. */
export type SprintFile =
  | { kind: 'sprint'; sprint: Sprint }
  | { kind: 'no-block'; file: string }
  /** `visions`: every number the document may have meant, so that none of them is closed meanwhile. */
  | { kind: 'faulty'; file: string; faults: Fault[]; visions: number[] };

const largest = 1024 * 1024;

/**
 * Reads a sprint document: the vision from `## Vision issues`, the entries from the filer block, as YAML 1.2 says.
 * Every fault is reported with line and column; a document with any fault gives no entries.
 */
export function parseSprint(file: string, bytes: Uint8Array): SprintFile {
  const faults: Fault[] = [];
  const fault = (line: number, column: number, message: string): void => {
    faults.push({ file, line, column, message });
  };
  const text = decode(bytes, fault);
  const lines = text.split('\n');
  const isText = faults.length === 0;
  const layout = layOut(lines, fault);
  if (layout.block === undefined && faults.length === 0) return { kind: 'no-block', file };

  const slug = documentName(file);
  if (!markWord.test(slug))
    fault(
      0,
      0,
      'the file name goes into the marker of every issue: use letters, digits, ".", "_" and "-" only, and rename the document',
    );
  const vision =
    layout.block === undefined ? undefined : readVision(layout.visions, layout.block.line, fault);
  const entries: Entry[] =
    layout.block === undefined || !isText
      ? []
      : parseFilerBlock(
          lines.slice(layout.block.line, layout.block.end).join('\n'),
          layout.block.line,
          fault,
        );
  if (faults.length > 0 || vision === undefined) {
    const named = layout.visions?.bullets.map(({ number }) => number) ?? [];
    return { kind: 'faulty', file, faults, visions: named.length > 0 ? named : numbersIn(text) };
  }
  return {
    kind: 'sprint',
    sprint: {
      file,
      slug,
      vision: vision.number,
      visionAt: { line: vision.line, column: vision.column },
      entries,
    },
  };
}

/** UTF-8 with LF line ends. What cannot be told apart on a screen, or cannot be stored, is a fault. */
function decode(bytes: Uint8Array, fault: ReportFault): string {
  if (bytes.length > largest)
    fault(0, 0, `the document has ${bytes.length} bytes; at most ${largest} are read`);
  const text = new TextDecoder('utf-8').decode(bytes).replace(/\r\n?/g, '\n');
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const column = line.search(/[\u0000-\u0008\u000b-\u001f\u007f\ufffd]/);
    if (column < 0) continue;
    const code = line.charCodeAt(column);
    fault(
      index + 1,
      column + 1,
      code === 0xfffd
        ? 'not valid UTF-8: save the document as UTF-8'
        : `a control character (U+${code.toString(16).padStart(4, '0').toUpperCase()}): remove it`,
    );
  }
  return text;
}

function readVision(
  visions: Layout['visions'],
  blockLine: number,
  fault: ReportFault,
): VisionLine | undefined {
  const shape = 'expected one line "- #<number> — <title>" under "## Vision issues"';
  if (visions === undefined) {
    fault(blockLine, 1, `the filer block has no vision: there is no section "## Vision issues"; ${shape}`);
    return undefined;
  }
  if (visions.headings > 1)
    fault(visions.heading, 1, 'there are several sections "## Vision issues": keep one');
  const [first, second] = visions.bullets;
  if (second !== undefined)
    fault(
      second.line,
      second.column,
      `a second vision: ${shape}; put the entries of #${second.number} into a document of their own`,
    );
  if (first === undefined) fault(visions.heading, 1, `no vision is named: ${shape}`);
  else if (first.number === 0) fault(first.line, first.column, 'there is no issue #0');
  return first;
}

/** Every `#123` of a text, for documents whose vision cannot be made out. */
function numbersIn(text: string): number[] {
  return [...new Set([...text.matchAll(/#(\d{1,15})(?!\d)/g)].map((match) => Number(match[1])))];
}
