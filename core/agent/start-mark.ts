import * as z from 'zod/mini';
import { canonicalJson } from '../canonical.ts';
import { moment } from '../moment.ts';
import type { IssueName } from './entry.ts';

// That a run is about to be started for an issue, as the state repo keeps it: written before the run is started, so that nobody
// starts another meanwhile. Pure.

const mark = z.object({
  /** Unique for each start: a pipeline that was started by it bears it. */
  lease: z.object({ id: z.string().check(z.regex(/^[0-9a-f]{32}$/)) }),
  at: moment,
});
export type StartMark = z.infer<typeof mark>;

/** Where all of them stand. */
export const startingFolder = 'starting';

/** One file that everybody who starts runs writes: of two at the same moment one finds it changed, and looks again. */
export const turnPath = 'fan-out.json';

/**
 * Where the mark of an issue stands in the state repo. In small letters, because a forge takes both spellings for one repository.
 */
export function startMarkPath({ owner, repo, number }: IssueName): string {
  return `${startingFolder}/${owner.toLowerCase()}/${repo.toLowerCase()}/${number}.json`;
}

/** A mark as its file holds it: canonical JSON and a line end. */
export function startMarkText(given: StartMark): string {
  return `${canonicalJson(given)}\n`;
}

/** What a mark says; undefined where it cannot be read, and then it counts for nothing. */
export function parseStartMark(bytes: Uint8Array): StartMark | undefined {
  try {
    return mark.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return undefined;
  }
}
