/** A heading of a Markdown document, and what stands below it up to the next of level 1 or 2. */
export interface Part {
  level: 1 | 2;
  title: string;
  /** From 1. */
  line: number;
  text: string;
}

/** A heading without the marks that may close it. Not by a pattern: one with an end takes quadratic time on a row of marks. */
export function withoutClosing(heading: string): string {
  let end = heading.length;
  while (end > 0 && /[\s#]/.test(heading[end - 1] ?? '')) end -= 1;
  return heading.slice(0, end);
}

/** The parts of a document by their headings (`#` and `##`), outside code fences and the filer block. */
export function partsOf(document: string): Part[] {
  const parts: Part[] = [];
  let fence: string | undefined;
  let inBlock = false;
  for (const [index, line] of document.replaceAll('\r\n', '\n').split('\n').entries()) {
    const trimmed = line.trimEnd();
    const heading = fence === undefined && !inBlock ? /^(#{1,2})\s+(.*)$/.exec(trimmed) : null;
    if (heading !== null) {
      const title = withoutClosing(heading[2] ?? '');
      parts.push({ level: heading[1] === '#' ? 1 : 2, title, line: index + 1, text: '' });
      continue;
    }
    const last = parts.at(-1);
    if (last !== undefined) last.text += `${line}\n`;
    if (inBlock) {
      inBlock = trimmed !== '<!-- filer:end -->';
      continue;
    }
    const [, marks, info = ''] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence !== undefined) {
      if (marks?.startsWith(fence) === true && info.trim() === '') fence = undefined;
    } else if (marks !== undefined && !(marks.startsWith('`') && info.includes('`'))) fence = marks;
    else if (trimmed === '<!-- filer:begin -->') inBlock = true;
  }
  return parts;
}

/**
 * The issues listed under `## Vision issues`: what a document says it is about, filer block or not. One that is only
 * mentioned in the title of another is not.
 */
export function visionsNamed(document: string): number[] {
  return partsOf(document)
    .filter(({ level, title }) => level === 2 && /^vision issues$/i.test(title))
    .flatMap(({ text }) => text.split('\n'))
    .flatMap((line) => {
      const bullet = /^ {0,3}[-*+]\s{1,4}#(\d{1,15})(?![\w-])/.exec(line);
      return bullet === null ? [] : [Number(bullet[1])];
    });
}
