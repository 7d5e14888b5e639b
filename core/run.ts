import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { sameLogin } from './accounts.ts';
import type { AgentRun } from './agent/agent-run.ts';
import type { AgentOutcome } from './agent/outcome.ts';
import type { Kept } from './api/once.ts';
import type { Send } from './api/send.ts';
import { applyPlan } from './apply.ts';
import { canonicalJson } from './canonical.ts';
import { type Change, type ChangeName, describeChange } from './change.ts';
import { type Crew, crewFile, withCrew } from './crew-file.ts';
import { UserError } from './errors.ts';
import { detectHost } from './host/detect.ts';
import { type Environment, type Host, outliveReaders, printOut } from './host/host.ts';
import { surroundingsOf } from './host/surroundings.ts';
import { refuseMadeBefore } from './made-before.ts';
import { createMask, type Mask } from './mask.ts';
import type { ModelAnswer, ModelQuestion } from './model.ts';
import { isWrite } from './plan.ts';
import { readCrew, whenPaused } from './read-crew.ts';
import { isRed, isSettled, outcomeOf, type Report, type Result, tallyOf } from './report.ts';
import type { AgentContext, AskContext, Previous, Role, State } from './role.ts';
import { openServers, refuseOtherForge } from './servers.ts';
import { type flowSettings, parseSettings, type Setting, type Settings, type ValuesOf } from './settings.ts';
import { sourceCommit } from './source-commit.ts';
import { closingLines, errorLines, isNotice, planText, type Restraint } from './telling.ts';
import { logLine, plain } from './text/log-line.ts';
import { version, versionText } from './version.ts';
import type { Works } from './works.ts';
import { writeWhole } from './write-whole.ts';

// The loop: settings, then rounds of read, plan, print, apply, then the report. What is printed stands in telling.ts, how
// a plan is carried out in apply.ts, what a run came to in report.ts, and which servers it asks in servers.ts.

/** Reading, planning and applying are repeated until only keeps remain, and at most this often, unless a role says so. */
const usualRounds = 4;

/** What a run takes from the process, so that tests can hand it something else. */
export interface Runtime {
  environment: Environment;
  args: string[];
  workingDirectory: string;
  /** Prints one line. */
  print: (line: string) => void;
  now: () => Date;
  pause?: (ms: number) => Promise<void>;
  /** The commit of forgecrew that runs, where it is known. */
  commit?: string | undefined;
  /** Where a person finds what may be set, as a sentence; for a command of the command line, whose README there is not. */
  settingsRemedy?: string;
}

/** A run under way: what the steps of the loop share. */
interface Run {
  host: Host;
  mask: Mask;
  report: Report;
  isDebug: boolean;
  /** Why this run writes nothing whatever it plans; decided once, before the first plan. */
  restraint: Restraint | undefined;
  /** What was printed so far that is printed once only: notices, and what is waited for. */
  printed: Set<string>;
  /** Prints a line for people: masked, plain, and never a workflow command. */
  say: (line: string) => void;
  /** What is left for a person to do, as the state of the last round has it. */
  byHand: string[];
  /** What the run ended with, as printed: the host's summary shows it. */
  lastLines: string[];
}

/** The whole of a role's `main.ts`: runs the role in this process and sets the exit code. */
export function run<S extends FlowSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
): void {
  outliveReaders();
  // A process that ends before the run does was no success.
  process.exitCode = 1;
  void runRole(role, {
    environment: process.env,
    args: process.argv.slice(2),
    workingDirectory: process.cwd(),
    print: (line) => printOut(`${line}\n`),
    now: () => new Date(),
    commit: sourceCommit(process.argv[1]),
  }).then((code) => {
    process.exitCode = code;
  });
}

/** Runs a role as `execute` does, for whom the exit code is enough. */
export async function runRole<S extends FlowSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  runtime: Runtime,
): Promise<number> {
  return (await execute(role, runtime)).code;
}

/**
 * Runs a role from settings to report. `code` is 0, or 1 when anything was refused, failed, or is unknown; there is no
 * report where not even the host could be told. Never rejects: a failure is printed, and where it is ours with its causes.
 */
export async function execute<S extends FlowSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  runtime: Runtime,
): Promise<{ code: number; report?: Report }> {
  let current: Run;
  try {
    current = await begin(role, runtime);
  } catch (error) {
    for (const line of errorLines(error)) runtime.print(logLine(line));
    return { code: 1 };
  }
  const { report, mask, host, say } = current;
  let resultFile: string | undefined;
  try {
    hideSecrets(role.settings, current);
    // Before anything can be refused: what is wrong may be wrong with this version alone.
    const { event } = host.facts;
    const what = versionText(runtime.commit ?? host.facts.pinnedCommit);
    say(`forgecrew ${what} ${role.name} on ${host.name}${event === undefined ? '' : ` (${event})`}`);
    const settings = parseSettings(role, host, runtime.settingsRemedy);
    const flow = flowOf(settings);
    resultFile = flow['result-file'];
    current.isDebug = flow['log-level'] === 'debug';
    current.restraint = flow['dry-run'] ? 'dry run' : host.facts.isPullRequest ? 'pull request' : undefined;
    refuseAutomaticToken(role, flow['forge-token'], host);
    refuseOtherForge(flow['forge-url'], host);
    role.refuseToAsk?.(settings, host.facts);
    if (isOwnEcho(role, settings, host)) {
      // What the comment is about is known to the run that wrote it, which goes on until nothing is left.
      sayLast('Nothing to do: a comment of our own started this run.', current);
      report.outcome = 'unchanged';
    } else finish(current, await rounds(role, settings, current, runtime));
  } catch (error) {
    const [message = '', ...rest] = errorLines(error, neededScopes(role));
    report.errors.push({ message: mask.apply(message), remedy: mask.apply(rest.join('\n')) });
    for (const line of [`Stopped: ${message}`, ...rest].flatMap((text) => text.split('\n')))
      sayLast(line, current);
    const hasWritten = report.rounds.some(({ results }) => results.length > 0);
    report.outcome = hasWritten ? 'failed' : 'refused';
    sayLast(
      hasWritten
        ? 'The run ends red. What was done before is listed above.'
        : 'The run ends red. Nothing was written.',
      current,
    );
  }
  try {
    await handOver(current, resultFile, runtime.workingDirectory);
  } catch (error) {
    for (const line of errorLines(error)) say(line);
    return { code: 1, report };
  }
  return { code: isRed(report.outcome) ? 1 : 0, report };
}

/** The run before anything of its settings is known. Throws where not even the host can be told. */
async function begin(
  role: { name: string },
  { environment, args, workingDirectory, print, now }: Runtime,
): Promise<Run> {
  const mask = createMask();
  const startedAt = now().toISOString();
  const host = await detectHost(environment, args, workingDirectory, print);
  const { repository, commit, event, runUrl } = host.facts;
  return {
    host,
    mask,
    isDebug: false,
    restraint: undefined,
    printed: new Set(),
    byHand: [],
    say: (line) => print(logLine(mask.apply(line))),
    lastLines: [],
    report: {
      version: 1,
      role: role.name,
      forgecrew: version,
      outcome: 'refused',
      startedAt,
      host: {
        name: host.name,
        ...(repository === undefined ? {} : { repository }),
        ...(commit === undefined ? {} : { commit }),
        ...(event === undefined ? {} : { event }),
        ...(runUrl === undefined ? {} : { runUrl }),
      },
      rounds: [],
      made: {},
      errors: [],
      requests: { reads: 0, writes: 0 },
    },
  };
}

type Flow = ValuesOf<typeof flowSettings>;

/** The settings that the loop itself uses, of which a role may do without some. */
export type FlowSettings = { [K in keyof Flow]: Setting<Flow[K] | undefined> };

/** The loop's own settings: sound because a role's settings spread over them. */
function flowOf(settings: unknown): Flow {
  return settings as Flow;
}

/** Before anything else is read or printed. On Woodpecker nothing is printed for it: that would show the secret. */
function hideSecrets(settings: Settings, { host, mask }: Run): void {
  for (const [name, spec] of Object.entries(settings)) {
    const secret = spec.secret === true ? host.setting(name) : undefined;
    if (secret === undefined) continue;
    // As it was given and as it is used: blanks around a token are no part of it.
    for (const form of new Set([secret, secret.trim()])) {
      mask.add(form);
      host.hide(form);
    }
  }
  for (const token of host.automaticTokens) mask.add(token);
}

function refuseAutomaticToken(
  role: { name: string; needs: Role<Settings, State, ChangeName>['needs'] },
  token: string,
  host: Host,
): void {
  if (!host.automaticTokens.includes(token)) return;
  const scopes = neededScopes(role).join(', ');
  throw new UserError(
    `forge-token is the automatic Actions token: it works in its own repository only, and what it creates cannot be listed by author, so ${role.name} could not find its own work again.`,
    `Create an account for the role (${role.needs.map(({ where, access }) => `${access} access on ${where}`).join(', ')}), and give forge-token a token of that account with the scopes ${scopes}.`,
  );
}

/** All scopes that a role's token needs, wherever it needs them. */
function neededScopes({ needs }: { needs: { scopes: string[] }[] }): string[] {
  return [...new Set(needs.flatMap(({ scopes }) => scopes))];
}

/** Whether a comment of our own account started this run, in a role that comments and whose green is no yes to later steps. */
function isOwnEcho<S extends FlowSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  settings: ValuesOf<S>,
  { facts }: Host,
): boolean {
  const { 'forge-login': login } = settings as { 'forge-login'?: string };
  const comments: ChangeName[] = ['comment', 'comment-section', 'update-comment'];
  return (
    login !== undefined &&
    facts.commentBy !== undefined &&
    sameLogin(facts.commentBy, login) &&
    whenPaused(role, settings) !== 'refuse' &&
    role.changes.some((kind) => comments.includes(kind))
  );
}

/** How a run came to its end: `unsettled` where it gave up in a role that must not. */
type Ending = 'settled' | 'unsettled' | 'paused';

/** Reads, plans, prints and applies until nothing is left. */
async function rounds<S extends FlowSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  parsed: ValuesOf<S>,
  current: Run,
  runtime: Runtime,
): Promise<Ending> {
  const { report, mask, host, say } = current;
  const flow = flowOf(parsed);
  const mostRounds = role.rounds ?? usualRounds;
  const deadline = runtime.now().getTime() + flow.deadline;
  const programs = { path: runtime.environment.PATH ?? '', home: runtime.environment.HOME };
  const servers = openServers(parsed, {
    ...current,
    surroundings: surroundingsOf(runtime.environment),
    deadline,
    clock: () => runtime.now().getTime(),
    ...(runtime.pause === undefined ? {} : { pause: runtime.pause }),
  });
  // For all rounds: what one of them makes on this machine, a later one pushes.
  const works = role.works?.({ path: programs.path, forge: servers.forge });
  const kept: Kept = new Map();
  try {
    const { crew, head, branch, branches } = await readCrew(
      role,
      parsed,
      host.facts,
      servers.reading.send,
      kept,
    );
    if (isStopped(role, parsed, current, crew)) return 'paused';
    const settings = withCrew(parsed, crew);
    const seen = {
      ...(head === undefined ? {} : { opsHead: head }),
      ...(branch === undefined ? {} : { opsBranch: branch }),
      ...(branches === undefined ? {} : { opsBranches: branches }),
    };
    let previous: Previous<T> | undefined;
    let roundsLost = 0;
    for (let round = 1; ; round += 1) {
      const state = await role.read({
        settings,
        facts: host.facts,
        ...servers.reading,
        mask,
        kept,
        ...(runtime.commit === undefined ? {} : { ownCommit: runtime.commit }),
        now: runtime.now().toISOString(),
        clock: () => runtime.now(),
        pause: (ms, why) => waitFor(ms, why, current, runtime),
        ...(previous === undefined ? seen : { previous }),
      });
      tellHeadline(role.headline?.(settings, state), current);
      current.byHand = role.byHand?.(settings, state) ?? [];
      const changes: Change[] = role.plan(settings, state);
      refuseUndeclared(role, changes);
      refuseMadeBefore(report.rounds, changes);
      const results: Result[] = [];
      report.rounds.push({ changes, results });
      printPlan(changes, round, current);
      const writes = changes.filter(isWrite);
      if (writes.length === 0 || current.restraint !== undefined) return 'settled';
      // Files for later steps need no account; everything else is somebody's.
      if (state.account === undefined && writes.some(({ kind }) => kind !== 'write-workspace-file'))
        throw new Error(`${role.name} planned writes without an account`);
      const ground: Omit<AgentContext<S>, 'works'> = {
        settings,
        facts: host.facts,
        send: servers.reading.send,
        write: (beside, through) => applyBeside(role, beside, current, { ...applying, through }),
        mask,
        say,
        clock: runtime.now,
        deadline,
        programs,
        connection: servers.forge.connection ?? {},
        automaticTokens: host.automaticTokens,
      };
      const applying = {
        context: {
          ...servers.writing,
          ...(works === undefined ? {} : { works }),
          ...(state.account === undefined ? {} : { account: state.account }),
          workspace: host.facts.workspace,
          ask: (question: ModelQuestion) => askModel(role, question, { settings, deadline, programs }),
          runAgent: (change: AgentRun) => agentOf(role, works, ground).run(change),
          prepareAgent: (change: AgentRun) => agentOf(role, works, ground).prepare(change),
        },
        mask,
        say,
        scopes: neededScopes(role),
      };
      const { made, answers, outcomes, errors } = await applyPlan(changes, { ...applying, results });
      Object.assign(report.made, made);
      report.errors.push(...errors);
      if (!results.every(({ status }) => isSettled(status))) return 'settled';
      // A role with many rounds has them for what gets done, not for losing the same race again and again.
      roundsLost = results.some(({ status }) => status === 'done') ? 0 : roundsLost + 1;
      if (round === mostRounds || roundsLost === usualRounds)
        return stopLooking(round, results, role.mustSettle?.(settings) === true, say)
          ? 'unsettled'
          : 'settled';
      const withStatus = (status: Result['status']): Change[] =>
        changes.filter((_, index) =>
          results.some((result) => result.change === index && result.status === status),
        );
      previous = {
        state,
        done: withStatus('done'),
        declined: withStatus('declined'),
        stale: withStatus('stale'),
        made: { ...report.made },
        answers,
        outcomes,
      };
    }
  } finally {
    works?.close();
    servers.close();
  }
}

/** Whether a pause ends this run, which is said. Throws where it has to end red. */
function isStopped<S extends FlowSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  settings: ValuesOf<S>,
  current: Run,
  { paused }: Crew,
): boolean {
  const means = whenPaused(role, settings);
  if (paused === undefined || means === 'ignore') return false;
  const text = `Paused by ${crewFile} of the ops repo: ${paused}`;
  // What it would do is what whoever starts a dry run wants to know.
  if (current.restraint !== undefined) {
    current.say(`${text}. A run that writes does nothing now.`);
    return false;
  }
  if (means === 'refuse')
    throw new UserError(
      text,
      `Nothing after this step may run. Once pause is taken out of ${crewFile}, run it again.`,
    );
  current.report.headline = current.mask.apply(text);
  sayLast(text, current);
  sayLast('Nothing was done. The next run after the pause goes on from what it finds.', current);
  return true;
}

/** The last round is over, and the forge would have to be looked at once more. */
function stopLooking(
  round: number,
  results: Result[],
  mustSettle: boolean,
  say: (line: string) => void,
): boolean {
  const isUnsettled = mustSettle && results.some(({ status }) => status !== 'done');
  say(
    isUnsettled
      ? `${round} times another run wrote first, so this run stopped.`
      : `Looked ${round} times; the next run looks again.`,
  );
  return isUnsettled;
}

function waitFor(ms: number, why: string, { printed, say }: Run, { pause }: Runtime): Promise<void> {
  // Printed once: the log shows what is waited for, and not how often was looked.
  if (!printed.has(why)) say(`Waiting: ${why}`);
  printed.add(why);
  return (pause ?? ((time) => new Promise((done) => setTimeout(done, time))))(ms);
}

function tellHeadline(headline: string | undefined, { report, mask, say }: Run): void {
  if (headline === undefined || headline === report.headline) return;
  report.headline = mask.apply(headline);
  for (const line of headline.split('\n')) say(line);
}

/** A role says which kinds of change it may plan; anything else is a defect of ours. */
function refuseUndeclared(role: { name: string; changes: readonly string[] }, changes: Change[]): void {
  for (const { kind } of changes)
    if (!role.changes.includes(kind))
      throw new Error(`${role.name} planned ${kind}, which it does not declare`);
}

function askModel<S extends FlowSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  question: ModelQuestion,
  context: AskContext<S>,
): Promise<ModelAnswer> {
  if (role.ask === undefined) throw new Error(`${role.name} has no model to ask`);
  return role.ask(question, context);
}

/** What a role does with agents. Throws where it has none, or no repositories on this machine. */
function agentOf<S extends Settings>(
  role: Pick<Role<S, State, ChangeName>, 'name' | 'runAgent' | 'prepareAgent'>,
  works: Works | undefined,
  context: Omit<AgentContext<S>, 'works'>,
): { run(change: AgentRun): Promise<AgentOutcome>; prepare(change: AgentRun): Promise<void> } {
  const { runAgent, prepareAgent } = role;
  if (works === undefined || runAgent === undefined) throw new Error(`${role.name} runs no agents`);
  return {
    run: (change) => runAgent(change, { ...context, works }),
    prepare: (change) => {
      if (prepareAgent === undefined) throw new Error(`${role.name} prepares no agents`);
      return prepareAgent(change, { ...context, works });
    },
  };
}

/** What has to be written while one change of a plan is still being carried out: it is held to the same, and in the report. */
async function applyBeside(
  role: { name: string; changes: readonly string[] },
  changes: Change[],
  { report }: Run,
  {
    through = (send) => send,
    ...applying
  }: Omit<Parameters<typeof applyPlan>[1], 'results'> & { through?: ((send: Send) => Send) | undefined },
): Promise<Result[]> {
  refuseUndeclared(role, changes);
  const results: Result[] = [];
  report.rounds.push({ changes, results });
  const { context } = applying;
  const { errors } = await applyPlan(changes, {
    ...applying,
    context: { ...context, send: through(context.send), claims: context.send },
    results,
  });
  report.errors.push(...errors);
  return results;
}

function printPlan(changes: Change[], round: number, current: Run): void {
  const { host, mask, say, isDebug, restraint, printed } = current;
  const text = planText(changes, {
    round,
    restraint,
    isKnown: (notice) => printed.has(notice),
    isDetailed: isDebug,
  });
  if (text.kind === 'sentence') {
    say(text.text);
    return;
  }
  host.group(plain(mask.apply(text.title)), () => {
    for (const line of text.lines) say(line);
  });
  for (const change of changes.filter(isNotice)) printed.add(describeChange(change));
}

/** Prints one of the last lines, which the host's summary repeats. */
function sayLast(line: string, { mask, say, lastLines }: Run): void {
  lastLines.push(plain(mask.apply(line)));
  say(line);
}

function finish(current: Run, ending: Ending): void {
  const { report, restraint } = current;
  if (ending === 'paused') {
    report.outcome = 'paused';
    return;
  }
  const tally = tallyOf(report.rounds);
  const isUnsettled = ending === 'unsettled';
  report.outcome = outcomeOf(tally, { writesNothing: restraint !== undefined, isUnsettled });
  const isNoted = report.rounds.at(-1)?.changes.some(isNotice) === true;
  const closing = closingLines(tally, {
    outcome: report.outcome,
    made: report.made,
    restraint,
    isListed: isNoted || current.isDebug,
    isNoted,
  });
  for (const line of [...closing, ...current.byHand]) sayLast(line, current);
}

/**
 * Outputs, the summary and the result file; the file appears whole or not at all. A runner repeats every output at the end of
 * the log, below the lines that say what to mend, so the outcome itself goes into a file and only its path is an output.
 */
async function handOver(
  { host, mask, report, say, lastLines }: Run,
  resultFile: string | undefined,
  workingDirectory: string,
): Promise<void> {
  const json = `${mask.apply(canonicalJson(report))}\n`;
  host.output('outcome', report.outcome);
  // Indented, so that Markdown shows the lines as they are, whatever they quote.
  const shown = lastLines.map((line) => `    ${line}\n`).join('');
  await host.summary(`### forgecrew ${report.role}: ${report.outcome}\n\n${shown}`);
  if (resultFile !== undefined) {
    const file = path.resolve(
      host.facts.workspace === '' ? workingDirectory : host.facts.workspace,
      resultFile,
    );
    writeWhole(file, json, `result-file ${resultFile}`);
    host.output('result-file', file);
    say(`Result written to ${resultFile}.`);
  } else if (host.temporaryFolder !== undefined) {
    const file = path.join(host.temporaryFolder, `forgecrew-${report.role}-${randomUUID()}.json`);
    writeWhole(file, json, `The outcome, for later steps, in ${host.temporaryFolder},`);
    host.output('result-file', file);
  }
}
