/**
 * The number by which people find a run: the one that its page shows and ends with. Forgejo counts runs in each repository, and its
 * API knows them by an id that is counted over the whole forge, which no page shows.
 */
export function runNumber({ id, url }: { id: number; url: string | null | undefined }): number {
  const shown = /\/actions\/runs\/(\d{1,15})(?:\/|$)/.exec(url ?? '')?.[1];
  return shown === undefined ? id : Number(shown);
}
