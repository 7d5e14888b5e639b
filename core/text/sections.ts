/** A part of a text that is ours, between two lines; the rest is other people's. */
export interface OwnedSection {
  /** The lines around it, each alone on its line. */
  begin: string;
  end: string;
  /** What stands between them, without the lines themselves. */
  content: string;
  /** Where it goes when it is not there yet: before the first line that is just this; at the end when there is none. */
  before?: string | undefined;
}

interface Place {
  from: number;
  to: number;
}

/** Where a section is, by line; `damaged` when its lines are there, but not once each and in order. */
function placeOf(lines: string[], begin: string, end: string): Place | 'absent' | 'damaged' {
  const at = (line: string): number[] =>
    lines.flatMap((text, index) => (text.trimEnd() === line ? [index] : []));
  const [begins, ends] = [at(begin), at(end)];
  const [from, to] = [begins[0], ends[0]];
  if (begins.length === 0 && ends.length === 0) return 'absent';
  return from === undefined || to === undefined || begins.length > 1 || ends.length > 1 || to < from
    ? 'damaged'
    : { from, to };
}

/** What stands in a section, or undefined where it is not there as a whole. */
export function sectionIn(text: string, begin: string, end: string): string | undefined {
  const lines = text.split('\n');
  const place = placeOf(
    lines.map((line) => line.replace(/\r$/, '')),
    begin,
    end,
  );
  return typeof place === 'string' ? undefined : lines.slice(place.from + 1, place.to).join('\n');
}

/**
 * The text with our section as it should be, and everything else byte for byte as it was; undefined when somebody has
 * damaged the section's lines, and what is ours can no longer be told.
 */
export function withSection(text: string, section: OwnedSection): string | undefined {
  const { begin, end, content, before } = section;
  const lines = text.split('\n');
  const bare = lines.map((line) => line.replace(/\r$/, ''));
  const place = placeOf(bare, begin, end);
  if (place === 'damaged') return undefined;
  const block = [begin, ...(content === '' ? [] : content.split('\n')), end];
  if (place !== 'absent')
    return [...lines.slice(0, place.from), ...block, ...lines.slice(place.to + 1)].join('\n');
  const found = before === undefined ? -1 : bare.findIndex((line) => line.trimEnd() === before);
  return found < 0
    ? `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}\n${block.join('\n')}\n`
    : [...lines.slice(0, found), ...block, '', ...lines.slice(found)].join('\n');
}
