import type { Change } from '../../core/change.ts';
import type { ModelUse } from '../../core/model.ts';
import { ownComments } from '../../core/own-comment.ts';
import { isKept, isWrite, keep, notice } from '../../core/plan.ts';
import { propose, proposeChanges, type Standing } from '../../core/propose.ts';
import { putQuestion } from './asking.ts';
import { type Candidate, choose } from './choose.ts';
import { wasDeclined } from './comments.ts';
import { converse } from './conversation.ts';
import { documentText, fileNameOf, nameOf, readPitch, rulesFor } from './document.ts';
import type { Live, PitchSeen, PitchSettings, PitchState } from './state.ts';
import { pitchBranch, progressText, pullBody, pullTitle, signs } from './text.ts';

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
  if (state.kind === 'inert') return [keep(state.why)];
  const talk = state.pitches.flatMap((pitch) => {
    const why = troubleOf(state, pitch);
    if (why !== undefined) return [notice(`pitch #${pitch.pull.number} is left aside: ${why}`)];
    return pitch.kind === 'open' ? converse(settings, state, pitch) : progressOn(state, pitch);
  });
  const conversation = oneQuestion([
    ...nobodyDecides(state),
    ...unreadDocuments(state),
    ...talk,
    ...leftOver(state),
  ]);
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
  return all.every(isKept) ? [asOne(all)] : all;
}

/** One pitch: asked for, or what is missing until it is an open pull request. */
function pitchOf(settings: PitchSettings, state: Live, candidate: Candidate): PitchChange[] {
  const { issue, unblocks, closed } = candidate;
  const { number, title, body } = issue;
  const branch = pitchBranch(number);
  const draft = state.drafts.find((item) => item.branch === branch);
  // A run was cut off after it had written the branch: what it wrote is used, and no model is asked again.
  if (draft !== undefined) return openDraft(settings, state, candidate, draft);
  const asked = putQuestion({
    settings,
    state,
    key: `pitch #${number}`,
    what: `a pitch of #${number}`,
    about: { purpose: 'pitch', vision: { number, title, body } },
    why:
      unblocks === 0
        ? 'nobody has taken it up'
        : `nobody has taken it up, and ${unblocks} open issues refer to it`,
    read: (answer) => readPitch(answer, rulesFor(settings, number)),
  });
  if (asked.kind === 'open') return [asked.change];
  const text = documentText(asked.value, { number, title });
  const taken = state.documents.map(({ file }) => file.split('/').at(-1) ?? '');
  const path = `${settings.sprints}/${fileNameOf(asked.value.name, number, taken)}.md`;
  const standing = { branch, exists: false, files: [{ path, there: null }], pull: closed ?? null };
  return open(settings, state, candidate, standing, { path, text, uses: asked.uses });
}

/** A branch without a pull request: opened where it holds a pitch just as we write one, else taken away. */
function openDraft(
  settings: PitchSettings,
  state: Live,
  candidate: Candidate,
  draft: Standing,
): PitchChange[] {
  const { number, title } = candidate.issue;
  const [file, second] = draft.files;
  const text = file?.there?.text;
  const reading = text === undefined ? undefined : readPitch(text, rulesFor(settings, number));
  const isOurs = reading?.ok === true && documentText(reading.value, { number, title }) === text;
  if (file !== undefined && text !== undefined && second === undefined && isOurs)
    return open(settings, state, candidate, draft, { path: file.path, text, uses: [] });
  return [
    {
      kind: 'delete-branch',
      repository: state.ground.home,
      branch: draft.branch,
      why: `no pull request comes from it, and it holds no pitch of #${number}`,
    },
  ];
}

function open(
  settings: PitchSettings,
  state: Live,
  candidate: Candidate,
  standing: Standing,
  { path, text, uses }: { path: string; text: string; uses: ModelUse[] },
): PitchChange[] {
  return propose(
    state.ground,
    standing,
    {
      files: [{ path, content: text }],
      message: `sprint: add ${path.split('/').at(-1)}`,
      title: pullTitle(nameOf(text)),
      body: pullBody(text, uses, {
        day: state.now.slice(0, 10),
        project: settings['project-repo'],
        here: state.ground.repository,
      }),
      why: `vision #${candidate.issue.number}`,
    },
    { again: candidate.again },
  );
}

/** How far the sub-issues of a merged pitch are: one comment, rewritten when that changed and only then. */
function progressOn(state: Live, pitch: PitchSeen): PitchChange[] {
  const filed = state.filed.filter(({ vision }) => pitch.visions.includes(vision));
  if (pitch.kind !== 'closed' || !pitch.pull.merged || filed.length === 0) return [];
  const text = progressText(filed);
  const [before] = ownComments(pitch.comments, state.account, signs.progress);
  const base = { repository: state.ground.repository, issue: pitch.pull.number, text, sign: signs.progress };
  if (before === undefined)
    return [{ kind: 'comment', ...base, mayDecline: true, why: 'its sub-issues are filed' }];
  if (before.body.startsWith(`${text}\n`)) return [];
  return [
    {
      kind: 'update-comment',
      ...base,
      id: before.id,
      mayDecline: true,
      why: 'sub-issues were filed or closed',
    },
  ];
}

/** What is wrong with one pitch, where something is: said, and nothing else, so that one pull request never stops the others. */
function troubleOf({ closedToUs }: Live, pitch: PitchSeen): string | undefined {
  if (closedToUs.includes(pitch.pull.number)) return 'the forge does not let this account comment there';
  return pitch.kind === 'unread' ? pitch.trouble : undefined;
}

/** A document of a pull request that people merged is theirs to mend; until then its vision may be pitched a second time. */
function unreadDocuments({ documents }: Live): PitchChange[] {
  return documents.flatMap(({ file, trouble }) =>
    trouble === undefined
      ? []
      : [notice(`${file} is not read, and the visions it names are not known: ${trouble}`)],
  );
}

/** Said at once, and not when the first pitch has waited for a month. */
function nobodyDecides({ deciders, ground }: Live): PitchChange[] {
  if (deciders.length > 0) return [];
  const what = `nobody can accept a pitch: besides our own account and the bots nobody may write to ${ground.repository}`;
  return [notice(what, 'name people in deciders, or give them write access')];
}

/** Branches of pitches that are merged, or that we closed because they were declined. */
function leftOver(state: Live): PitchChange[] {
  // Another pitch of the same vision has a branch of the same name.
  const inUse = state.pitches.filter(({ pull }) => pull.state === 'open').map(({ pull }) => pull.head.label);
  return state.pitches.flatMap((pitch): PitchChange[] => {
    const { pull, home } = pitch;
    const isDone = pull.merged || (pitch.kind === 'closed' && wasDeclined(state, pitch));
    // When a branch is gone, its pull request no longer names it as where it comes from.
    if (!isDone || home === undefined || pull.head.ref !== pull.head.label || inUse.includes(pull.head.label))
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
