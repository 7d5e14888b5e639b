import { code, codeQuote } from '../../core/text/inert.ts';
import type { Tier, VaultAction } from '../../core/vault/action.ts';
import type { Formula } from '../../core/vault/formula.ts';
import type { RequestSettings, RequestState } from './state.ts';
import { heeded } from './waiting.ts';

export function titleOf(id: string): string {
  return `vault: ${id}`;
}

/** What a person reads first; vault-dispatch says in a comment what is missing. */
export function bodyOf(action: VaultAction, formula: Formula | undefined, tier: Tier | undefined): string {
  if (action.kind === 'human')
    return ['Asks a person; nothing runs.', '', ...reasonOf(action.action_required.description)].join('\n');
  const secrets = action.secrets.length === 0 ? 'none' : action.secrets.map(code).join(', ');
  return [
    `Asks to run ${code(action.formula)}${formula === undefined ? '' : `: ${code(formula.description)}`}`,
    '',
    ...reasonOf(action.context),
    '',
    `Secrets: ${secrets}. Tier: ${tier ?? 'unknown'}. ${
      tier === 'low' ? 'Nobody has to approve it.' : 'Approve and merge it if it should run; close it if not.'
    }`,
    ...(action.unblocks === undefined ? [] : ['', `Unblocks ${action.unblocks.map(code).join(', ')}.`]),
  ].join('\n');
}

function reasonOf(text: string): string[] {
  return codeQuote(text.trim() === '' ? '(no reason is given)' : text.trim());
}

/** Where the request is, said first: whoever reads the log looks for that. */
export function headline(_: RequestSettings, state: RequestState): string | undefined {
  if (state.kind !== 'asking' || state.onMain !== null) return undefined;
  const number = state.standing.pull?.number ?? heeded(state)?.number;
  return number === undefined ? undefined : `${state.id} is asked for in #${number} of ${state.repository}.`;
}
