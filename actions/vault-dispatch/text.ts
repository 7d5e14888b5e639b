import type { AskedAction } from '../../core/ops/vault-action.ts';
import { plain } from '../../core/plain.ts';

/** The name of our status, and what tells our comment from others. */
export const statusContext = 'forgecrew/vault';
export const reviewSign = 'vault review';

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

/** The first line of what a person is asked to do. */
export function firstLine(text: string): string {
  const line = text
    .split('\n')
    .map((item) => item.trim())
    .find((item) => item !== '');
  return line === undefined ? '' : line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

/** Text from outside as code: nothing in it is markup, a link, a mention or a reference. */
export function code(text: string): string {
  const shown = text.length > 300 ? `${text.slice(0, 299)}…` : text;
  const quiet = plain(shown.toWellFormed()).replaceAll('`', '´');
  return `\`${quiet === '' ? ' ' : quiet}\``;
}
