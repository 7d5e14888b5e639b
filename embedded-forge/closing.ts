import type { Call } from './route.ts';
import { addEvent, type Issue, timestamp } from './state.ts';

/** Closes or reopens; false when open dependencies forbid closing. */
export function setState(call: Call, issue: Issue, state: 'open' | 'closed'): boolean {
  if (issue.state === state) return true;
  const isOpen = ({ repository, number }: Issue['dependsOn'][number]): boolean =>
    call.state.repositories.find(({ id }) => id === repository)?.issues.find((item) => item.number === number)
      ?.state === 'open';
  // A dependency on itself is taken by the forge, and then the issue can never be closed.
  if (state === 'closed' && issue.dependsOn.some(isOpen)) return false;
  const at = timestamp(call.state);
  issue.state = state;
  issue.closed = state === 'closed' ? at : null;
  issue.updated = at;
  addEvent(call.state, issue, state === 'closed' ? 'close' : 'reopen', call.account?.id ?? -1);
  return true;
}
