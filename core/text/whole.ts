import { plain } from './log-line.ts';

/** Above this a value gets a block of its own. */
const longest = 200;

/** A value from outside that people approve by: whole, with everything visible, and nothing in it counts. */
export type Shown =
  | { kind: 'line'; text: string }
  /** Lines of a fenced block. */
  | { kind: 'block'; lines: string[] };

/**
 * A value as people have to see it before they say yes to it. What a page would swallow is drawn: blanks that end a line or
 * stand in rows as `·`, tabs as `→`; what has no shape at all is spelled out. A fence longer than any inside ends the block.
 */
export function whole(value: string): Shown {
  const lines = value.split('\n').map(drawn);
  if (lines.length === 1 && value.length <= longest) {
    const [line = ''] = lines;
    return { kind: 'line', text: line === '' ? '(empty)' : asCode(line) };
  }
  const runs = lines.join('\n').match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return { kind: 'block', lines: [fence, ...lines, fence] };
}

function drawn(line: string): string {
  return plain(
    line
      .replaceAll('\t', '→')
      .replace(/ {2,}|^ | $/g, (blanks) => '·'.repeat(blanks.length))
      .toWellFormed(),
  );
}

/** As code of one line: a fence longer than any inside, with a blank where it would touch one. */
function asCode(line: string): string {
  const runs = line.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}
