import { type Entry, repositoryOf } from './entry.ts';

// Whether a frozen agent may be asked for another round by hand: pure. The role and the command that asks both go by it.

/** What the state repo says of an issue, as far as that can be read; `null` where it says nothing. */
export type FoundEntry = { entry: Entry } | { fault: string } | null;

/** Why its agent cannot be asked, and what to do instead; undefined where it can. `closedPull`: its pull request, if that is closed. */
export function askingTrouble(found: FoundEntry, closedPull: number | null): string | undefined {
  if (found === null)
    return 'nothing is frozen for it: no agent has worked on it, or its work is over. Give it to an agent by its label';
  if ('fault' in found)
    return `what the state repo says of it cannot be read (${found.fault}). Mend that file first`;
  const { agent_name: agent, status, why, asked, exhausted } = found.entry;
  if (status === 'running')
    return `${agent} works on it now, so nothing is frozen. Write a comment there: it is told of that in its next round`;
  if (status === 'destroyed')
    return `the work of ${agent} on it is over (${why}), so nothing is frozen. Take its label off and set it again to start anew`;
  if (closedPull !== null)
    return `its pull request #${closedPull} is closed, which ends the work of ${agent}. Open that again first, or give the issue to an agent anew`;
  // One that has begun its round and was exhausted since is answered by another one only.
  if (asked != null && !(asked.begun === true && exhausted != null))
    return `${asked.by} has asked for another round at ${asked.at}, and that waits for the next run of forge-agent. Ask again after that round, or write a comment on ${repositoryOf(found.entry)}#${found.entry.issue_number}`;
  return undefined;
}

/** The sign by which an asking is known again. */
export function signOfAsking({ at }: { at: string }): string {
  return `asked ${at}`;
}
