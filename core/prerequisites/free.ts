import { parsePrerequisites } from './document.ts';

// Which objectives can go on. Pure.

/**
 * The names of objectives that became free between two texts of a prerequisite tree: BLOCKED in the first, and READY or IN
 * PROGRESS in the second. One that is DONE now needs nobody any more, and one that is new was never in anybody's way.
 */
export function freedObjectives(before: string, after: string): string[] {
  const wasBlocked = new Set(
    parsePrerequisites(before).objectives.flatMap(({ name, status }) =>
      status?.word === 'BLOCKED' ? [name] : [],
    ),
  );
  return parsePrerequisites(after).objectives.flatMap(({ name, status }) =>
    wasBlocked.has(name) && (status?.word === 'READY' || status?.word === 'IN PROGRESS') ? [name] : [],
  );
}
