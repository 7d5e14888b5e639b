import type { Change } from '../../core/change.ts';
import { keep, notice, refuse, refuseFor } from '../../core/plan.ts';
import { propose, proposeChanges } from '../../core/propose.ts';
import type { Tier } from '../../core/vault/action.ts';
import { standingOf } from '../../core/vault/verdict.ts';
import type { AskingState, RequestSettings, RequestState } from './state.ts';
import { bodyOf, titleOf } from './text.ts';
import { heeded, waitsFor } from './waiting.ts';

/** The kinds of change this role may plan. */
export const changes = [...proposeChanges, 'refuse'] as const;
type RequestChange = Change<(typeof changes)[number]>;

/** One request for each id: asked once, found again ever after, and never with another text. */
export function plan(settings: RequestSettings, state: RequestState): RequestChange[] {
  switch (state.kind) {
    case 'unreadable':
    case 'policy-faulty':
      return state.faults.map(refuse);
    case 'local':
      return [keep(`${state.id} can be read; from a pull request's own pipeline nothing is asked for`)];
    case 'asking': {
      const reach = standingOf(state.action, state.formula, state.policy, settings['policy-source']);
      if (reach.kind === 'faulty') return reach.faults.map(refuse);
      const tier = reach.kind === 'askable' ? reach.tier : undefined;
      return before(state) ?? ask(settings, state, tier);
    }
  }
}

type Asking = { id: string; file: string } & AskingState;

/** What became of the id before, where that leaves nothing to ask for. */
function before(state: Asking): RequestChange[] | undefined {
  const { id, file, text, onMain, outcome, standing, answer, branch } = state;
  if (onMain !== null) {
    if (onMain.text !== text) return [spent(file, `${id} is on ${branch} with other content`)];
    const what = `${id} was asked for, and is on ${branch}${outcome === null ? '' : `: ${outcome}`}`;
    // Somebody has waited for it.
    return [answer === 'merged' ? notice(what) : keep(what)];
  }
  if (outcome !== null) return [spent(file, `${id} has a record (${outcome})`)];
  const other = heeded(state);
  if (other !== null && !other.isSame)
    return [spent(file, `${other.author} asks for ${id} with other content in #${other.number}`)];
  const { pull } = standing;
  if (pull !== null && pull.state !== 'open' && !pull.merged)
    return [spent(file, `${id} was turned down: #${pull.number} was closed without being merged`)];
  const there = standing.files.find(({ path }) => path === file)?.there;
  if (pull?.state === 'open' && standing.exists && there?.text !== text)
    return [spent(file, `#${pull.number} asks for ${id} with other content`)];
  return undefined;
}

/** What is missing until it is asked for, and what came of waiting. `tier` is undefined where a person is asked. */
function ask(settings: RequestSettings, state: Asking, tier: Tier | undefined): RequestChange[] {
  const { id, file, text, action, formula, standing, ground, repository, branch, isDeclined } = state;
  const other = heeded(state);
  if (isDirect(settings, tier) && standing.pull === null && other === null && !isDeclined)
    return [
      {
        kind: 'write-files',
        repository,
        branch,
        files: [{ path: file, content: text, expects: null }],
        message: titleOf(id),
        mayDecline: true,
        why: `it is low, and low-tier is ${settings['low-tier']}`,
      },
    ];
  const declined = isDeclined
    ? [
        notice(
          `${branch} takes no commit of ours, so ${id} is asked for in a pull request`,
          settings['low-tier'] === 'protected-exempt'
            ? 'vault/actions/** is not exempt from its protection'
            : 'it is protected',
        ),
      ]
    : [];
  const asked =
    other !== null
      ? [keep(`${id} is asked for by ${other.author} in #${other.number}`)]
      : propose(ground, standing, {
          files: [{ path: file, content: text }],
          message: titleOf(id),
          title: titleOf(id),
          body: bodyOf(action, formula.kind === 'known' ? formula.document : undefined, tier),
          why: tier === undefined ? 'a person is asked' : `${tier}, ${id} was not asked for yet`,
        });
  return [...declined, ...asked, ...answered(settings, state, tier)];
}

function isDirect(settings: RequestSettings, tier: Tier | undefined): boolean {
  return tier === 'low' && ['direct-commit', 'protected-exempt'].includes(settings['low-tier']);
}

/** What the waiting came to. Only `wait: timeout` goes on without an answer. */
function answered(settings: RequestSettings, state: Asking, tier: Tier | undefined): RequestChange[] {
  const { id, file, answer, standing } = state;
  const number = heeded(state)?.number ?? standing.pull?.number;
  if (answer === null || number === undefined || tier === undefined) return [];
  switch (answer) {
    case 'merged':
      return [refuseFor(file, `#${number} was merged, but without ${file}: ask again under another id`)];
    case 'labelled':
      return [
        notice(
          `${id} is approved: #${number} has the label ${settings['approved-label']}`,
          'set by somebody who may approve it',
        ),
      ];
    case 'closed':
      return [refuseFor(file, `${id} was turned down: #${number} was closed without being merged`)];
    case 'none':
      return waitsFor(settings, tier) === 'timeout'
        ? [
            notice(
              `${id} is not yet approved`,
              `#${number}: pending async review; this pipeline goes on without it`,
            ),
          ]
        : [
            refuseFor(
              file,
              `${id} is not yet approved: #${number} waits for somebody, and the time to wait is over`,
            ),
          ];
  }
}

function spent(file: string, what: string): RequestChange {
  return refuseFor(file, `${what}; an id is used once, so ask under another one`);
}
