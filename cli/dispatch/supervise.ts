import { appendFileSync, closeSync, openSync } from 'node:fs';
import { uidsOf } from '../../actions/forge-agent/settings.ts';
import { localSite } from '../../core/agent/local-site.ts';
import { agentOf } from '../../core/agent/manifest.ts';
import type { AgentOutcome } from '../../core/agent/outcome.ts';
import { refusedKey } from '../../core/agent/outcome.ts';
import { type RoundContext, runAgentRound, type Screen } from '../../core/agent/round.ts';
import type { Desk } from '../../core/agent/sidecar/desk.ts';
import { entryOfRun } from '../../core/agent/start-point.ts';
import type { Send } from '../../core/api/send.ts';
import { causeChain, codeOf, UserError } from '../../core/errors.ts';
import { blobId } from '../../core/forge/blobs.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import { githubAsForge } from '../../core/github/as-forge.ts';
import { surroundingsOf } from '../../core/host/surroundings.ts';
import { terminal } from '../../core/host/terminal.ts';
import { createMask, type Mask } from '../../core/mask.ts';
import { openServers, readOnly } from '../../core/servers.ts';
import { plain } from '../../core/text/log-line.ts';
import { openWorks } from '../../core/works.ts';
import { readAgent } from './agents.ts';
import { lateTrouble } from './cascade-limits.ts';
import { claimPaths } from './claims.ts';
import { addClaudeTrust } from './claude-trust.ts';
import { type DispatchConfig, homeOf, type Secrets, withoutSecrets } from './config.ts';
import { type DispatchEntry, type DispatchOutcome, refOf } from './entry.ts';
import { heldError } from './held-error.ts';
import { type Hold, readHold, releaseOf } from './hold.ts';
import { connectGithub } from './hosts.ts';
import { headOf, keepAt, land, refusedRef } from './land.ts';
import { type Machine, nameOfProcess } from './machine.ts';
import { noticeOf, notify } from './notify.ts';
import { hasScreen, type Order } from './order.ts';
import type { OwnGit } from './own-git.ts';
import { isolationHere, mostMinutes, type Prepared, prepare, settingsFor } from './prepare.ts';
import { changeEntry, enterDispatch, readRegistry, standingOf } from './registry.ts';
import { runTrusted } from './trusted.ts';
import { makeWorktree, refuseShallow, type WorktreePlace } from './worktree.ts';
import { write } from './writing.ts';

/** What the process of a dispatch works with. */
export interface Supervision {
  config: DispatchConfig;
  secrets: Secrets;
  environment: Readonly<Record<string, string | undefined>>;
  machine: Machine;
  git: OwnGit;
  clock(): Date;
  /** Told once the worker begins: from then on the terminal may be left. */
  begun(entry: DispatchEntry): void;
  /** The terminal for a worker with a screen. */
  screen?: Screen | undefined;
  /** Comes when somebody ends the dispatch. */
  stopped: { isStopped(): boolean };
  /** Lets another dispatch begin, for a worker that may; undefined where none may. */
  dispatch?: (given: {
    issue: string;
    mode: string;
    prompt: string | undefined;
    parent: DispatchEntry;
  }) => Promise<string>;
}

/** How a dispatch came to its end. */
interface Came {
  outcome: DispatchOutcome;
  why: string;
  head: string | null;
  cost: number | null;
  /** The entry in the state repo, as it was kept up. */
  entryText: string | null;
}

/**
 * Carries one dispatch out, from its entry in the registry to the end of its claim. The entry comes first and names this very
 * process, so that whatever happens to it, nothing is left that nobody sees.
 */
export async function supervise(order: Order, given: Supervision): Promise<DispatchEntry> {
  const { config, machine, clock } = given;
  const { logRoot } = config;
  const begun = enterDispatch(logRoot, { place: order.place, machine }, ({ id, log_path }) => ({
    version: 1,
    id,
    mode: order.mode,
    ...nameOfProcess(process.pid, machine),
    ref: refOf(order.place),
    platform: order.place.platform,
    url: order.url,
    title: order.title.slice(0, 1000),
    started_at: clock().toISOString(),
    ended_at: null,
    outcome: null,
    why: '',
    parent_session: order.parent,
    depth: order.depth,
    paths_claimed: [],
    log_path,
    posture: order.trustMe ? 'trust-me' : 'isolated',
    agent: order.agent,
    profile: order.profile,
    checkout: order.checkout,
    remote: '',
    worktree: null,
    branch: null,
    base_branch: order.base,
    base: null,
    head: null,
    claim: null,
    notified_at: null,
    reaped_at: null,
  }));
  if (begun.kind === 'held') throw heldError(begun);
  const tooMany = order.parent === null ? undefined : lateTrouble(begun.entry, readRegistry(logRoot).entries);
  const mask = createMask();
  const log = openLog(begun.entry.log_path, clock, mask);
  const set = (change: Partial<DispatchEntry>): DispatchEntry =>
    changeEntry(logRoot, begun.entry.id, machine, (entry) =>
      Object.keys(change).length === 0 ? undefined : { ...entry, ...change },
    );
  let came: Came = { outcome: 'not-started', why: '', head: null, cost: null, entryText: null };
  try {
    // Workers of one cascade may each have let one begin at the same moment.
    if (tooMany !== undefined) throw new UserError(`No worker was dispatched: ${tooMany}.`);
    came = await work(order, { ...given, mask, say: log.say, set, id: begun.entry.id });
  } catch (error) {
    came = {
      ...came,
      why: error instanceof UserError ? error.message : causeChain(error).join(' '),
    };
    for (const line of error instanceof UserError ? [error.message, error.remedy] : causeChain(error))
      if (line !== '') log.say(line);
    throw error;
  } finally {
    const outcome = given.stopped.isStopped() ? 'stopped' : came.outcome;
    log.say(`The dispatch is over: ${outcome}${came.why === '' ? '' : ` (${came.why})`}.`);
    const ended = set({
      ended_at: clock().toISOString(),
      outcome,
      why: plain(mask.apply(came.why)).slice(0, 2000),
      claim: null,
      ...(came.head === null ? {} : { head: came.head }),
      notified_at: clock().toISOString(),
    });
    await notify(config.notify, noticeOf(ended, order.isDetached), {
      environment: withoutSecrets(given.environment),
      say: log.say,
    });
    log.close();
  }
  return set({});
}

/** Where nobody has a terminal to put in order. */
const bareScreen: Screen = { opens: () => undefined, closed: async () => undefined };

interface Step extends Supervision {
  mask: Mask;
  say(line: string): void;
  set(change: Partial<DispatchEntry>): DispatchEntry;
  id: string;
}

async function work(order: Order, step: Step): Promise<Came> {
  const { config, environment, mask, say, clock } = step;
  const isOnGithub = order.place.platform === 'github';
  const token = order.hosts.includes('forgejo') ? await step.secrets.token() : undefined;
  const githubToken = isOnGithub ? await step.secrets.githubToken() : undefined;
  const engineKey = order.trustMe ? undefined : await step.secrets.engineKey();
  const known = [token, githubToken, engineKey].filter((secret) => secret !== undefined);
  for (const secret of known) mask.add(secret);
  const declared = readAgent(config.agents, order);
  const agent = agentOf(declared.manifest, order.profile);
  if (agent === undefined) throw new Error('a profile that was there is gone');
  const minutes = mostMinutes(order, agent.timeoutMinutes);
  const settings = settingsFor(config, order, { token, engineKey, minutes });
  const host = terminal({}, [], '/', () => undefined);
  const deadline = clock().getTime() + minutes * 60_000;
  const servers = openServers(settings, {
    host,
    mask,
    report: { requests: { reads: 0, writes: 0 } },
    isDebug: false,
    say,
    surroundings: surroundingsOf(environment),
    deadline: Date.now() + minutes * 60_000,
    clock: Date.now,
  });
  const works = openWorks({ path: environment.PATH ?? '', forge: servers.forge });
  const github =
    githubToken === undefined
      ? undefined
      : connectGithub({
          config,
          environment,
          token: githubToken,
          mask,
          deadline: Date.now() + minutes * 60_000,
          say,
        });
  try {
    // The host that the issue is on, whichever it is, as the forge would answer.
    const issues = github === undefined ? servers.writing.send : githubAsForge(github);
    const send = github === undefined ? servers.reading.send : readOnly(issues);
    const account = await getOwnUser(send);
    const hold = await holdOf(order, step, servers.reading.send);
    const tried = await isolationHere(settings, order);
    const prepared = await prepare(order, {
      send,
      settings,
      account,
      declared,
      hold,
      tried,
      host: step.machine.host,
      now: clock().toISOString(),
    });
    const writing = { send: servers.writing.send, issues, account, mask, works, say, isHeld: hold !== null };
    const context: RoundContext = {
      send,
      write: (changes, through) => write(writing, changes, through),
      mask,
      say,
      clock: () => new Date(clock().getTime() + (step.stopped.isStopped() ? 100 * 86_400_000 : 0)),
      deadline,
      works,
      connection: servers.forge.connection ?? {},
      site: localSite({ base: undefined, uids: uidsOf(settings), allowsNone: false, places: [] }),
      handsOver: false,
      // The person's own clone has it: what is fetched from GitHub, the person's git fetches, and no token of ours goes there.
      source: isOnGithub ? order.checkout : undefined,
      model:
        engineKey === undefined
          ? undefined
          : {
              url: settings['engine-url'],
              key: engineKey,
              api: settings['engine-api'],
              maxOutputTokens: settings['max-output-tokens'],
            },
      bots: settings.bots,
      secrets: known,
      desk: deskOf(order, step),
      screen: hasScreen(order) ? (step.screen ?? bareScreen) : undefined,
    };
    return await holding(prepared, step, context.write, async () => {
      const place = await makeWorktree(
        step.git,
        {
          checkout: order.checkout,
          worktreeRoot: config.worktreeRoot,
          addresses: order.addresses,
          base: order.base,
          issue: { number: order.place.number, title: order.title },
        },
        ({ worktree, branch, base, remote, checkout }) =>
          void step.set({ worktree, branch, base, head: base, remote, checkout }),
      );
      say(`Worktree ${place.worktree} on ${place.branch}, from ${place.base.slice(0, 10)}.`);
      step.begun(step.set({}));
      const running = {
        ...prepared.run,
        base: place.base,
        // A person sits there: what they wait for, and for how long, is theirs to say.
        ...(hasScreen(order) ? { timeoutMinutes: minutes, watchdogMinutes: minutes } : {}),
      };
      return order.trustMe
        ? runAsPerson(step, { run: running, place, context })
        : runIsolated(step, { run: running, place, context });
    });
  } finally {
    works.close();
    github?.close();
    servers.close();
  }
}

/** What the state repo says of the issue; `null` where none is named, which is refused where a label gives the issue to an agent. */
async function holdOf(order: Order, { config, machine, clock }: Step, send: Send): Promise<Hold | null> {
  refuseWithoutState(order, config);
  if (config.stateRepo === undefined) return null;
  const { entries } = readRegistry(config.logRoot);
  const dead = new Set(
    entries.flatMap((entry) =>
      entry.claim !== null && standingOf(entry, machine) === 'dead' ? [entry.claim.lease] : [],
    ),
  );
  return readHold(
    send,
    {
      stateRepo: config.stateRepo,
      platform: order.place.platform,
      repository: `${order.place.owner}/${order.place.repo}`,
      number: order.place.number,
      now: clock().toISOString(),
    },
    (lease) => dead.has(lease),
  );
}

/** An issue with a label of an agent may be taken by CI at any moment: without a state repo nobody could tell. */
export function refuseWithoutState(
  { labels, place }: Pick<Order, 'labels' | 'place'>,
  { stateRepo, labelPrefix }: DispatchConfig,
): void {
  const label = labels.find((name) => name.startsWith(`${labelPrefix}:`));
  if (label === undefined || stateRepo !== undefined) return;
  throw new UserError(
    `${refOf(place)} has the label ${label}, so ${place.platform === 'github' ? 'another machine may dispatch it' : 'forge-agent may take it'} at any moment, and no state-repo is configured in which to claim it first.`,
    "Set state-repo in the configuration to forge-agent's, or take the label off.",
  );
}

/** Does something while the issue is claimed in the state repo, and gives it back afterwards, however that went. */
async function holding(
  { claim, run }: Prepared,
  { set, say, clock }: Step,
  write: RoundContext['write'],
  work: () => Promise<Came>,
): Promise<Came> {
  if (claim === null) return work();
  const { held, stateRepo, change } = claim;
  // Before it is written: whoever finds this process gone knows whose claim that is.
  set({ claim: { repository: stateRepo.repository, path: run.entry.path, lease: held.entry.lease.id } });
  const [result] = await write([change]);
  if (result?.status === 'stale')
    throw new UserError(
      `${run.repository}#${run.issue} was taken by somebody else at this moment.`,
      'Run it again: it says who has it.',
    );
  if (result?.status !== 'done')
    throw new UserError(`The issue could not be claimed: ${result?.said ?? 'nothing came of it'}`);
  let came: Came | undefined;
  try {
    came = await work();
    return came;
  } finally {
    const text = came?.entryText ?? run.entry.text;
    const entry = entryOfRun({ entry: { ...run.entry, text } });
    const [released] = await write([
      releaseOf(
        { stateRepo, running: { ...held, entry, sha: blobId(text, stateRepo.commit) } },
        {
          why: `dispatch: ${came === undefined ? 'it was not carried out' : `${came.outcome}${came.why === '' ? '' : `, ${came.why}`}`}`,
          at: clock().toISOString(),
          ...(came === undefined ? {} : { counted: came.cost }),
        },
      ),
    ]);
    if (released?.status !== 'done')
      say(`The claim in the state repo could not be given back: ${released?.said ?? 'nothing came of it'}`);
  }
}

interface Running {
  run: Prepared['run'];
  place: WorktreePlace;
  context: RoundContext;
}

/** Runs the worker in a cell with a clone of its own; what it made is looked at, and then put on the branch of the worktree. */
async function runIsolated(step: Step, { run, place, context }: Running): Promise<Came> {
  const { git, say, id } = step;
  const { works, source } = context;
  if (source !== undefined) await refuseShallow(git, source);
  const outcome = await runAgentRound(run, context);
  const came = { cost: outcome.models?.cost ?? null, entryText: outcome.entry.text };
  say(`It ended: ${outcome.said}.`);
  logOperations(outcome, say);
  const { work: made } = outcome;
  if (made.kind === 'refused') {
    const from = works.folders.get(refusedKey(run.key ?? ''));
    const ref = refusedRef(id);
    if (made.commit !== null && from !== undefined)
      await keepAt(git, { checkout: place.checkout, from, commit: made.commit, ref });
    return {
      ...came,
      outcome: 'refused',
      head: null,
      why: `its work was refused: ${made.reasons.join('; ')}${made.commit === null ? '' : `; it is kept at ${ref} of ${place.checkout}`}`,
    };
  }
  const ended = { ...came, outcome: outcomeOf(outcome), why: wordsOf(outcome) };
  const from = works.folders.get(run.key ?? '');
  if (made.kind !== 'work' || from === undefined) return { ...ended, head: null };
  const landing = await land(git, { id, ...place, from, commit: made.commit });
  if (landing.kind === 'landed') {
    say(`Its work is ${landing.head.slice(0, 10)} on ${place.branch}, in ${place.worktree}.`);
    return { ...ended, head: landing.head };
  }
  const beside = `its work is at ${landing.ref} of ${place.checkout}, because ${landing.why}`;
  say(`${beside}.`);
  return { ...ended, head: null, why: [ended.why, beside].filter((text) => text !== '').join('; ') };
}

/** Runs the worker as the person, in the worktree itself. */
async function runAsPerson(step: Step, { run, place, context }: Running): Promise<Came> {
  const { config, environment, git, say } = step;
  // It would wait for an answer at its first start in a folder, and nobody gives one.
  if (run.engine === 'claude') {
    const trust = await addClaudeTrust(config.claudeConfig, place.worktree);
    if (trust.kind === 'left') say(`Claude may ask whether it trusts the worktree: ${trust.why}.`);
  }
  const outcome = await runTrusted(
    {
      run,
      worktree: place.worktree,
      environment: withoutSecrets(environment),
      home: homeOf(environment),
    },
    context,
  );
  logOperations(outcome, say);
  return {
    cost: null,
    entryText: outcome.entry.text,
    outcome: outcomeOf(outcome),
    why: wordsOf(outcome),
    head: await headOf(git, place.worktree).catch(() => null),
  };
}

function outcomeOf({ signal, end }: Pick<AgentOutcome, 'signal' | 'end'>): DispatchOutcome {
  if (signal !== null) return signal.status;
  return end === 'not-started' ? 'not-started' : 'no-word';
}

function wordsOf({ signal, why, end }: Pick<AgentOutcome, 'signal' | 'why' | 'end'>): string {
  return signal === null ? (why ?? end) : signal.summary;
}

/** Everything that it asked of the forge and of us, as the chain has it. */
function logOperations({ operations }: Pick<AgentOutcome, 'operations'>, say: (line: string) => void): void {
  for (const operation of operations.entries) say(`  operation ${JSON.stringify(operation)}`);
  say(`  operations end at ${operations.head}`);
}

/** What the worker may ask of whoever dispatched it. */
function deskOf(order: Order, { config, machine, id, dispatch, set }: Step): Desk {
  return {
    claimPaths: async (paths) => claimPaths(config.logRoot, { id, machine, paths }),
    ...(order.mode === 'cascade' && dispatch !== undefined
      ? { dispatch: (asked) => dispatch({ ...asked, parent: set({}) }) }
      : {}),
  };
}

/** The log of a dispatch: plain lines with their time, and no secret in them. */
function openLog(file: string, clock: () => Date, mask: Mask): { say(line: string): void; close(): void } {
  const descriptor = openSync(file, 'a', 0o600);
  return {
    say(line) {
      try {
        appendFileSync(descriptor, `${clock().toISOString()} ${plain(mask.apply(line))}\n`);
      } catch (error) {
        // A full disk takes lines of the log, and neither the work nor the end of a dispatch.
        if (!['ENOSPC', 'EDQUOT', 'EIO'].includes(codeOf(error))) throw error;
      }
    },
    close: () => closeSync(descriptor),
  };
}
