/**
 * JSON of somebody we do not trust, or why it is not read. Two programs that read an object with one key twice may see two
 * different objects: what was shown could then be another thing than what is done. `__proto__` is no name of any field.
 */
export function strictJson(
  text: string,
  { most }: { most: number },
): { ok: true; value: unknown } | { ok: false; why: string } {
  if (text.length > most)
    return { ok: false, why: `it has ${text.length} characters, and ${most} is the most` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, why: 'it is no JSON' };
  }
  const why = faultOf(text);
  return why === undefined ? { ok: true, value } : { ok: false, why };
}

/** Deeper than this nothing is nested that anybody means. */
const mostDepth = 8;

/** What is wrong with a text that is JSON: a key that stands twice in one object, or nesting without end. */
function faultOf(text: string): string | undefined {
  /** For each open bracket the keys so far; of a list none. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined);
      if (open.length > mostDepth) return `it is nested more than ${mostDepth} deep`;
    } else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      const keys = open.at(-1);
      if (keys !== undefined && isBeforeColon(text, end + 1)) {
        const key = JSON.parse(text.slice(at, end + 1)) as string;
        if (keys.has(key)) return `the key ${JSON.stringify(key).slice(0, 60)} stands twice in one object`;
        if (key === '__proto__') return 'a key is called __proto__';
        keys.add(key);
      }
      at = end;
    }
  }
  return undefined;
}

/** However many blanks stand before it. */
function isBeforeColon(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at += 1;
  return text[at] === ':';
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
