import { fenceAfter } from '../text/fences.ts';

// Where actions stand in texts of others: in a model's answer, and in a comment of an account that may propose. Pure.

/** An action as it was written: nothing of it was looked at yet. */
export interface WrittenAction {
  type: string;
  json: string;
}

const opening = /<action\s+type="([a-z-]{1,40})"\s*>/g;
const closing = '</action>';

/** A model's answer without its actions, and these. */
export function actionsIn(answer: string): { text: string; actions: WrittenAction[] } {
  const actions: WrittenAction[] = [];
  let text = '';
  let from = 0;
  for (const found of answer.matchAll(opening)) {
    if (found.index < from) continue;
    const begin = found.index + found[0].length;
    const end = answer.indexOf(closing, begin);
    // Cut off in the middle: what it would have been nobody knows.
    if (end < 0) break;
    text += answer.slice(from, found.index);
    actions.push({ type: found[1] ?? '', json: answer.slice(begin, end).trim() });
    from = end + closing.length;
  }
  return { text: (text + answer.slice(from)).trim(), actions };
}

/** What begins a block in which an account that may propose says what it would like done. */
const proposalFence = 'forgecrew-proposal';

/** Longer than this no comment is that proposes something. */
const mostLines = 5000;

/** The actions in the fenced blocks of a comment: ```` ```forgecrew-proposal issue-create ```` and JSON below it. */
export function proposalsIn(comment: string): WrittenAction[] {
  const found: WrittenAction[] = [];
  let open: ReturnType<typeof fenceAfter>;
  let current: { type: string; lines: string[] } | undefined;
  for (const line of comment.replaceAll('\r\n', '\n').split('\n', mostLines)) {
    const before = open;
    open = fenceAfter(open, line);
    if (before === undefined && open !== undefined) {
      const [, type] = /^ {0,3}[`~]{3,}[ \t]*forgecrew-proposal[ \t]+([a-z-]{1,40})[ \t]*$/.exec(line) ?? [];
      current = type === undefined ? undefined : { type, lines: [] };
    } else if (before !== undefined && open === undefined) {
      if (current !== undefined) found.push({ type: current.type, json: current.lines.join('\n') });
      current = undefined;
    } else current?.lines.push(line);
  }
  return found;
}

/**
 * A proposal as a comment holds it, for pipelines and for an agent's sidecar: posted by an account that the setting `proposers`
 * names, the role escalation takes it up, renders it anew and lets people click.
 */
export function proposalBlock(type: string, payload: unknown): string {
  const json = JSON.stringify(payload, null, 2);
  const longest = Math.max(2, ...(json.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${proposalFence} ${type}\n${json}\n${fence}`;
}
