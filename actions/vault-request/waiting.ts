import type { Tier } from '../../core/vault/action.ts';
import type { ForgeState, RequestSettings } from './state.ts';

/**
 * Somebody else's pull request for the same id, where it matters: a stranger may open one under any id, so only one with
 * the same text, or by somebody with write access, is heeded.
 */
export function heeded({ other }: Pick<ForgeState, 'other'>): ForgeState['other'] {
  return other?.isSame === true || other?.mayWrite === true ? other : null;
}

/** What a tier waits for. Low has nobody to wait for; high is never taken for granted. */
export function waitsFor({ wait }: Pick<RequestSettings, 'wait'>, tier: Tier): RequestSettings['wait'] {
  return tier === 'low' ? 'none' : tier === 'high' ? 'merge' : wait;
}
