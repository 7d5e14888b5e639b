import type { Issue } from '../../core/forge/issues.ts';
import type { Pull } from '../../core/forge/pulls.ts';
import { visionsNamed } from '../../core/sprint/layout.ts';
import { openBody } from '../../core/sprint/marker.ts';
import type { Live, PitchSeen, PitchSettings } from './state.ts';
import { branchPrefix, visionOfBranch } from './text.ts';

// Which visions are to be pitched: pure. `read.ts` asks it what else to read, `plan.ts` decides by it.

/** Whether a pull request of ours is, or was, a pitch: its branch says so, also when the branch is gone. */
export function isPitch({ head }: Pull): boolean {
  return head.label.startsWith(branchPrefix);
}

/** Every vision that a pitch may be about: by its branch, which is ours, and by what its description says. */
export function visionsOf({ head, body }: Pull): number[] {
  const byBranch = visionOfBranch(head.label);
  return [...new Set([...(byBranch === undefined ? [] : [byBranch]), ...visionsNamed(body)])];
}

export interface Candidate {
  issue: Issue;
  /** How many open issues refer to it. */
  unblocks: number;
  /** Whether somebody who may decide asked for another pitch. */
  again: boolean;
  /** The newest pitch of it that was closed without being merged. */
  closed: Pull | undefined;
}

export interface Choice {
  /** To be pitched now, the most unblocking first, then the oldest. */
  chosen: Candidate[];
  /** The same, for which there is no room. */
  waiting: Candidate[];
  /** Visions that are not pitched, and why. */
  skipped: { vision: number; why: string }[];
  /** What decided the order, where there was one to decide. */
  order: string;
}

/** As much of the state as the choice is made by: what is read next depends on it. */
type Choosable = Pick<
  Live,
  'issues' | 'allIssues' | 'visions' | 'pitches' | 'formerPulls' | 'documents' | 'filed'
>;

export function choose(settings: PitchSettings, state: Choosable): Choice {
  const skipped: Choice['skipped'] = [];
  const candidates: Candidate[] = [];
  const counts = referenceCounts(state.issues);
  for (const issue of state.visions) {
    const why = reasonToSkip(settings, state, issue);
    const pitch = latestClosed(state, issue.number);
    if (why !== undefined) skipped.push({ vision: issue.number, why });
    else
      candidates.push({
        issue,
        unblocks: state.allIssues ? (counts.get(issue.number) ?? 0) : 0,
        again: isWantedAgain(pitch),
        closed: pitch?.pull,
      });
  }
  candidates.sort((a, b) => b.unblocks - a.unblocks || a.issue.number - b.issue.number);
  const open = [...state.pitches.map(({ pull }) => pull), ...state.formerPulls.filter(isPitch)].filter(
    (pull) => pull.state === 'open',
  ).length;
  const room = Math.max(0, settings['max-open-pitches'] - open);
  return {
    chosen: candidates.slice(0, room),
    waiting: candidates.slice(room),
    skipped,
    order:
      candidates.length < 2
        ? ''
        : state.allIssues
          ? ' (the order is by open issues that refer to a vision, then by age)'
          : ' (the order is by age: there are too many open issues to count references)',
  };
}

/** The newest pitch of a vision that was closed without being merged. */
function latestClosed(state: Choosable, vision: number): PitchSeen | undefined {
  return state.pitches
    .filter(({ pull, visions }) => pull.state !== 'open' && !pull.merged && visions.includes(vision))
    .sort((a, b) => b.pull.number - a.pull.number)[0];
}

function isWantedAgain(pitch: PitchSeen | undefined): boolean {
  return pitch?.kind === 'closed' && pitch.again;
}

function reasonToSkip(settings: PitchSettings, state: Choosable, issue: Issue): string | undefined {
  const { number } = issue;
  if (issue.labels.some(({ name }) => name === settings['in-progress-label']))
    return `it is labelled ${settings['in-progress-label']}`;
  const document = state.documents.find(({ visions }) => visions.includes(number));
  if (document !== undefined) return `${document.file} is about it`;
  const pitched = state.pitches.find(
    ({ pull, visions }) => pull.state === 'open' && visions.includes(number),
  );
  if (pitched !== undefined) return `pull request #${pitched.pull.number} proposes it`;
  const former = state.formerPulls.find((pull) => isPitch(pull) && visionsOf(pull).includes(number));
  if (former !== undefined) return `pull request #${former.number} of a former identity proposed it`;
  const merged = state.pitches.find(({ pull, visions }) => pull.merged && visions.includes(number));
  if (merged !== undefined) return `pull request #${merged.pull.number} proposed it and was merged`;
  const closed = latestClosed(state, number);
  if (closed !== undefined && !isWantedAgain(closed))
    return `pull request #${closed.pull.number} was declined, and waits for PITCH AGAIN`;
  const filed = state.filed.find(({ vision, closed: isClosed }) => vision === number && !isClosed);
  if (filed !== undefined) return `issue #${filed.number} is an open part of it`;
  return undefined;
}

/** For every number, how many open issues refer to it. */
function referenceCounts(issues: Issue[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { number, body } of issues) {
    const named = new Set([...body.matchAll(/#(\d{1,15})(?!\d)/g)].map((found) => Number(found[1])));
    named.delete(number);
    for (const item of named) counts.set(item, (counts.get(item) ?? 0) + 1);
  }
  return counts;
}

/** The vision that an issue says it is a part of: by our marker, or by the words older tools used. */
export function partOf(body: string): number | undefined {
  const marked = openBody(body)?.mark.vision;
  if (marked !== undefined) return marked;
  for (const line of body.split('\n')) {
    const found = /^Decomposed from #(\d{1,15})\b/.exec(line);
    if (found !== null) return Number(found[1]);
  }
  return undefined;
}
