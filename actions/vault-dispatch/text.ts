import type { AskedAction } from '../../core/ops/vault-action.ts';

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

/** The first line of what a person is asked to do. */
export function firstLine(text: string): string {
  const line = text
    .split('\n')
    .map((item) => item.trim())
    .find((item) => item !== '');
  return line === undefined ? '' : line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
