// Refs beside the branches: where what is kept of an agent's work stands. Pure.

/** Names of owners and repositories may hold what no ref may: a point before or behind, two of them, `.lock`. */
function part(repository: string): string {
  return repository
    .split('/')
    .map((name) => encodeURIComponent(name).replaceAll('.', '%2E'))
    .join('/');
}

/** Where refused work is kept in the state repository. */
export function refusedRef(repository: string, issue: number, attempt: number): string {
  return `refs/forgecrew/refused/${part(repository)}/${issue}/${attempt}`;
}

/** Where the session of an issue's agent is kept in the state repository; the next one takes its place. */
export function sessionRef(repository: string, issue: number): string {
  return `refs/forgecrew/sessions/${part(repository)}/${issue}`;
}

/** What of a round is handed over, each by a ref of its own. */
export const handedKinds = ['work', 'session', 'refused'] as const;
export type HandedKind = (typeof handedKinds)[number];

/** Where one step leaves for another what came of a round; the next round's takes its place. */
export function handedRef(repository: string, issue: number, what: HandedKind): string {
  return `refs/forgecrew/handed/${part(repository)}/${issue}/${what}`;
}

/** Where work is kept beside its branch, which somebody pushed to meanwhile; in the repository of the branch. */
export function besideRef(issue: number, round: number): string {
  return `refs/forgecrew/beside/${issue}/${round}`;
}
