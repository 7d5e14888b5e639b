import type { AskedAction } from '../../core/vault/action.ts';
import type { Hold } from '../../core/vault/verdict.ts';

/** The name of our status, and what tells our comment from others. */
export const statusContext = 'forgecrew/vault';
export const reviewSign = 'vault review';
/** The trail of what nobody had to look at. */
export const autoApproved = 'auto-approved: low blast radius';

/** Why it matters that somebody can read secrets. */
export const exposedText = 'they can push to the repository whose CI holds them, and may not approve';

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
