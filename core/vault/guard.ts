/** How a branch is guarded that one account writes to, as far as that account or another one may see it. */
export type BranchGuard =
  | { kind: 'missing' }
  | { kind: 'unprotected' }
  /** `isOurs`: whether our account may push to it. */
  | { kind: 'guarded'; isOurs: boolean };

/** Whether what decides about actions can be changed only after an admin lifted its protection. */
export type PolicyGuard =
  | { kind: 'closed' }
  /** Files that a pull request may still change. */
  | { kind: 'open'; files: string[] }
  | { kind: 'unknown'; why: string };

/** placeholder until the real one is merged */
export function policyGuard(_rules: unknown[], _branch: string, files: string[]): PolicyGuard {
  return { kind: 'open', files };
}
