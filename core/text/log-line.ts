/**
 * Characters that change how a log is shown or read instead of being shown: C0 and C1 controls, line and paragraph
 * separators, zero-width and bidirectional marks, and the invisible tag characters.
 */
const unseen =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|[\ud800-\udfff]/gu;

const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text from outside as one visible line: what cannot be seen is spelled out, so that a title cannot start a second
 * log line, hide text, or drive a terminal.
 */
export function plain(text: string): string {
  return text.replace(unseen, (found) => named[found] ?? `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A whole log line: plain, and never a workflow command (`::name::` or `##[name]` at its start). */
export function logLine(text: string): string {
  const line = plain(text);
  return /^(::|##\[)/.test(line) ? ` ${line}` : line;
}

/** A value as JSON for people and programs alike: whatever `plain` would spell out stands as an escape of JSON. */
export function plainJson(value: unknown): string {
  const escaped = (found: string): string =>
    Array.from({ length: found.length }, (_, index) => found.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join('');
  return JSON.stringify(value, undefined, 2)
    .split('\n')
    .map((line) => line.replace(unseen, escaped))
    .join('\n');
}

/** Text from outside in double quotes, cut to `limit` characters. */
export function quoted(text: string, limit = 80): string {
  const characters = Array.from(text);
  return `"${plain(characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : text)}"`;
}
