import { runToEnd } from '../../core/child.ts';
import { whyOf } from '../../core/git.ts';
import type { DispatchConfig } from './config.ts';
import type { DispatchEntry } from './entry.ts';

/** What whoever wants to know of the end of a dispatch is told. */
export interface Notice {
  mode: string;
  ref: string;
  title: string;
  url: string;
  cwd: string | null;
  /** Of the process, where it ran apart from a terminal; otherwise 0. */
  pid: number;
  outcome: string;
}

export function noticeOf(entry: DispatchEntry, isDetached: boolean): Notice {
  const { mode, ref, title, url, worktree, pid, outcome } = entry;
  return { mode, ref, title, url, cwd: worktree, pid: isDetached ? pid : 0, outcome: outcome ?? 'no-word' };
}

const mostMs = 30_000;

/** Tells it; what goes wrong is said and never thrown: whoever is told has no say in how a dispatch ended. */
export async function notify(
  { command, webhook }: DispatchConfig['notify'],
  notice: Notice,
  {
    environment,
    say,
    post = fetch,
  }: { environment: Record<string, string>; say(line: string): void; post?: typeof fetch },
): Promise<void> {
  const body = JSON.stringify(notice);
  try {
    if (command !== undefined) {
      const [program = '', ...args] = command;
      const ended = await runToEnd({
        command: program,
        args,
        environment,
        folder: '/',
        input: body,
        timeoutMs: mostMs,
        mostBytes: 1024 * 1024,
      });
      if (ended.code !== 0 || ended.overran !== undefined) say(`The command of notify ${whyOf(ended)}`);
    } else if (webhook !== undefined) {
      const answer = await post(webhook, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'forgecrew' },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(mostMs),
      });
      if (!answer.ok) say(`The webhook of notify answered ${answer.status}.`);
    }
  } catch (error) {
    say(`Nobody was notified: ${error instanceof Error ? error.message : String(error)}`);
  }
}
