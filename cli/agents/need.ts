import { exhaustionText } from '../../actions/forge-agent/frozen.ts';
import { roundsOf } from '../../actions/forge-agent/wake.ts';
import type { Entry } from '../../core/agent/entry.ts';
import type { Work } from './listing.ts';

/** Whether an issue waits for a person, and what for; pure. `blocked`: the label for that which it has now, if any. */
export function needOf(entry: Entry, blocked: string | null): Work['needs_person'] {
  const { status, exhausted, why } = entry;
  if (status !== 'frozen') return null;
  if (exhausted != null) return { kind: exhausted.why, why: exhaustionText(exhausted.why, roundsOf(entry)) };
  if (why.endsWith(', and its work was refused'))
    return { kind: 'refused', why: 'its work was refused; a comment on the issue says why' };
  if (/^needs_person\b/.test(why))
    return {
      kind: 'needs_person',
      why: 'it asks for what only a person can decide or do; its comment says what',
    };
  if (/^underspecified\b/.test(why))
    return { kind: 'underspecified', why: 'the issue does not say enough; its comment says what is missing' };
  return blocked === null ? null : { kind: 'blocked', why: `its issue has the label ${blocked}` };
}
