import { type Entry, type Exhaustion, entryPath, nameOf, repositoryOf } from '../../core/agent/entry.ts';
import { sessionRef } from '../../core/agent/work/kept-refs.ts';
import type { Change } from '../../core/change.ts';
import { code } from '../../core/text/inert.ts';
import { claimOf, endFrozen, freezeOf, rewrite, settle } from './ending.ts';
import { labelling, unlabelling } from './labels.ts';
import type { Verdict } from './pick.ts';
import type { AgentSettings } from './settings.ts';
import type { Candidate, FrozenIssue, LookingState } from './state.ts';
import { branchOf, exhaustionSign, homeOf } from './text.ts';
import { roundsOf } from './wake.ts';

// What becomes of an agent that is frozen and not woken: pure.

type Looking = Pick<LookingState, 'stateRepo' | 'account' | 'now'>;
type Known = { entry: Entry; sha: string };

/** The end of an agent's work whose pull request was closed: what it remembers goes, its branch where that was merged, then its entry. */
export function destroy(
  settings: Pick<AgentSettings, 'propose-from'>,
  { stateRepo, account, now }: Looking,
  frozen: FrozenIssue,
): Change<'delete-ref' | 'write-files'>[] {
  const { entry, closed } = frozen;
  if (closed === null) return [];
  const repository = repositoryOf(entry);
  const name = nameOf(entry);
  const what = closed.isMerged ? 'merged' : closed.isDeleted === true ? 'deleted' : 'closed';
  const held = claimOf(stateRepo, entry);
  return [
    forget(stateRepo, entry, `#${closed.number} of ${repository} is ${what}`),
    ...(closed.isMerged
      ? [
          {
            kind: 'delete-ref' as const,
            key: `branch ${entryPath(name)}`,
            repository: homeOf(settings, account, repository),
            ref: `refs/heads/${branchOf(entry.issue_number, entry.slug)}`,
            expects: closed.head,
            held,
            why: `#${closed.number} of ${repository} is merged`,
          },
        ]
      : []),
    endFrozen(
      stateRepo,
      frozen,
      { why: `#${closed.number} is ${what}`, session: null, heard: [], ended_at: now },
      'its work is over',
    ),
  ];
}

/** What an agent remembers goes. Whatever its entry says: a run may have been cut off between the two writes. */
export function forget(stateRepo: Looking['stateRepo'], entry: Entry, why: string): Change<'delete-ref'> {
  return {
    kind: 'delete-ref',
    key: `session ${entryPath(nameOf(entry))}`,
    repository: stateRepo.repository,
    ref: sessionRef(repositoryOf(entry), entry.issue_number),
    expects: 'any',
    held: claimOf(stateRepo, entry),
    why,
  };
}

/** What is to be said or noted of an agent that is not woken now. */
export function tend(
  settings: Pick<AgentSettings, 'blocked-label' | 'progress-label'>,
  state: Looking & Pick<LookingState, 'running'>,
  candidate: Candidate,
  verdict: Verdict,
): Change<'write-files' | 'comment' | 'create-label' | 'add-labels' | 'remove-label'>[] {
  const { entry: known, talk } = candidate;
  if (known === null || !('entry' in known) || talk === null) return [];
  if (verdict.kind === 'exhausted')
    return exhaust(settings, state, candidate, known, verdict.why, verdict.rounds);
  if (known.entry.status !== 'frozen') return [];
  return [...noteConflict(state, candidate, known), ...retell(settings, state, candidate, known.entry)];
}

/** Of a run that was cut off between its two writes, as far as another comes within a week: some are started once a day. */
const retellMs = 7 * 24 * 60 * 60_000;

function retell(
  settings: Pick<AgentSettings, 'blocked-label'>,
  state: Looking,
  candidate: Candidate,
  entry: Entry,
): ReturnType<typeof tellExhausted> {
  const { exhausted } = entry;
  if (exhausted == null || Date.parse(state.now) - Date.parse(exhausted.at) > retellMs) return [];
  // Once it was said, what people did to the label since is theirs.
  const isSaid = candidate.talk?.said.includes(exhaustionSign(entry) ?? '');
  return isSaid === true ? [] : tellExhausted(settings, state, candidate, entry, roundsOf(entry));
}

const reasons: Record<Exhaustion, (rounds: number) => string> = {
  max_rounds: (rounds: number) => `it has had ${rounds} rounds`,
  ci_exhausted: (rounds: number) => `checks of its commit still fail after ${rounds} rounds`,
  max_cost: () => 'the issue has cost what its manifest allows (max_cost)',
};

/** Why it is not woken any more, in words. */
export function exhaustionText(why: Exhaustion, rounds: number): string {
  return reasons[why](rounds);
}

/**
 * That an agent is not woken any more: written first, so that of several runs one says it. One whose last round was cut off is
 * frozen with it: it was not told yet what that round was begun for.
 */
export function exhaust(
  settings: Pick<AgentSettings, 'blocked-label' | 'progress-label'>,
  { stateRepo, now, running }: Looking & Pick<LookingState, 'running'>,
  candidate: Candidate,
  { entry, sha }: Known,
  why: Exhaustion,
  rounds: number,
): Change<'write-files' | 'comment' | 'create-label' | 'add-labels' | 'remove-label'>[] {
  const key = `exhausted ${entryPath(nameOf(entry))}`;
  const reason = exhaustionText(why, rounds);
  const exhausted = { why, at: now };
  const said = `${candidate.repository}#${candidate.number} is not woken any more: ${reason}`;
  const cut = running.find((item) => entryPath(nameOf(item.entry)) === entryPath(nameOf(entry)));
  const settled = settle(entry, now);
  return [
    {
      ...(cut === undefined
        ? rewrite(stateRepo, { entry, sha }, { over: { exhausted }, said: why, why: said })
        : freezeOf(
            stateRepo,
            cut,
            {
              ...settled.over,
              why: `cut off: ${cut.over}`,
              ended_at: now,
              heard: entry.heard ?? [],
              hearing: [],
              exhausted,
            },
            said,
            settled.beside,
          )),
      key,
    },
    ...unlabelling(candidate, cut === undefined ? [] : [settings['progress-label']], {
      held: claimOf(stateRepo, entry),
      after: key,
      why: 'no agent works on it any more',
    }),
    ...tellExhausted(settings, { stateRepo }, candidate, { ...entry, exhausted }, rounds, [key]),
  ];
}

/** What people are told of it, as far as that is not there yet. */
function tellExhausted(
  settings: Pick<AgentSettings, 'blocked-label'>,
  { stateRepo }: Pick<Looking, 'stateRepo'>,
  candidate: Candidate,
  entry: Entry,
  rounds: number,
  after: string[] = [],
): Change<'comment' | 'create-label' | 'add-labels' | 'remove-label'>[] {
  const { exhausted } = entry;
  if (exhausted == null) return [];
  const { repository, number, talk } = candidate;
  const label = settings['blocked-label'];
  const held = claimOf(stateRepo, entry);
  const sign = exhaustionSign(entry) ?? '';
  const reason = exhaustionText(exhausted.why, rounds);
  return [
    ...(talk?.said.includes(sign) === true
      ? []
      : [
          {
            kind: 'comment' as const,
            repository,
            issue: talk?.pull?.number ?? number,
            sign,
            text: `${code(entry.agent_name)} is not woken any more (${code(exhausted.why)}): ${reason}. ${
              exhausted.why === 'max_cost'
                ? 'Raise the limit in its manifest to let it go on.'
                : `Take the label ${code(label)} off issue #${number} to let its rounds begin anew; where there is no such label, ${code(`forgecrew agents wake ${repository}#${number} --prompt "..."`)} does it.`
            }`,
            mayDecline: true,
            held,
            ...(after.length === 0 ? {} : { after }),
            why: reason,
          },
        ]),
    ...labelling(candidate, [label], {
      held,
      ...(after[0] === undefined ? {} : { after: after[0] }),
      why: reason,
    }),
  ];
}

/**
 * A conflict of its pull request is noted when it is first seen, and counts once it is seen again later; one that is gone is noted as
 * well, or the moment in which the forge works it out for the next base would count at once.
 */
export function noteConflict(
  { stateRepo, now }: Looking,
  { talk }: Candidate,
  { entry, sha }: Known,
): Change<'write-files'>[] {
  const conflict = talk?.conflict ?? null;
  const noted = entry.conflict ?? null;
  // One that stays goes on from when it was first seen, whatever came to the base since.
  if (conflict === null ? noted === null || talk?.pull == null : noted?.head === conflict.head) return [];
  return [
    rewrite(
      stateRepo,
      { entry, sha },
      {
        over: { conflict: conflict === null ? null : { ...conflict, at: now } },
        said: conflict === null ? 'merges again' : 'does not merge',
        why:
          conflict === null
            ? 'its pull request merges again'
            : 'its pull request does not merge, as the forge says now; if that stays, its agent is woken',
      },
    ),
  ];
}
