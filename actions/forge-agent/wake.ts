import { signOfAsking } from '../../core/agent/asking.ts';
import { costWithCut, type Entry, type Exhaustion } from '../../core/agent/entry.ts';
import type { Agent } from '../../core/agent/manifest.ts';
import type { AgentSettings } from './settings.ts';
import type { SeenState, Talk } from './state.ts';

// Whether an agent that is frozen has another round: pure.

/** That it sleeps on, and why; or that it has had its rounds, which has to be said. Undefined: it is woken. */
export type Sleep =
  | { kind: 'asleep'; why: string; isQuiet: boolean }
  | { kind: 'exhausted'; exhaustion: Exhaustion };

/** How many rounds of it count. */
export function roundsOf({ rounds, rounds_from: from = 0 }: Pick<Entry, 'rounds' | 'rounds_from'>): number {
  return rounds - from;
}

/** What the settings of this run ask its issue's agent, as its entry has it; undefined where they ask nothing. */
export function askingOf(
  { prompt }: Pick<AgentSettings, 'prompt'>,
  { now, runUrl }: Pick<SeenState, 'now' | 'runUrl'>,
): Entry['asked'] {
  if (prompt === undefined) return undefined;
  const run = runUrl === null || runUrl.length > 150 ? 'a run of forge-agent' : runUrl;
  return { by: `whoever started ${run}`, at: now, prompt };
}

/** Whether a person said that its rounds begin anew. */
export function isRenewed(
  { exhausted, asked }: Pick<Entry, 'exhausted' | 'asked'>,
  { news, unblockedBy }: Pick<Talk, 'news' | 'unblockedBy'>,
): boolean {
  if (exhausted != null && unblockedBy !== null) return true;
  // An agent that never starts would otherwise be woken by one asking for ever.
  const spent = asked?.begun === true ? signOfAsking(asked) : undefined;
  return news.some(({ kind, sign }) => kind === 'asked' && sign !== spent);
}

export function sleepOf(
  agent: Pick<Agent, 'name' | 'maxRounds' | 'maxCost' | 'maxCostPerDay'>,
  entry: Pick<Entry, 'rounds' | 'rounds_from' | 'exhausted' | 'cost' | 'spending' | 'asked'>,
  talk: Pick<Talk, 'news' | 'unblockedBy' | 'costToday'>,
): Sleep | undefined {
  const { news, costToday } = talk;
  if (news.length === 0)
    return { kind: 'asleep', why: 'it is frozen, and nothing happened that it was not told', isQuiet: true };
  const isCostly = agent.maxCost !== null && (costWithCut(entry) ?? 0) >= agent.maxCost;
  if (entry.exhausted != null) {
    // The only limit that somebody may raise without a word on the issue; and one that nobody lifts by asking, who would be told
    // so by every run.
    const isOver =
      entry.exhausted.why === 'max_cost' ? isCostly && talk.unblockedBy === null : !isRenewed(entry, talk);
    if (isOver)
      return { kind: 'asleep', why: `it is not woken any more (${entry.exhausted.why})`, isQuiet: true };
  }
  if (isCostly) return { kind: 'exhausted', exhaustion: 'max_cost' };
  if (hasHadItsRounds(agent, entry, talk))
    return {
      kind: 'exhausted',
      exhaustion: news.every(({ kind }) => kind === 'red') ? 'ci_exhausted' : 'max_rounds',
    };
  const dear = dayTrouble(agent, costToday);
  return dear === undefined ? undefined : { kind: 'asleep', why: dear, isQuiet: false };
}

/** Whether no round is left to it that nobody asked for. */
export function hasHadItsRounds(
  { maxRounds }: Pick<Agent, 'maxRounds'>,
  entry: Pick<Entry, 'rounds' | 'rounds_from' | 'exhausted' | 'asked'>,
  talk: Pick<Talk, 'news' | 'unblockedBy'>,
): boolean {
  return roundsOf(entry) >= maxRounds && !isRenewed(entry, talk);
}

/** Why an agent has no further round today. */
export function dayTrouble(
  { name, maxCostPerDay }: Pick<Agent, 'name' | 'maxCostPerDay'>,
  costToday: number,
): string | undefined {
  return maxCostPerDay !== null && costToday >= maxCostPerDay
    ? `${name} has cost ${costToday} today, and max_cost_per_day is ${maxCostPerDay}`
    : undefined;
}

/** The commit that is merged into what a round starts from, where its pull request no longer merges. */
export function mergeOf(talk: Pick<Talk, 'news' | 'target'> | null): string | null {
  return talk?.news.some(({ kind }) => kind === 'conflict') === true ? talk.target : null;
}

/** Whether a round on it goes on with what an earlier one left. */
export function isResumable({ status, heard }: Pick<Entry, 'status' | 'heard'>): boolean {
  return status !== 'destroyed' && heard !== undefined;
}

/** Whether it is given to another agent than the one that is frozen for it, which left no pull request: that one begins anew. */
export function isPassedOn(
  { status, agent_name: before, pr_number: pull }: Pick<Entry, 'status' | 'agent_name' | 'pr_number'>,
  agent: Pick<Agent, 'name'>,
): boolean {
  return status === 'frozen' && pull === null && before !== agent.name;
}
