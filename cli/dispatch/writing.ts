import type { Send } from '../../core/api/send.ts';
import { applyPlan } from '../../core/apply.ts';
import type { Change } from '../../core/change.ts';
import type { User } from '../../core/forge/users.ts';
import type { Mask } from '../../core/mask.ts';
import type { Result } from '../../core/report.ts';
import type { Works } from '../../core/works.ts';

/** The kinds of change that a dispatch and its worker can cause. */
const kinds: readonly string[] = ['write-files', 'comment', 'update-sections'];

export interface Writing {
  /** The forge, where the state repo is. */
  send: Send;
  /** The host of the issue, which may be another one, and whose account writes there. */
  issues: Send;
  account: User;
  mask: Mask;
  works: Works;
  say(line: string): void;
  /** Whether it holds the issue in a state repo; without one there is nothing to keep up there, and nothing to lose. */
  isHeld: boolean;
}

/** Carries changes out through the same apply as every role. `through`: what every request of theirs goes through. */
export async function write(
  { send, issues, account, mask, works, say, isHeld }: Writing,
  changes: readonly Change[],
  through: (send: Send) => Send = (own) => own,
): Promise<Result[]> {
  for (const { kind } of changes)
    if (!kinds.includes(kind)) throw new Error(`a dispatch does not write ${kind}`);
  const isState = changes.every(({ kind }) => kind === 'write-files');
  if (!isHeld && isState)
    return changes.map((_, change) => ({ change, status: 'done', said: 'there is no state repo' }));
  if (!isState && changes.some(({ kind }) => kind === 'write-files'))
    throw new Error('a dispatch writes to one host at a time');
  const results: Result[] = [];
  await applyPlan(isHeld ? [...changes] : changes.map(({ held: _, ...change }) => change as Change), {
    context: {
      send: through(isState ? send : issues),
      claims: send,
      account,
      works,
      workspace: '/',
      ask: () => Promise.reject(new Error('a dispatch asks no model')),
    },
    mask,
    results,
    say,
  });
  return results;
}
