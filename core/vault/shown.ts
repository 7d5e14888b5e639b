// People are shown on a pull request which commit of another repository an action would run. A comment would not do to
// remember it: anybody who may write can edit it. A commit's status is never changed, only followed, and says who set it.

/** The name of that status. */
export function shownContext(id: string): string {
  return `forgecrew/vault-run/${id}`;
}

/** What it says. */
export function shownText(commit: string): string {
  return `would run commit ${commit}`;
}

/** The commit that it names, or undefined. */
export function shownIn(description: string): string | undefined {
  return /^would run commit ([0-9a-f]{40,64})$/.exec(description)?.[1];
}
