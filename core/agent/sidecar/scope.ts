/** What one run of one agent may reach. It is made for a run and never grows: another pull request is another scope. */
export interface Scope {
  /** As `owner/name`; nothing outside of it can even be named. */
  repository: string;
  /** The issue that the agent works on. */
  issue: number;
  /** The agent's own pull requests for it. */
  pulls: readonly number[];
}

/** A copy that nobody changes afterwards, so that a list somebody else holds cannot make it grow. */
export function fixedScope({ repository, issue, pulls }: Scope): Scope {
  return Object.freeze({ repository, issue, pulls: Object.freeze([...new Set(pulls)]) });
}

/** Whether comments and descriptions of this number may be written. */
export function isWritable(scope: Scope, number: number): boolean {
  return number === scope.issue || scope.pulls.includes(number);
}

/** Why a number may not be written, as a sentence that names what may; undefined where it may. */
export function writeRefusal(scope: Scope, number: number): string | undefined {
  return isWritable(scope, number)
    ? undefined
    : `Out of scope: this run may write ${writable(scope)} of ${scope.repository}, and not #${number}. Reading is allowed.`;
}

/** What may be written, in words. */
export function writable({ issue, pulls }: Scope): string {
  const others = pulls.filter((number) => number !== issue);
  return others.length === 0
    ? `only its issue #${issue}`
    : `only its issue #${issue} and its own pull ${others.length === 1 ? 'request' : 'requests'} ${others.map((number) => `#${number}`).join(', ')}`;
}
