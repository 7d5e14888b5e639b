import { sameRepository } from './accounts.ts';
import type { Pull } from './forge/pulls.ts';

/** The branch that a pull request comes from, of whichever repository: its label still names it when the branch is gone. */
export function headBranch({ head: { label } }: Pick<Pull, 'head'>): string {
  return label.split(':').at(-1) ?? label;
}

/** Whether a pull request comes from this repository, where the forge says which one it comes from. */
export function comesFrom({ head }: Pick<Pull, 'head'>, repository: string): boolean {
  return head.repo === undefined || sameRepository(head.repo?.full_name ?? '', repository);
}
