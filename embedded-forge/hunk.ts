/** How many lines of a difference are shown with a comment. */
const shownLines = 4;

const header = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Of the difference of a file what stands before and at one line, which is below zero for a line of before; empty where it is in none. */
export function hunkUpTo(diff: string, line: number): string {
  const wanted = Math.abs(line);
  const lines = diff.replace(/\n$/, '').split('\n');
  for (const [index, text] of lines.entries()) {
    const [, before = '', beforeSize = '1', now = '', nowSize = '1'] = header.exec(text) ?? [];
    if (before === '') continue;
    const [begin, size] = line < 0 ? [Number(before), Number(beforeSize)] : [Number(now), Number(nowSize)];
    if (wanted < begin || wanted > begin + size) continue;
    return cut(text, lines.slice(index + 1), { old: Number(before), now: Number(now) }, line);
  }
  return '';
}

function cut(head: string, rest: string[], at: { old: number; now: number }, line: number): string {
  const shown: string[] = [];
  let { old, now } = at;
  for (const text of rest) {
    if (text.startsWith('@@') || (line < 0 ? old : now) > Math.abs(line)) break;
    shown.push(text);
    if (!text.startsWith('+')) old += 1;
    if (!text.startsWith('-')) now += 1;
  }
  if (shown.length <= shownLines) return [head, ...shown].join('\n');
  const kept = shown.slice(-shownLines);
  const [olds, news] = [
    kept.filter((text) => !text.startsWith('+')).length,
    kept.filter((text) => !text.startsWith('-')).length,
  ];
  return [`@@ -${old - olds},${olds} +${now - news},${news} @@`, ...kept].join('\n');
}
