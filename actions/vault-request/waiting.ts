import type { Tier } from '../../core/vault/action.ts';
import { standingOf } from '../../core/vault/verdict.ts';
import type { AskingState, OtherRequest, RequestSettings } from './state.ts';

// What is waited for, and for how long it makes sense: pure. `read.ts` waits by it, `plan.ts` says what came of it.

/**
 * Somebody else's pull request for the same id, where it matters: a stranger may open one under any id, so only one with
 * the same text, or by somebody with write access, is heeded.
 */
export function heeded({ other }: Pick<AskingState, 'other'>): OtherRequest | null {
  return other?.isSame === true || other?.mayWrite === true ? other : null;
}

/** What a tier waits for. Low has nobody to wait for; high goes on without its merge only where nothing is waited for at all. */
export function waitsFor({ wait }: Pick<RequestSettings, 'wait'>, tier: Tier): RequestSettings['wait'] {
  if (tier === 'low' || wait === 'none') return 'none';
  return tier === 'high' ? 'merge' : wait;
}

/** The pull request that is waited for, and for what. */
export interface Awaited {
  number: number;
  headSha: string;
  tier: Tier;
  sign: 'merge' | 'label';
}

/** What there is to wait for, or `null`: nothing is asked yet, is answered already, or has to be mended first. */
export function awaitedOf(settings: RequestSettings, state: { file: string } & AskingState): Awaited | null {
  const { standing, policy, formula, onMain, outcome, action, file, text } = state;
  const other = heeded(state);
  const { pull } = standing;
  if (onMain !== null || outcome !== null || other?.isSame === false) return null;
  const reach = standingOf(action, formula, policy, settings['policy-source']);
  if (reach.kind !== 'askable') return null;
  const wanted = waitsFor(settings, reach.tier);
  if (wanted === 'none') return null;
  const waiting = { tier: reach.tier, sign: wanted === 'label' ? 'label' : 'merge' } as const;
  if (other !== null) return { ...waiting, number: other.number, headSha: other.headSha };
  // Not while our own is not as it should be: the plan says what is wrong with it, or mends it.
  const there = standing.files.find((item) => item.path === file)?.there;
  return pull?.state === 'open' && standing.exists && there?.text === text
    ? { ...waiting, number: pull.number, headSha: pull.head.sha }
    : null;
}
