import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ConnectionOptions } from '../api/connection.ts';
import type { Send } from '../api/send.ts';
import type { Change } from '../change.ts';
import { codeOf, UserError } from '../errors.ts';
import type { Git } from '../git.ts';
import type { Mask } from '../mask.ts';
import type { Result } from '../report.ts';
import { plain } from '../text/log-line.ts';
import type { Works } from '../works.ts';
import type { AgentRun } from './agent-run.ts';
import type { Cell, Program } from './cell/cell.ts';
import { gapsOf } from './cell/gaps.ts';
import { refusingFindings } from './cell/probe.ts';
import { runCommands } from './commands.ts';
import type { AgentEngine, EngineStart } from './engines/engine.ts';
import { engineOf } from './engines/engines.ts';
import { followAgent, reserveMs } from './follow.ts';
import { openForgeAccess } from './forge-access.ts';
import { type ModelAccess, type ModelSettings, openModel } from './model-access.ts';
import {
  type AgentOutcome,
  type CheckOutcome,
  handedKey,
  refusedKey,
  sessionKey,
  type WorkOutcome,
} from './outcome.ts';
import { toldAtScreen } from './prompt.ts';
import { giveSession, placeInHome, receiveSession } from './session.ts';
import { forgeCommand, glue } from './sidecar/command.ts';
import { type Desk, offeredTools } from './sidecar/desk.ts';
import { socketName } from './sidecar/sidecar.ts';
import type { OpenSite, Site } from './site.ts';
import { readyStart, type StartPoint } from './start-point.ts';
import { keepWork } from './work/hand-over.ts';
import { fetchSession, keepRefused, keepSession } from './work/keep.ts';
import { usualLimits } from './work/limits.ts';
import { takeWork } from './work/take.ts';

/** What a run of an agent is given beyond the change itself. */
export interface RoundContext {
  send: Send;
  write(changes: Change[], through?: (send: Send) => Send): Promise<Result[]>;
  mask: Mask;
  say(line: string): void;
  clock(): Date;
  /** When the whole run has to be over, in milliseconds since the epoch. */
  deadline: number;
  works: Works;
  connection: ConnectionOptions;
  /** Where its programs run. */
  site: OpenSite;
  /** A repository of this machine that has the commit it starts from; absent: the forge is asked for it. */
  source?: string | undefined;
  /** Whether another step pushes what comes of it, from where this one keeps it. */
  handsOver: boolean;
  /** Absent where the role was given no key. */
  model: ModelSettings | undefined;
  /** Accounts whose words never count as somebody's who may write. */
  bots: readonly string[];
  /** Secrets of this run. */
  secrets: readonly string[];
  /** What is done for the agent beside the forge, where a person has dispatched it. */
  desk?: Desk | undefined;
  /** The terminal of a person who sits at the agent's own screen. */
  screen?: Screen | undefined;
}

/** A person's terminal, told when it is the agent's screen. */
export interface Screen {
  opens(): void;
  /** Puts it in order. */
  closed(): Promise<void>;
}

/**
 * Runs an agent from its clone to what came of it. Whatever goes wrong in it ends as an outcome with its reason; only what is a
 * defect of ours is thrown. Nothing of the agent is left behind: no process, no folder, no socket.
 */
export async function runAgentRound(run: AgentRun, context: RoundContext): Promise<AgentOutcome> {
  const { clock, say } = context;
  const startedAt = clock().toISOString();
  const outcome: AgentOutcome = {
    said: '',
    end: 'not-started',
    why: null,
    signal: null,
    startedAt,
    endedAt: startedAt,
    exitCode: null,
    exitSignal: null,
    session: null,
    isResumed: false,
    kept: { kind: 'none', why: 'it was not started' },
    engineVersion: null,
    isolation: run.isolation,
    network: run.network,
    gaps: [],
    left: { terminated: 0, killed: 0 },
    work: { kind: 'nothing' },
    searched: 'nothing to search',
    checks: [],
    models: null,
    operations: { head: '', entries: [] },
    egress: egressOf(run.network),
    entry: { text: run.entry.text },
  };
  try {
    await work(run, context, outcome);
  } catch (error) {
    const why = mendable(error);
    if (why === undefined) throw error;
    outcome.why = why;
    say(`The agent could not go on: ${outcome.why}`);
  }
  outcome.endedAt = clock().toISOString();
  outcome.said = saidOf(outcome);
  return outcome;
}

/** What a person can mend is the end of a run, with its record; anything else is a defect, and is told as one. */
function mendable(error: unknown): string | undefined {
  if (error instanceof UserError)
    return [error.message, error.remedy].filter((text) => text !== '').join(' ');
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(codeOf(error))
    ? `This machine had no room left for it, or nothing may be written there (${codeOf(error)}). Make room where folders of agents and temporary files are made.`
    : undefined;
}

/** What the steps of a run share. */
interface Round {
  run: AgentRun;
  context: RoundContext;
  /** Filled in by the steps. */
  outcome: AgentOutcome;
  git: Git;
  site: Site;
  start: StartPoint;
}

async function work(run: AgentRun, context: RoundContext, outcome: AgentOutcome): Promise<void> {
  const { say, works, secrets } = context;
  const git = await works.git();
  const start = await readyStart(run, { git, folder: 'ours.git', from: context.source, say });
  works.folders.set(run.key, start.ours);
  const site = await context.site({
    run,
    git,
    ours: start.ours,
    secrets,
    atEnd: works.atEnd,
    say,
  });
  try {
    const gaps = gapsOf(site.isolation, run.network);
    outcome.isolation = site.isolation;
    outcome.gaps = gaps;
    say(`Isolation: ${site.isolation}, network ${run.network}.`);
    for (const gap of gaps) say(`  ${gap}`);
    await workAt({ run, context, outcome, git, site, start });
  } finally {
    await site.close();
  }
}

async function workAt(round: Round): Promise<void> {
  const { run, context, outcome, site, start } = round;
  const { say, mask } = context;
  say("Making the agent's own clone of it ...");
  const cell = await site.furnish(start.commit);
  try {
    placeCommand(cell, context.desk);
    await refuseIfReadable(round, cell);
    const setup = await runCommands(cell, run.setup, {
      ...commandsOf(round),
      title: 'setup',
      network: 'open',
    });
    const [broken] = setup.filter(({ code }) => code !== 0);
    if (broken !== undefined)
      throw new UserError(
        `setup failed: ${broken.command} ended with ${broken.code ?? 'a signal'}.`,
        broken.tail,
      );
    const given = await give(round, cell);
    await beside(round, cell, given);
    outcome.work = await take(round, cell);
    outcome.kept = await freeze(round, cell);
  } finally {
    await cell.remove();
  }
  if (outcome.work.kind === 'work' && run.checks.length > 0)
    outcome.checks = await check(round, outcome.work.commit);
  for (const entry of outcome.checks)
    say(`  check ${entry.code === 0 ? 'passed' : 'failed'}: ${mask.apply(entry.command)}`);
}

/** What the commands of a manifest run with. */
function commandsOf({
  run,
  context: { say, mask, clock, deadline },
}: Round): Pick<Parameters<typeof runCommands>[2], 'say' | 'mask' | 'minutes' | 'left'> {
  return {
    say,
    mask,
    minutes: run.timeoutMinutes,
    left: () => deadline - reserveMs - clock().getTime(),
  };
}

/** The way to the forge that the agent finds on its PATH. */
function placeCommand({ inside, place }: Cell, desk: Desk | undefined): void {
  place(
    'forge',
    forgeCommand({
      node: `${inside.bin}/node`,
      socket: `${inside.door}/${socketName}`,
      tools: offeredTools(desk),
    }),
    0o755,
  );
}

/** Before anything of the agent runs: what its user could read and reach here. */
async function refuseIfReadable({ context: { say }, site }: Round, cell: Cell): Promise<void> {
  say(`Searching ${site.search.what} for secrets of this run ...`);
  const found = await site.search.in(cell);
  for (const { kind, place } of found)
    if (kind === 'unsearched') say(`  Not searched to the end: ${plain(place)}`);
  const findings = refusingFindings(found);
  if (findings.length === 0) {
    say('  Nothing was found.');
    return;
  }
  for (const { kind, place } of findings)
    say(
      `  ${kind === 'secret' ? 'A secret of this run can be read' : 'What gives this machine away can be reached'}: ${plain(place)}`,
    );
  // Without isolation that is what somebody has allowed by name.
  if (site.isolation === 'none') return;
  throw new UserError(
    `The agent could read a secret of this run, or reach what gives this machine away: ${findings
      .map(({ place }) => plain(place))
      .slice(0, 10)
      .join(', ')}.`,
    'Take the secret or the socket away from there, or run the role where the agent can be isolated better.',
  );
}

/** The agent itself, with its sidecar and its model beside it, until all of its processes are gone. */
async function beside(
  { run, context, outcome }: Round,
  cell: Cell,
  resumed: NonNullable<AgentRun['resumes']> | null,
): Promise<void> {
  const { mask, say, clock } = context;
  let model: ModelAccess | undefined;
  const { sidecar, checkIn, alive, seen } = await openForgeAccess(
    run,
    context,
    cell.door,
    () => model?.use()?.cost ?? null,
  );
  try {
    cell.door.admit(socketName);
    model = await openModel(run, context, cell, seen);
    const engine = engineOf(run.engine);
    const version = await versionOf(cell, engine.version(run));
    outcome.engineVersion = version === null ? null : mask.apply(version);
    const session =
      resumed === null ? { id: randomUUID(), isResumed: false } : { id: resumed.note.id, isResumed: true };
    const start: EngineStart = {
      command: run.command,
      model: run.model,
      tools: run.tools,
      prompt: resumed?.prompt ?? run.prompt,
      home: cell.inside.home,
      workspace: cell.inside.workspace,
      mcp: { command: `${cell.inside.bin}/${glue.command}`, args: [...glue.args] },
      access: model.access,
      sessionFolder: run.sessionFolder,
      session,
    };
    const program: Program =
      context.screen === undefined ? engine.program(start) : await screenIn(cell, engine, start);
    say(resumed === null ? `${run.agent} starts.` : `${run.agent} goes on with its session.`);
    context.screen?.opens();
    const ending = await followAgent(cell, model.wrap(program), {
      engine,
      sidecar,
      alive,
      run,
      checkIn,
      hasScreen: context.screen !== undefined,
      deadline: context.deadline,
      clock,
      say,
      mask,
    });
    Object.assign(outcome, ending, {
      session: ending.session ?? session.id,
      isResumed: session.isResumed,
    });
  } finally {
    outcome.left = await cell.endAll(endGraceMs);
    await context.screen?.closed();
    await sidecar.close();
    await model?.close();
    outcome.operations = { head: sidecar.log.head, entries: [...sidecar.log.entries] };
    outcome.models = model?.use() ?? null;
    outcome.entry = { text: checkIn.text() };
  }
}

/** A program as its engine shows itself, once its home is made ready for that. */
async function screenIn(cell: Cell, engine: AgentEngine, start: EngineStart): Promise<Program> {
  const told = toldAtScreen(start.prompt, start.home);
  const { program, files } = engine.screen({ ...start, prompt: told.prompt });
  const placed = await placeInHome(cell, [...told.files, ...files]);
  if (placed !== undefined) throw new UserError(`Its home could not be made ready: ${placed}.`);
  return { ...program, hasTerminal: true };
}

/** How long processes of the agent have to end by themselves. */
const endGraceMs = 5000;

async function versionOf(
  cell: Cell,
  program: { command: string; args: string[] } | null,
): Promise<string | null> {
  if (program === null) return null;
  const { code, stdout } = await cell.run(
    { ...program, environment: {} },
    { timeoutMs: 60_000, mostBytes: 64 * 1024 },
  );
  return code === 0 ? (stdout.toString('utf8').trim().split('\n')[0]?.slice(0, 100) ?? null) : null;
}

async function take({ run, context, outcome, git, start }: Round, cell: Cell): Promise<WorkOutcome> {
  const { mask, clock, works, say } = context;
  if (outcome.end === 'claim-lost' || outcome.end === 'called-off') return { kind: 'nothing' };
  const folder = path.join(git.folder, 'taken');
  mkdirSync(folder, { mode: 0o700 });
  const author = { ...run.gitUser, at: clock().toISOString() };
  const taken = await takeWork(git, {
    cell,
    programs: `${cell.inside.bin}:/usr/local/bin:/usr/bin:/bin`,
    base: start.commit,
    merge: start.merge,
    isDone: outcome.signal?.status === 'success',
    ours: start.ours,
    folder,
    message: run.message,
    author,
    protectedPaths: run.protectedPaths,
    limits: usualLimits,
    mask,
    clock: () => clock().getTime(),
  });
  if (taken.kind === 'nothing') return { kind: 'nothing' };
  if (taken.kind === 'taken') {
    outcome.searched = `${taken.search.searched} files with secretlint and for the secrets of this run: none found`;
    const tree = (await git.run(start.ours, { args: ['rev-parse', `${taken.commit}^{tree}`] }))
      .toString('utf8')
      .trim();
    if (context.handsOver) {
      const handed = path.join(git.folder, 'handed.git');
      outcome.handed = await keepWork(git, {
        ours: start.ours,
        work: { repository: run.repository, base: run.base, merges: run.merges, commit: taken.commit },
        folder: handed,
        message: `${run.repository}#${run.issue}: work of ${run.agent}`,
        author,
      });
      works.folders.set(handedKey(run.key), handed);
    }
    return {
      kind: 'work',
      commit: taken.commit,
      tree,
      files: taken.files.length,
      bytes: taken.files.reduce((sum, { size }) => sum + size, 0),
    };
  }
  const reasons = taken.refusals.map(({ said }) => mask.apply(said));
  for (const reason of reasons) say(`  refused: ${reason}`);
  outcome.searched =
    taken.search === undefined ? 'not searched: it was refused before' : 'searched; see the reasons';
  if (taken.bundle === undefined) return { kind: 'refused', reasons, commit: null };
  const kept = path.join(git.folder, 'refused.git');
  const commit = await keepRefused(git, {
    // A file of ours: it was received through a pipe.
    bundle: readFileSync(taken.bundle),
    refusals: taken.refusals,
    folder: kept,
    message: `${run.repository}#${run.issue}: refused work of ${run.agent}`,
    author,
  });
  works.folders.set(refusedKey(run.key), kept);
  return { kind: 'refused', reasons, commit };
}

/**
 * Puts the session that the agent goes on with into its home; `null` where it begins anew: it was to, or what was kept cannot
 * be used, which is said and is no reason not to hear what people wrote.
 */
async function give({ run, context, git }: Round, cell: Cell): Promise<AgentRun['resumes']> {
  const { resumes } = run;
  if (resumes === null) return null;
  const bytes = await fetchSession(git, {
    repository: run.entry.repository,
    like: run.entry.commit,
    ...resumes,
  });
  const given =
    bytes === undefined
      ? { kind: 'refused' as const, why: 'it is not where it was kept' }
      : await giveSession(cell, { of: run, note: resumes.note, bytes });
  if (given.kind === 'given') return resumes;
  context.say(`  Its session cannot be used, so it begins without one: ${given.why}`);
  return null;
}

/** Takes out what the agent remembers, and makes a commit of it that can be pushed. */
async function freeze({ run, context, outcome, git }: Round, cell: Cell): Promise<AgentOutcome['kept']> {
  const { mask, clock, works, say } = context;
  if (outcome.end === 'claim-lost' || outcome.end === 'called-off')
    return { kind: 'none', why: 'nobody waits for it' };
  const received = await receiveSession(cell, { of: run, id: outcome.session ?? '', mask });
  if (received.kind !== 'session') {
    say(`Nothing is kept of its session: ${received.why}.`);
    return { kind: 'none', why: received.why };
  }
  const folder = path.join(git.folder, 'session.git');
  const commit = await keepSession(git, {
    bytes: received.bytes,
    folder,
    message: `${run.repository}#${run.issue}: session of ${run.agent}`,
    author: { ...run.gitUser, at: clock().toISOString() },
  });
  works.folders.set(sessionKey(run.key), folder);
  return { kind: 'session', note: received.note, commit };
}

/** The manifest's checks on the commit as it would be pushed, in a fresh cell: nothing of the agent's folder is there. */
async function check(round: Round, commit: string): Promise<CheckOutcome[]> {
  const { run, site } = round;
  const given = commandsOf(round);
  const cell = await site.furnish(commit);
  try {
    placeCommand(cell, round.context.desk);
    await runCommands(cell, run.setup, { ...given, title: 'setup', network: 'open' });
    return await runCommands(cell, run.checks, { ...given, title: 'check', network: run.network });
  } finally {
    await cell.remove();
  }
}

function egressOf(network: AgentRun['network']): string {
  switch (network) {
    case 'none':
      return 'none: it had no network';
    case 'model':
      return 'only to its model, through the role';
    case 'open':
      return 'not observed';
  }
}

function saidOf({ end, why, signal, work }: AgentOutcome): string {
  const how = signal === null ? `${end}${why === null ? '' : `: ${why}`}` : `it said ${signal.status}`;
  const what =
    work.kind === 'work'
      ? `${work.files} ${work.files === 1 ? 'file' : 'files'} changed`
      : work.kind === 'refused'
        ? 'its work was refused'
        : 'no work came of it';
  return `${how}; ${what}`;
}
