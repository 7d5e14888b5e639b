import type { DispatchEntry } from './entry.ts';

// How far workers may let other workers begin: pure.

/** How deep dispatches may stand below each other, and how many below one that a person made. */
export const mostDepth = 3;
const mostWorkers = 8;

/** Why a worker may not let another one begin; undefined where it may. Pure. */
export function cascadeTrouble(parent: DispatchEntry, entries: readonly DispatchEntry[]): string | undefined {
  if (parent.mode !== 'cascade') return 'only the worker of a cascade may dispatch others';
  if (parent.depth + 1 > mostDepth)
    return `it would stand ${parent.depth + 1} deep, and ${mostDepth} is the most`;
  return belowSame(parent, entries).length >= mostWorkers ? tooMany : undefined;
}

/** The same once it was entered: of several at the same moment those that came last are too many. */
export function lateTrouble(entry: DispatchEntry, entries: readonly DispatchEntry[]): string | undefined {
  const place = belowSame(entry, entries).findIndex(({ id }) => id === entry.id);
  return place >= mostWorkers ? tooMany : undefined;
}

const tooMany = `${mostWorkers} workers is the most that may be dispatched below one that a person dispatched`;

/** What was dispatched below the same dispatch of a person, oldest first. */
function belowSame(entry: DispatchEntry, entries: readonly DispatchEntry[]): DispatchEntry[] {
  const root = rootOf(entry, entries);
  return entries.filter((item) => item.parent_session !== null && rootOf(item, entries) === root);
}

/** The dispatch of a person that another one came of. */
function rootOf(entry: DispatchEntry, entries: readonly DispatchEntry[]): string {
  let { id, parent_session: parent } = entry;
  // No chain is longer than what may be entered; a circle that somebody wrote by hand ends as well.
  for (let step = 0; parent !== null && step <= entries.length; step += 1) {
    id = parent;
    parent = entries.find((item) => item.id === parent)?.parent_session ?? null;
  }
  return id;
}
