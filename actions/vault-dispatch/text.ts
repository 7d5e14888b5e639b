import type { AskedAction } from '../../core/vault/action.ts';

/** The name of our status, and what tells our comment from others. */
export const statusContext = 'forgecrew/vault';
export const reviewSign = 'vault review';
/** The trail of what nobody had to look at. */
export const autoApproved = 'auto-approved: low blast radius';

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
