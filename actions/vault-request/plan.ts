import type { Change } from '../../core/change.ts';
import { keep, notice, refuse, refuseFor } from '../../core/plan.ts';
import { propose, proposeChanges } from '../../core/propose.ts';
import type { Tier } from '../../core/vault/action.ts';
import { disagreements } from '../../core/vault/formula.ts';
import { tierOf } from '../../core/vault/policy.ts';
import type { ForgeState, RequestSettings, RequestState } from './state.ts';
import { bodyOf, titleOf } from './text.ts';
import { heeded, waitsFor } from './waiting.ts';

/** The kinds of change this role may plan. */
export const changes = [...proposeChanges, 'refuse'] as const;
type RequestChange = Change<(typeof changes)[number]>;

/** One request for each id: asked once, found again ever after, and never with another text. */
export function plan(settings: RequestSettings, state: RequestState): RequestChange[] {
  const { id, file, text, parsed, forge } = state;
  if (!parsed.ok) return parsed.faults.map((fault) => refuse(fault));
  if (forge === null)
    return [keep(`${id} can be read; from a pull request's own pipeline nothing is asked for`)];
  const { policy, formula, onMain, standing } = forge;
  const other = heeded(forge);
  if (!policy.ok) return policy.faults.map((fault) => refuse(fault));
  const action = parsed.document;
  if (action.kind === 'formula') {
    if (formula === null)
      return [refuseFor(file, `there is no formula vault/formulas/${action.formula}.toml`)];
    if (!formula.ok) return formula.faults.map((fault) => refuse(fault));
    const wrong = disagreements(action, formula.document);
    if (wrong.length > 0) return wrong.map((message) => refuseFor(file, message));
  }
  const known = formula?.ok === true ? formula.document : undefined;
  const tier =
    action.kind === 'formula'
      ? tierOf(action, policy.document, known, settings['policy-source']).tier
      : undefined;

  if (onMain !== null) {
    if (onMain.text !== text) return [spent(file, `${id} is on ${forge.branch} with other content`)];
    const what = `${id} was asked for, and is on ${forge.branch}${forge.outcome === null ? '' : `: ${forge.outcome}`}`;
    // Somebody has waited for it.
    return [forge.answer === 'merged' ? notice(what, '') : keep(what)];
  }
  if (forge.outcome !== null) return [spent(file, `${id} has a record (${forge.outcome})`)];
  if (other !== null && !other.isSame)
    return [spent(file, `${other.author} asks for ${id} with other content in #${other.number}`)];

  const { pull } = standing;
  if (pull !== null && pull.state !== 'open' && !pull.merged)
    return [spent(file, `${id} was turned down: #${pull.number} was closed without being merged`)];
  const there = standing.files.find(({ path }) => path === file)?.there;
  if (pull?.state === 'open' && standing.exists && there?.text !== text)
    return [spent(file, `#${pull.number} asks for ${id} with other content`)];

  if (isDirect(settings, tier) && pull === null && other === null && !forge.isDeclined)
    return [
      {
        kind: 'write-files',
        repository: forge.repository,
        branch: forge.branch,
        files: [{ path: file, content: text, expects: null }],
        message: titleOf(id),
        mayDecline: true,
        why: `it is low, and low-tier is ${settings['low-tier']}`,
      },
    ];
  const declined = forge.isDeclined
    ? [
        notice(
          `${forge.branch} takes no commit of ours, so ${id} is asked for in a pull request`,
          settings['low-tier'] === 'protected-exempt'
            ? 'vault/actions/** is not exempt from its protection'
            : 'it is protected',
        ),
      ]
    : [];
  const asked =
    other !== null
      ? [keep(`${id} is asked for by ${other.author} in #${other.number}`)]
      : propose(forge.ground, standing, {
          files: [{ path: file, content: text }],
          message: titleOf(id),
          title: titleOf(id),
          body: bodyOf(action, known, tier),
          why: tier === undefined ? 'a person is asked' : `${tier}, ${id} was not asked for yet`,
        });
  return [...declined, ...asked, ...answered(settings, state, forge, tier)];
}

function isDirect(settings: RequestSettings, tier: Tier | undefined): boolean {
  return tier === 'low' && ['direct-commit', 'protected-exempt'].includes(settings['low-tier']);
}

/** What the waiting came to. Only `wait: timeout` goes on without an answer. */
function answered(
  settings: RequestSettings,
  { id, file }: RequestState,
  forge: ForgeState,
  tier: Tier | undefined,
): RequestChange[] {
  const { answer, standing } = forge;
  const number = heeded(forge)?.number ?? standing.pull?.number;
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
