import { documentName } from '../document-name.ts';
import { type Fault, faultList, type ReportFault } from '../errors.ts';
import { codePoint } from '../text/characters.ts';
import type { Entry, Sprint } from './entry.ts';
import { parseFilerBlock } from './filer-block.ts';
import { type Layout, layOut, mostLines, type VisionLine } from './layout.ts';
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
 * Every fault has line and column, and the first twenty are told; a document with any fault gives no entries. Takes time in
 * proportion to the document, whatever stands in it.
 */
export function parseSprint(file: string, bytes: Uint8Array): SprintFile {
  const faults = faultList(file);
  const fault = faults.report;
  const text = decode(bytes, fault);
  if (text === undefined)
    return { kind: 'faulty', file, faults: faults.told(), visions: numbersIn(roughly(bytes)) };
  const lines = text.split('\n', mostLines + 1);
  if (lines.length > mostLines) {
    fault(0, 0, `the document has more than ${mostLines} lines; no more are read`);
    return { kind: 'faulty', file, faults: faults.told(), visions: numbersIn(text) };
  }
  reportUnseen(lines, fault);
  const isText = faults.count() === 0;
  const layout = layOut(lines, fault);
  if (layout.block === undefined && faults.count() === 0) return { kind: 'no-block', file };

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
  if (faults.count() > 0 || vision === undefined) {
    const named = layout.visions?.bullets.map(({ number }) => number) ?? [];
    return {
      kind: 'faulty',
      file,
      faults: faults.told(),
      visions: named.length > 0 ? [...new Set(named)] : numbersIn(text),
    };
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

/** The document as text with LF line ends, or undefined with the one fault that it is for. */
function decode(bytes: Uint8Array, fault: ReportFault): string | undefined {
  if (bytes.length > largest) {
    fault(0, 0, `the document has ${bytes.length} bytes; at most ${largest} are read`);
    return undefined;
  }
  if (isUtf16(bytes)) {
    fault(0, 0, 'the document is UTF-16: save it as UTF-8');
    return undefined;
  }
  return new TextDecoder('utf-8').decode(bytes).replace(/\r\n?/g, '\n');
}

function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** What may be read of a document that is not read. */
function roughly(bytes: Uint8Array): string {
  const isLittle = isUtf16(bytes) && bytes[0] === 0xff;
  // Each second byte of the other order is nought for what is looked for.
  const text = new TextDecoder(isLittle ? 'utf-16le' : 'utf-8').decode(bytes);
  return isUtf16(bytes) && !isLittle ? text.replaceAll('\u0000', '') : text;
}

/** What cannot be told apart on a screen, or cannot be stored, is a fault. */
function reportUnseen(lines: string[], fault: ReportFault): void {
  for (const [index, line] of lines.entries()) {
    const column = line.search(/[\u0000-\u0008\u000b-\u001f\u007f\ufffd]/);
    if (column < 0) continue;
    const character = line[column] ?? '';
    fault(
      index + 1,
      column + 1,
      character === '\ufffd'
        ? 'not valid UTF-8: save the document as UTF-8'
        : `a control character (${codePoint(character)}): remove it`,
    );
  }
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
