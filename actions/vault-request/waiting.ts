import type { Tier } from '../../core/ops/vault-action.ts';
import type { RequestSettings } from './state.ts';

/** What a tier waits for. Low has nobody to wait for; high is never taken for granted. */
export function waitsFor({ wait }: Pick<RequestSettings, 'wait'>, tier: Tier): RequestSettings['wait'] {
  return tier === 'low' ? 'none' : tier === 'high' ? 'merge' : wait;
}
