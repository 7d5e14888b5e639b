import type { Change } from '../../core/change.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { parsePrerequisites } from '../../core/prerequisites/document.ts';
import { freedObjectives } from '../../core/prerequisites/free.ts';
import { type Facts, type Revision, revise } from '../../core/prerequisites/revise.ts';
import { propose, proposeChanges } from '../../core/propose.ts';
import type { Way } from '../../core/read-ground.ts';
import type { PrerequisitesSettings, PrerequisitesState, TreeState } from './state.ts';
import { dayOf, digestLine, editsText, freedText, message, pullBody, treeBranch, withDay } from './text.ts';

/** The kinds of change this role may plan. */
export const changes = [...proposeChanges, 'refuse'] as const;
type PrerequisitesChange = Change<(typeof changes)[number]>;

export function plan(settings: PrerequisitesSettings, state: PrerequisitesState): PrerequisitesChange[] {
  const { file } = settings;
  switch (state.kind) {
    case 'missing':
      return [
        refuseFor(
          file,
          `is not there (${state.where}): add it, or name the prerequisite tree in the setting file`,
        ),
      ];
    case 'unreadable':
      return [
        refuseFor(file, 'is not UTF-8, so what people wrote could not be kept as it is: save it as UTF-8'),
      ];
    case 'local':
      return [...unknownIn(file, parsePrerequisites(state.text)), keep(`${file} can be read`)];
    case 'tree':
      return keepTrue(settings, state);
  }
}

function unknownIn(file: string, { unknown }: Pick<Revision, 'unknown'>): PrerequisitesChange[] {
  return unknown.map(({ line, what }) => notice(`${file}, line ${line}: ${what}`));
}

function revisionOf({ text, facts }: TreeState): Revision {
  const { issues, requests, ...rest } = facts;
  const known: Facts = { ...rest, issues: new Map(issues), requests: new Set(requests) };
  return revise(parsePrerequisites(text), known);
}

function keepTrue(settings: PrerequisitesSettings, state: TreeState): PrerequisitesChange[] {
  const { file } = settings;
  const revision = revisionOf(state);
  const listed = unknownIn(file, revision);
  if (revision.text === state.text) return [...listed, ...untouched(state.way), keep(`${file} is true`)];
  const freed = freedObjectives(state.text, revision.text);
  const why = editsText(revision.edits);
  const names = freed.length === 0 ? [] : [notice(freedText(freed))];
  const { way } = state;
  if (way.kind === 'pull')
    return [...listed, ...names, ...viaPull(settings, state, way, revision, freed, why)];
  return [
    ...listed,
    ...names,
    {
      kind: 'write-files',
      repository: state.repository,
      branch: state.branch,
      ...(way.kind === 'commit-or-pull' ? { mayDecline: true } : {}),
      files: [{ path: file, content: revision.text, expects: state.sha }],
      message,
      why,
    },
  ];
}

/** An open request that is not needed any more, because somebody made its changes themselves, is theirs to close. */
function untouched(way: Way): PrerequisitesChange[] {
  if (way.kind !== 'pull' || way.standing.pull?.state !== 'open') return [];
  return [
    notice(
      `pull request #${way.standing.pull.number} is not needed any more`,
      'the branch is true without it',
    ),
  ];
}

function viaPull(
  { file }: PrerequisitesSettings,
  state: TreeState,
  { ground, standing }: Extract<Way, { kind: 'pull' }>,
  revision: Revision,
  freed: readonly string[],
  why: string,
): PrerequisitesChange[] {
  const onBranch = standing.exists
    ? standing.files.find((item) => item.path === file)?.there?.text
    : undefined;
  const day = onBranch === undefined ? undefined : dayOf(onBranch);
  // Proposed on another day it is the same proposal: its day moves only with something else.
  const isSame = onBranch !== undefined && day !== undefined && withDay(revision.text, day) === onBranch;
  const content = isSame ? onBranch : revision.text;
  const { pull } = standing;
  const isTurnedDown = pull !== null && pull.state !== 'open' && !pull.merged;
  return propose(
    ground,
    standing,
    {
      files: [{ path: file, content }],
      message,
      title: message,
      body: pullBody(file, { before: state.text, after: content, edits: revision.edits, freed }),
      why,
    },
    // Somebody said no to that text, and not to every other one.
    { again: isTurnedDown && !pull.body.includes(digestLine(content)) },
  );
}

/** Where a change goes, where that is no plain commit, said first. */
export function headline(_: PrerequisitesSettings, state: PrerequisitesState): string | undefined {
  if (state.kind !== 'tree' || state.way.kind === 'commit') return undefined;
  const where = `${state.branch} of ${state.repository}`;
  return state.way.kind === 'commit-or-pull'
    ? `${where} is protected: a commit is tried first, which it takes where the file is exempt.`
    : `What differs goes to one pull request into ${where}, from ${treeBranch}.`;
}
