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

/** Where a section's two lines are in a text; each is told by where it begins, and where the line end behind it is. */
interface Place {
  from: Line;
  to: Line;
}

interface Line {
  start: number;
  end: number;
}

/**
 * The lines that are just this, whatever blanks stand behind it. Looked for as text: a description may have a million lines,
 * and to take them all apart for one that is not there costs far more than reading it.
 */
function linesThatAre(text: string, wanted: string): Line[] {
  const found: Line[] = [];
  for (let at = text.indexOf(wanted); at >= 0; ) {
    const lineEnd = text.indexOf('\n', at);
    const end = lineEnd < 0 ? text.length : lineEnd;
    const isAtStart = at === 0 || text[at - 1] === '\n';
    if (isAtStart && text.slice(at + wanted.length, end).trim() === '') found.push({ start: at, end });
    // The rest of this line cannot be one that begins with it.
    at = text.indexOf(wanted, end);
  }
  return found;
}

/** Where a section is; `damaged` when its lines are there, but not once each and in order. */
function placeOf(text: string, begin: string, end: string): Place | 'absent' | 'damaged' {
  const [begins, ends] = [linesThatAre(text, begin), linesThatAre(text, end)];
  const [from, to] = [begins[0], ends[0]];
  if (begins.length === 0 && ends.length === 0) return 'absent';
  return from === undefined ||
    to === undefined ||
    begins.length > 1 ||
    ends.length > 1 ||
    to.start < from.start
    ? 'damaged'
    : { from, to };
}

/** What stands in a section, or undefined where it is not there as a whole. */
export function sectionIn(text: string, begin: string, end: string): string | undefined {
  const place = placeOf(text, begin, end);
  return typeof place === 'string'
    ? undefined
    : text.slice(place.from.end + 1, Math.max(place.from.end + 1, place.to.start - 1));
}

/**
 * The text with our section as it should be, and everything else byte for byte as it was; undefined when somebody has
 * damaged the section's lines, and what is ours can no longer be told.
 */
export function withSection(text: string, section: OwnedSection): string | undefined {
  const { begin, end, content, before } = section;
  const place = placeOf(text, begin, end);
  if (place === 'damaged') return undefined;
  const block = [begin, ...(content === '' ? [] : [content]), end].join('\n');
  if (place !== 'absent') return `${text.slice(0, place.from.start)}${block}${text.slice(place.to.end)}`;
  const [found] = before === undefined ? [] : linesThatAre(text, before);
  return found === undefined
    ? `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}\n${block}\n`
    : `${text.slice(0, found.start)}${block}\n\n${text.slice(found.start)}`;
}
