import { sha256 } from '../../core/canonical.ts';
import type { Fault } from '../../core/errors.ts';
import type { Issue } from '../../core/forge/issues.ts';
import type { Sprint } from '../../core/sprint/entry.ts';
import { type Filed, markKey, openBody } from '../../core/sprint/marker.ts';
import type { SprintFile } from '../../core/sprint/sprint.ts';
import type { FilerSettings, Filing } from './state.ts';
import { listedNumbers } from './text.ts';

// What is declared and what is filed, seen together: pure. `read.ts` asks it what else to read, `plan.ts` decides on it.

/** One of our own issues, with its body taken apart. */
export interface OwnIssue extends Issue {
  sealed: Filed;
}

export function sprintsOf(documents: SprintFile[]): Sprint[] {
  return documents.flatMap((document) => (document.kind === 'sprint' ? [document.sprint] : []));
}

export function faultsOf(documents: SprintFile[]): Fault[] {
  return documents.flatMap((document) => (document.kind === 'faulty' ? document.faults : []));
}

/** Our issues by the key in their marker, lowest number first: of several with one key, the first counts. */
export function ownIssues(issues: Issue[]): Map<string, [OwnIssue, ...OwnIssue[]]> {
  const own = new Map<string, [OwnIssue, ...OwnIssue[]]>();
  for (const issue of [...issues].sort((a, b) => a.number - b.number)) {
    const sealed = openBody(issue.body);
    if (sealed === undefined) continue;
    const key = markKey(sealed.mark);
    const found = own.get(key);
    if (found === undefined) own.set(key, [{ ...issue, sealed }]);
    else found.push({ ...issue, sealed });
  }
  return own;
}

export type Own = ReturnType<typeof ownIssues>;

/** The issue that counts for an entry. */
export function issueOf(own: Own, vision: number, id: string): OwnIssue | undefined {
  return own.get(markKey({ vision, id }))?.[0];
}

/** Open issues that another one of ours with the same key came before. */
export function duplicates(own: Own): { issue: OwnIssue; original: OwnIssue }[] {
  return [...own.values()].flatMap(([original, ...later]) =>
    later.filter(({ state }) => state === 'open').map((issue) => ({ issue, original })),
  );
}

/** The visions of documents with something to file. */
export function visionsToFileFor(documents: SprintFile[], own: Own): number[] {
  return [
    ...new Set(
      sprintsOf(documents)
        .filter(({ vision, entries }) => entries.some(({ id }) => !own.has(markKey({ vision, id }))))
        .map(({ vision }) => vision),
    ),
  ];
}

/** Names of labels that this run may have to put on something. */
export function neededLabels(settings: FilerSettings, state: Pick<Filing, 'documents' | 'issues'>): string[] {
  const own = ownIssues(state.issues);
  const waiting = sprintsOf(state.documents).flatMap(({ vision, entries }) =>
    entries.filter(({ id }) => !own.has(markKey({ vision, id }))),
  );
  return [
    settings['vision-label'],
    ...(waiting.length === 0
      ? []
      : [settings['in-progress-label'], ...waiting.flatMap(({ labels }) => labels)]),
  ];
}

/**
 * Which of our open issues should depend on which: what their own text says, as far as it names issues that count
 * for the entries they were declared to depend on.
 */
export function wantedDependencies(documents: SprintFile[], own: Own): { issue: number; on: number[] }[] {
  return sprintsOf(documents).flatMap(({ vision, entries }) =>
    entries.flatMap(({ id, dependsOn }) => {
      const issue = issueOf(own, vision, id);
      if (issue === undefined || issue.state === 'closed') return [];
      const listed = new Set(listedNumbers(issue.sealed.content));
      const on = dependsOn
        .flatMap((needed) => issueOf(own, vision, needed)?.number ?? [])
        .filter((number) => listed.has(number) && number !== issue.number);
      return on.length === 0 ? [] : [{ issue: issue.number, on }];
    }),
  );
}

/** Open visions of which every declared entry, in whatever document, is filed by us and closed. */
export function finishedVisions(documents: SprintFile[], own: Own, visions: Issue[]): Issue[] {
  const sprints = sprintsOf(documents);
  const doubtful = new Set(
    documents.flatMap((document) => (document.kind === 'faulty' ? document.visions : [])),
  );
  return visions.filter((vision) => {
    const entries = sprints
      .filter((sprint) => sprint.vision === vision.number)
      .flatMap((sprint) => sprint.entries);
    return (
      vision.state === 'open' &&
      entries.length > 0 &&
      !doubtful.has(vision.number) &&
      entries.every(({ id }) => issueOf(own, vision.number, id)?.state === 'closed')
    );
  });
}

/** The sign of our last word on a vision: another set of entries is another word. */
export function closingSign(documents: SprintFile[], vision: number): string {
  const ids = sprintsOf(documents)
    .filter((sprint) => sprint.vision === vision)
    .flatMap(({ entries }) => entries.map(({ id }) => id));
  return `closes #${vision} ${sha256(ids.sort().join('\n')).slice(0, 16)}`;
}
