import type { Change } from '../../core/change.ts';
import { signOf } from '../../core/change.ts';
import { isWrite, keep, notice } from '../../core/plan.ts';
import { propose, proposeChanges } from '../../core/propose.ts';
import { ask } from './asking.ts';
import { type Candidate, choose } from './choose.ts';
import { converse, ourComment, wasDeclined } from './conversation.ts';
import { documentText, nameOf, readPitch, slugOf } from './document.ts';
import type { PitchSettings, PitchState } from './read.ts';
import { branchOf, progressText, pullBody, pullTitle, signs } from './text.ts';

/** The kinds of change this role may plan. Nothing here can write to the project repo. */
export const changes = [
  ...proposeChanges,
  'refuse',
  'ask-model',
  'comment',
  'update-comment',
  'update-sections',
  'close-issue',
] as const;
export type PitchChange = Change<(typeof changes)[number]>;

/**
 * Open pitches first: what people said on them, one step at a time. Then progress on merged ones. New pitches only when
 * nothing is left to do there, and as many as there is room for; one question to a model at a time, so that what it cost
 * is known before the next.
 */
export function plan(settings: PitchSettings, state: PitchState): PitchChange[] {
  if (state.inert !== undefined) return [keep(state.inert)];
  const talk = state.pitches
    .filter(({ pull }) => pull.state === 'open')
    .flatMap((pitch) => converse(settings, state, pitch));
  const progress = state.pitches.flatMap((pitch) => progressOn(state, pitch));
  const conversation = oneQuestion([...nobodyDecides(state), ...talk, ...progress, ...leftOver(state)]);
  if (conversation.some(isWrite)) return conversation;

  const { chosen, waiting, skipped, order } = choose(settings, state);
  const pitches: PitchChange[] = [];
  for (const candidate of chosen) {
    pitches.push(...pitchOf(settings, state, candidate));
    // Each pitch is finished before the next is asked for.
    if (pitches.some(isWrite)) break;
  }
  const kept = [
    ...waiting.map(({ issue }) =>
      keep(
        `vision #${issue.number} waits: ${settings['max-open-pitches']} pitches are open, or about to be${order}`,
      ),
    ),
    ...skipped.map(({ vision, why }) => keep(`vision #${vision} is not pitched: ${why}`)),
  ];
  const all = [...conversation, ...pitches, ...kept];
  return all.every((change) => signOf(change) === '=') ? [asOne(all)] : all;
}

/** One pitch: asked for, or what is missing until it is an open pull request. */
function pitchOf(settings: PitchSettings, state: PitchState, candidate: Candidate): PitchChange[] {
  const { number, title, body } = candidate.issue;
  const branch = branchOf(number);
  const draft = state.drafts.find((item) => item.standing.branch === branch);
  const rules = {
    vision: number,
    allowedLabels: settings['allowed-labels'],
    mostEntries: settings['max-sub-issues'],
  };
  // A run was cut off after it had written the branch: what it wrote is used, and no model is asked again.
  if (draft !== undefined) {
    const [file, second] = draft.standing.files;
    const text = file?.there?.text;
    const read = text === undefined ? undefined : readPitch(text, rules);
    const isOurs = read?.ok === true && documentText(read.value, { number, title }) === text;
    if (file === undefined || text === undefined || second !== undefined || !isOurs)
      return [
        {
          kind: 'delete-branch',
          repository: state.ground.home,
          branch,
          why: `no pull request comes from it, and it holds no pitch of #${number}`,
        },
      ];
    return open(state, candidate, draft.standing, file.path, text, []);
  }
  const asked = ask({
    settings,
    state,
    key: `pitch #${number}`,
    what: `a pitch of #${number}`,
    about: { purpose: 'pitch', vision: { number, title, body } },
    why:
      candidate.unblocks === 0
        ? 'nobody has taken it up'
        : `nobody has taken it up, and ${candidate.unblocks} open issues refer to it`,
    read: (answer) => readPitch(answer, rules),
  });
  if (!asked.answered) return [asked.change];
  const text = documentText(asked.value, { number, title });
  const taken = state.documents.map(({ file }) => file.split('/').at(-1) ?? '');
  const path = `${settings.sprints}/${slugOf(asked.value.name, number, taken)}.md`;
  const standing = { branch, exists: false, files: [{ path, there: null }], pull: candidate.closed };
  return open(state, candidate, standing, path, text, asked.uses);
}

function open(
  state: PitchState,
  candidate: Candidate,
  standing: Parameters<typeof propose>[1],
  path: string,
  text: string,
  uses: Parameters<typeof pullBody>[1],
): PitchChange[] {
  return propose(
    state.ground,
    standing,
    {
      files: [{ path, content: text }],
      message: `sprint: add ${path.split('/').at(-1)}`,
      title: pullTitle(nameOf(text)),
      body: pullBody(text, uses, state.now.slice(0, 10)),
      why: `vision #${candidate.issue.number}`,
    },
    { again: candidate.again },
  );
}

/** How far the sub-issues of a merged pitch are: one comment, rewritten when that changed and only then. */
function progressOn(state: PitchState, pitch: PitchState['pitches'][number]): PitchChange[] {
  const filed = state.filed.filter(({ vision }) => pitch.visions.includes(vision));
  if (!pitch.pull.merged || !pitch.isRead || filed.length === 0) return [];
  const text = progressText(filed);
  const before = ourComment(state, pitch, signs.progress);
  const base = { repository: state.ground.repository, issue: pitch.pull.number, text, sign: signs.progress };
  if (before === undefined) return [{ kind: 'comment', ...base, why: 'its sub-issues are filed' }];
  if (before.body.startsWith(`${text}\n`)) return [];
  return [{ kind: 'update-comment', ...base, id: before.id, why: 'sub-issues were filed or closed' }];
}

/** Said at once, and not when the first pitch has waited for a month. */
function nobodyDecides({ deciders, ground }: PitchState): PitchChange[] {
  if (deciders.length > 0) return [];
  const what = `nobody can accept a pitch: besides our own account and the bots nobody may write to ${ground.repository}`;
  return [notice(what, 'name people in deciders, or give them write access')];
}

/** Branches of pitches that are merged, or that we closed because they were declined. */
function leftOver(state: PitchState): PitchChange[] {
  // Another pitch of the same vision has a branch of the same name.
  const inUse = state.pitches.filter(({ pull }) => pull.state === 'open').map(({ pull }) => pull.head.label);
  return state.pitches.flatMap((pitch): PitchChange[] => {
    const { pull, home } = pitch;
    const isDone = pull.merged || (pull.state === 'closed' && wasDeclined(state, pitch));
    // When a branch is gone, its pull request no longer names it as where it comes from.
    if (!isDone || home === null || pull.head.ref !== pull.head.label || inUse.includes(pull.head.label))
      return [];
    const why = `pull request #${pull.number} is ${pull.merged ? 'merged' : 'declined'}`;
    return [{ kind: 'delete-branch', repository: home, branch: pull.head.label, why }];
  });
}

/** The first question to a model, and whatever asks none. */
function oneQuestion(all: PitchChange[]): PitchChange[] {
  const first = all.findIndex(({ kind }) => kind === 'ask-model');
  return all.filter(({ kind }, index) => kind !== 'ask-model' || index === first);
}

/** Nothing to do: said in one line, with why. */
function asOne(kept: PitchChange[]): PitchChange {
  const reasons = kept.flatMap((change) => (change.kind === 'keep' ? [change.what] : []));
  return keep(
    reasons.length === 0
      ? 'no vision is open, and no model was asked'
      : `${reasons.join('; ')}; no model was asked`,
  );
}
