/** The kinds of CI there are, where a run can be started and followed. */
export const backends = ['forgejo-workflow', 'woodpecker-pipeline'] as const;
export type Backend = (typeof backends)[number];

const goingOn = ['waiting', 'running', 'blocked', 'pending', 'created', 'unknown'];

/** Whether a run of either CI goes on, by what that calls it; everything else is over. */
export function isGoingOn(status: string): boolean {
  return goingOn.includes(status);
}
