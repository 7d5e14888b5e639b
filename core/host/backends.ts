/** The kinds of CI there are, where a run can be started and followed. */
export const backends = ['forgejo-workflow', 'woodpecker-pipeline'] as const;
export type Backend = (typeof backends)[number];
