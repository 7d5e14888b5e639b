import { sameRepository } from '../../core/accounts.ts';
import type { Declared } from '../../core/agent/declared.ts';
import type { Entry, Exhaustion } from '../../core/agent/entry.ts';
import { isolationTrouble } from '../../core/agent/isolation-for.ts';
import { type Agent, agentOf } from '../../core/agent/manifest.ts';
import type { AgentSettings } from './settings.ts';
import type { Candidate, LookingState } from './state.ts';
import { dayTrouble, hasHadItsRounds, isPassedOn, roundsOf, sleepOf } from './wake.ts';

// Which issue is taken: pure. `read.ts` looks at issues in their order until one can be taken, `plan.ts` claims it and says
// why the others wait.

/** Whether an issue is taken, and by which agent; or why not, in words. `isQuiet`: that is as it should be, and is said in debug only. */
export type Verdict =
  | { kind: 'taken'; agent: Agent; declared: Declared & { kind: 'agent' } }
  /** Its agent has had its rounds, which has to be said. */
  | { kind: 'exhausted'; why: Exhaustion; rounds: number }
  | { kind: 'not'; why: string; isQuiet: boolean };

function not(why: string): Verdict {
  return { kind: 'not', why, isQuiet: false };
}

function quietly(why: string): Verdict {
  return { kind: 'not', why, isQuiet: true };
}

/** The agent that an issue is given to, as far as its labels and the manifests tell. */
export function agentFor(
  settings: Pick<AgentSettings, 'label-prefix' | 'allow-unisolated'>,
  declared: readonly Declared[],
  { repository, agents, profiles }: Pick<Candidate, 'repository' | 'agents' | 'profiles'>,
): Verdict {
  const prefix = settings['label-prefix'];
  const [name, ...more] = agents;
  if (name === undefined) return quietly(`it has no label ${prefix}:...`);
  if (more.length > 0)
    return not(
      `it has ${agents.length} labels ${prefix}:..., and only one agent can work on it; leave one of them`,
    );
  const found = declared.find((item) => (item.kind === 'agent' ? item.manifest.name : item.name) === name);
  if (found === undefined)
    return not(`no agent ${name} is declared: there is no agents/${name}.toml in the ops repo`);
  if (found.kind === 'faulty')
    return not(`the manifest of ${name} cannot be read; forgecrew lint says what is wrong`);
  const { manifest } = found;
  if (!manifest.enabled) return not(`${name} is not enabled in its manifest`);
  if (!manifest.repositories.some((item) => sameRepository(item, repository)))
    return not(`${name} takes no issues of this repository: its manifest does not name it in repositories`);
  const [profile = null, ...others] = profiles;
  if (others.length > 0)
    return not(`it has ${profiles.length} labels ${prefix}-profile:...; leave one of them`);
  const agent = agentOf(manifest, profile);
  if (agent === undefined) return not(`${name} has no profile ${profile}`);
  if (agent.isolation === 'none' && !settings['allow-unisolated'])
    return not(
      `${name} allows isolation none, in which an agent can read every secret of this step; its manifest has to ask for more, or allow-unisolated be set`,
    );
  return { kind: 'taken', agent, declared: found };
}

/** Whether an issue is taken now: everything that has to hold, in the order in which it is cheapest to mend. */
export function verdictOn(
  settings: AgentSettings,
  { declared, tried, run }: Pick<LookingState, 'declared' | 'tried' | 'run'>,
  candidate: Candidate,
): Verdict {
  const first = agentFor(settings, declared, candidate);
  if (first.kind !== 'taken') return first;
  const { agent } = first;
  const noIsolation = isolationTrouble(tried, agent, settings['allow-unisolated']);
  const { labelled, membership, waitsFor, openPull, entry, over, record, updatedAt, trouble } = candidate;
  const label = `${settings['label-prefix']}:${agent.name}`;
  if (trouble !== null) return not(`it could not be looked at: ${trouble}`);
  if (entry !== null && 'fault' in entry)
    return not(
      `what the state repo says of it cannot be read (${entry.fault}), so nobody knows whether it is worked on`,
    );
  const again = `take the label ${label} off and set it again to start anew`;
  if (entry !== null) {
    const { status, why } = entry.entry;
    // One that left no pull request leaves nothing that another one would have to wait for.
    if (status === 'frozen' && !isPassedOn(entry.entry, agent)) {
      if (candidate.talk === null) return quietly('it is frozen');
      if (entry.entry.agent_name !== agent.name)
        return not(
          `${entry.entry.agent_name} has worked on it, and is frozen until its pull request is closed`,
        );
      if (entry.entry.pr_number !== null && candidate.talk.pull === null)
        return quietly(`its pull request #${entry.entry.pr_number} is closed`);
      const sleep = sleepOf(agent, entry.entry, candidate.talk);
      if (sleep?.kind === 'exhausted')
        return { kind: 'exhausted', why: sleep.exhaustion, rounds: roundsOf(entry.entry) };
      if (sleep !== undefined) return sleep.isQuiet ? quietly(sleep.why) : not(sleep.why);
    }
    if (status === 'running' && over === null)
      return isOfRun(entry.entry, run) ? not(sameRunText(entry.entry)) : quietly('it is worked on already');
    // Its agent has done its part: what is left is ours, whoever says what by now.
    if (status === 'running' && (record !== null || candidate.isHandedOver)) return first;
    if (status === 'running' && isAbandoned(candidate)) return quietly('its pull request is closed');
    // A round that was cut off was one: an agent that brings its machine down would be started for ever.
    if (
      status === 'running' &&
      candidate.talk !== null &&
      hasHadItsRounds(agent, entry.entry, candidate.talk)
    )
      return { kind: 'exhausted', why: 'max_rounds', rounds: roundsOf(entry.entry) };
    if (
      status === 'destroyed' &&
      (isUntouched(entry.entry, updatedAt) || !isGivenAnew(entry.entry, labelled))
    )
      return quietly(`its last run is over (${why}); ${again}`);
  }
  if (labelled === null) return not(`who set the label ${label} cannot be told`);
  if (labelled.isBot)
    return not(
      `the label ${label} was set by ${labelled.login}, which is a bot; a person has to set it, or label-from name the bot`,
    );
  if (!labelled.mayWrite)
    return not(`the label ${label} was set by ${labelled.login}, who may not write to the repository now`);
  if (openPull !== null && openPull !== candidate.talk?.pull?.number)
    return entry?.entry.status === 'destroyed'
      ? // Somebody has set the label anew, and waits for what comes of it.
        not(`#${openPull} is open for it: merge or close that first`)
      : quietly(`#${openPull} is open for it`);
  if (waitsFor.length > 0)
    return not(`it waits for ${waitsFor.join(', ')}, which ${waitsFor.length === 1 ? 'is' : 'are'} open`);
  if (membership.kind === 'error')
    return not(
      `whether one of its assignees is a member of ${settings['agent-org']} could not be found out: ${membership.said}`,
    );
  if (membership.kind === 'none')
    return not(
      `none of its assignees is a member of ${settings['agent-org']}, as far as our account can see: members may be private, and then only other members see them`,
    );
  const dear = dayTrouble(agent, candidate.talk?.costToday ?? 0);
  if (dear !== undefined) return not(dear);
  if (agent.maxRunsPerDay !== null && candidate.runsToday >= agent.maxRunsPerDay)
    return not(
      `${agent.name} has begun ${candidate.runsToday} runs today, and max_runs_per_day is ${agent.maxRunsPerDay}`,
    );
  if (noIsolation !== undefined) return not(noIsolation);
  if (candidate.homeTrouble !== undefined) return not(candidate.homeTrouble);
  // They are run where the agent never was, and beside its step there is no such place that has its programs.
  if (settings.mode === 'prepare' && agent.checks.length > 0)
    return not(
      `the manifest of ${agent.name} has checks, which nothing runs where the agent is a step of its own; take them out, or use the mode work`,
    );
  return first;
}

/** Whether the run of CI that holds an issue is the one that looks at it now: another job of it, or an earlier attempt. */
function isOfRun({ lease }: Entry, run: LookingState['run']): boolean {
  return (
    lease.run !== null &&
    run !== null &&
    lease.run.id === run.id &&
    lease.run.backend === run.backend &&
    sameRepository(lease.run.repository, run.repository)
  );
}

/** A run that is started again keeps its number, and as long as it goes on nobody can tell what became of its last attempt. */
function sameRunText({ lease, last_checkin_at: seen, agent_name: agent }: Entry): string {
  return `this very run, ${lease.run?.id}, has claimed it for ${agent} before, which was last seen at ${seen}. Another job of it may still work there. If that was an attempt that was cut off and this is the same run started again, let it end: the next run, with a number of its own, takes it over at once`;
}

/** Whether a later round of it was cut off, and its pull request was closed since: nobody waits for it any more. */
export function isAbandoned({ entry, over, record, isHandedOver, talk }: Candidate): boolean {
  return (
    entry !== null &&
    'entry' in entry &&
    entry.entry.status === 'running' &&
    entry.entry.heard !== undefined &&
    entry.entry.pr_number !== null &&
    over !== null &&
    record === null &&
    !isHandedOver &&
    talk !== null &&
    talk.pull === null
  );
}

/** The forge's times are of whole seconds: what was said in the second of the last change looks like that change. */
const sameSecondMs = 2000;

/**
 * Whether nobody has changed an issue since its last run ended. By the forge's own times, where the entry has them: the clock
 * of whoever ran the agent may be minutes ahead, and would hide what was said meanwhile. Where it cannot be told, it is looked.
 */
export function isUntouched(
  { rested_at: rested, ended_at: ended }: Pick<Entry, 'rested_at' | 'ended_at'>,
  updatedAt: string | null,
): boolean {
  if (ended === null) return true;
  if (updatedAt === null) return false;
  const changed = Date.parse(updatedAt);
  if (rested === undefined) return changed <= Date.parse(ended);
  return changed <= Date.parse(rested) && changed + sameSecondMs <= Date.parse(ended);
}

/** Whether the label was set again since the one that the last run was started for. */
export function isGivenAnew(
  { given_at: given, ended_at: ended }: Pick<Entry, 'given_at' | 'ended_at'>,
  labelled: Candidate['labelled'],
): boolean {
  // Who set it is looked at further on.
  if (labelled === null || ended === null) return true;
  return Date.parse(labelled.at) > Date.parse(given ?? ended);
}

/** Urgent ones first, then the oldest. */
export function inOrder<
  T extends { isUrgent: boolean; createdAt: string; repository: string; number: number },
>(issues: readonly T[]): T[] {
  return [...issues].sort(
    (a, b) =>
      Number(b.isUrgent) - Number(a.isUrgent) ||
      (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0) ||
      (a.repository < b.repository ? -1 : a.repository > b.repository ? 1 : a.number - b.number),
  );
}

/** Names behind a prefix among labels, such as `builder` of `crew:builder`. */
export function namesBehind(prefix: string, labels: readonly { name: string }[]): string[] {
  return labels.flatMap(({ name }) => (name.startsWith(`${prefix}:`) ? [name.slice(prefix.length + 1)] : []));
}

/** The names of enabled agents that take issues of a repository. */
export function agentsOf(declared: readonly Declared[], repository: string): string[] {
  return declared.flatMap((item) =>
    item.kind === 'agent' &&
    item.manifest.enabled &&
    item.manifest.repositories.some((name) => sameRepository(name, repository))
      ? [item.manifest.name]
      : [],
  );
}

/** The repositories that enabled agents name, or of them the one that the settings name. */
export function repositoriesOf(declared: readonly Declared[], wanted: string | undefined): string[] {
  const named = declared.flatMap((item) =>
    item.kind === 'agent' && item.manifest.enabled ? item.manifest.repositories : [],
  );
  const once = named.filter((name, index) => named.findIndex((item) => sameRepository(item, name)) === index);
  return wanted === undefined ? once : once.filter((name) => sameRepository(name, wanted));
}
