import type { AskedAction } from '../../core/vault/action.ts';
import type { Hold, Obstacle } from '../../core/vault/verdict.ts';

/** The name of our status, and what tells our comment from others. */
export const statusContext = 'forgecrew/vault';
export const reviewSign = 'vault review';
/** The trail of what nobody had to look at. */
export const autoApproved = 'auto-approved: low blast radius';

/** What is not as it should be around an action, and what can be done, for the log. */
export function obstacleLine(obstacle: Obstacle): string {
  const remedy = (what: string, setting: string): string =>
    obstacle.isFatal ? `. For this tier that is refused: ${what}, or set ${setting}` : '';
  switch (obstacle.kind) {
    case 'exposed':
      return `${obstacle.logins.join(', ')} may not approve it, but can push to the repository whose CI holds its secrets, and so read them${remedy('take that away', 'accept-exposed-secrets')}`;
    case 'open-policy':
      return `${obstacle.why}${remedy('`forgecrew protect --apply` closes it, and an audit-token shows that it is closed', 'accept-open-policy')}`;
    case 'beside':
      return `an approval starts ${obstacle.files.join(', ')} as well, which no gate covers${obstacle.isFatal ? '. Some of these have secrets, so for this tier that is refused: give them a gate, or take the event manual away' : ''}`;
  }
}

/** What an approved action waits for. */
export function holdText(hold: Hold): string {
  return hold.kind === 'frozen'
    ? `nothing of this tier runs now (${hold.reason})`
    : `${hold.minutes} minutes after its merge`;
}

/** The people who approved, as a list for a sentence. */
export function approvedBy(approvals: { login: string }[]): string {
  return approvals.map(({ login }) => login).join(', ');
}

/** What names the start of an action's run among the changes of a plan. */
export function dispatchKey(id: string): string {
  return `dispatch ${id}`;
}

/** What runs is told: the action, the nonce of its intent, what it may use, and its inputs under their own names. */
export function inputsFor(action: AskedAction, nonce: string): Record<string, string> {
  return {
    ...action.inputs,
    ...(action.mounts === undefined ? {} : { mounts: action.mounts.join(',') }),
    ...(action.model === undefined ? {} : { model: action.model }),
    ...(action.tools === undefined ? {} : { tools: action.tools.join(',') }),
    action: action.id,
    nonce,
  };
}

/**
 * What a run on Woodpecker is told. Every workflow that is started by hand gets it, so the formula's name goes along
 * for a step's `evaluate`.
 */
export function variablesFor(inputs: Record<string, string>, formula: string): Record<string, string> {
  return { ...inputs, FORMULA: formula };
}
