import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ApiError, isApiError } from './api/errors.ts';
import { createSend, type Service } from './api/http.ts';
import { describeRequest, type Send } from './api/send.ts';
import { canonicalJson } from './canonical.ts';
import {
  applyChange,
  type Change,
  type ChangeName,
  countChanges,
  describeChange,
  isWrite,
  signOf,
} from './change.ts';
import type { ModelAnswer, ModelQuestion } from './changes/ask-model.ts';
import { neededKeys } from './changes/fields.ts';
import type { ApplyContext } from './changes/kind.ts';
import { causeChain, UserError } from './errors.ts';
import { detectHost } from './host/detect.ts';
import type { Environment, Host } from './host/host.ts';
import { createMask, type Mask } from './mask.ts';
import type { Report, Result } from './report.ts';
import type { AskContext, ReadContext, Role, State } from './role.ts';
import {
  parseSettings,
  type Setting,
  type Settings,
  type sharedSettings,
  type ValuesOf,
  type woodpeckerSettings,
} from './settings.ts';
import { logLine, plain } from './text/log-line.ts';
import { version } from './version.ts';
import { woodpeckerService } from './woodpecker/pipelines.ts';

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
}

/** A run under way: what the steps of the flow share. */
interface Run {
  host: Host;
  mask: Mask;
  report: Report;
  debug: boolean;
  /** Whether it gave up looking, in a role that may not. */
  unsettled: boolean;
  /** What was noticed and told so far: it is told once, in whichever round it came up. */
  told: Set<string>;
  /** A line for people: masked, plain, and never a workflow command. */
  say: (line: string) => void;
  /** What the run ended with, masked: the host's summary shows it. */
  lastLines: string[];
}

/** The whole of a role's `main.ts`: runs the role in this process and sets the exit code. */
export function run<S extends SharedSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
): void {
  // Who reads the log may stop reading.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  // What never comes to its end is no success.
  process.exitCode = 1;
  void runRole(role, {
    environment: process.env,
    args: process.argv.slice(2),
    workingDirectory: process.cwd(),
    print: (line) => process.stdout.write(`${line}\n`),
    now: () => new Date(),
  }).then((code) => {
    process.exitCode = code;
  });
}

/**
 * Parse settings, then rounds of read, plan, print, apply; then the report. Resolves to the exit code: 0, or 1 when
 * anything was refused, failed, or is unknown. Never rejects: a failure is told, and where it is ours with its causes.
 */
export async function runRole<S extends SharedSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  runtime: Runtime,
): Promise<number> {
  const mask = createMask();
  const startedAt = runtime.now().toISOString();
  let host: Host;
  try {
    host = await detectHost(runtime.environment, runtime.args, runtime.workingDirectory, runtime.print);
  } catch (error) {
    for (const line of told(error)) runtime.print(logLine(line));
    return 1;
  }
  const { facts } = host;
  const current: Run = {
    host,
    mask,
    debug: false,
    unsettled: false,
    told: new Set(),
    lastLines: [],
    say: (line) => runtime.print(logLine(mask.apply(line))),
    report: {
      version: 1,
      role: role.name,
      forgecrew: version,
      outcome: 'refused',
      startedAt,
      host: {
        name: host.name,
        ...(facts.repository === undefined ? {} : { repository: facts.repository }),
        ...(facts.commit === undefined ? {} : { commit: facts.commit }),
        ...(facts.event === undefined ? {} : { event: facts.event }),
        ...(facts.runUrl === undefined ? {} : { runUrl: facts.runUrl }),
      },
      rounds: [],
      made: {},
      errors: [],
      requests: { reads: 0, writes: 0 },
    },
  };
  let shared: Shared | undefined;
  try {
    hideSecrets(role.settings, current);
    const settings = parseSettings(role.settings, host);
    shared = sharedOf(settings);
    current.debug = shared['log-level'] === 'debug';
    refuseAutomaticToken(role, shared['forge-token'], host);
    current.say(
      `forgecrew ${version} ${role.name} on ${host.name}${facts.event === undefined ? '' : ` (${facts.event})`}`,
    );
    await rounds(role, settings, current, runtime);
  } catch (error) {
    const [message = '', ...rest] = told(error);
    current.report.errors.push({ message: mask.apply(message), remedy: mask.apply(rest.join('\n')) });
    for (const line of [`Stopped: ${message}`, ...rest].flatMap((text) => text.split('\n')))
      sayLast(current, line);
    const wrote = current.report.rounds.some(({ results }) => results.length > 0);
    current.report.outcome = wrote ? 'failed' : 'refused';
    sayLast(
      current,
      wrote
        ? 'The run ends red. What was done before is listed above.'
        : 'The run ends red. Nothing was written.',
    );
  }
  try {
    await hand(current, shared?.['result-file'], runtime.workingDirectory);
  } catch (error) {
    for (const line of told(error)) current.say(line);
    return 1;
  }
  return current.report.outcome === 'refused' || current.report.outcome === 'failed' ? 1 : 0;
}

type Shared = ValuesOf<typeof sharedSettings>;

/** The settings that every role has, of which a role may do without some. */
type SharedSettings = { [K in keyof Shared]: Setting<Shared[K] | undefined> };

/** The settings that every role has: sound because a role's settings spread over the shared ones. */
function sharedOf(settings: unknown): Shared {
  return settings as Shared;
}

/** How Woodpecker is reached, for a role that has the settings and was given both. */
function woodpeckerOf(settings: unknown): { url: string; token: string; service: Service } | undefined {
  const { 'woodpecker-url': url, 'woodpecker-token': token } = settings as Partial<
    ValuesOf<typeof woodpeckerSettings>
  >;
  return url === undefined || token === undefined ? undefined : { url, token, service: woodpeckerService };
}

/** Before anything else is read or printed. On Woodpecker nothing is printed for it: that would show the secret. */
function hideSecrets(settings: Settings, { host, mask }: Run): void {
  for (const [name, spec] of Object.entries(settings)) {
    const secret = spec.secret === true ? host.setting(name) : undefined;
    if (secret === undefined) continue;
    mask.add(secret);
    host.hide(secret);
  }
  for (const token of host.automaticTokens) mask.add(token);
}

function refuseAutomaticToken(
  role: { name: string; needs: Role<Settings, State, ChangeName>['needs'] },
  token: string,
  host: Host,
): void {
  if (!host.automaticTokens.includes(token)) return;
  const scopes = [...new Set(role.needs.flatMap((need) => need.scopes))].join(', ');
  throw new UserError(
    `forge-token is the automatic Actions token: it works in its own repository only, and what it creates cannot be listed by author, so ${role.name} could not find its own work again.`,
    `Create an account for the role (${role.needs.map(({ where, access }) => `${access} access on ${where}`).join(', ')}), and give forge-token a token of that account with the scopes ${scopes}.`,
  );
}

async function rounds<S extends SharedSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  settings: ValuesOf<S>,
  current: Run,
  runtime: Runtime,
): Promise<void> {
  const { report, mask, host } = current;
  const shared = sharedOf(settings);
  const mostRounds = role.rounds ?? usualRounds;
  const deadline = runtime.now().getTime() + shared.deadline;
  const options = {
    mask,
    deadline,
    clock: () => runtime.now().getTime(),
    ...(runtime.pause === undefined ? {} : { pause: runtime.pause }),
  };
  const http = createSend({
    ...options,
    url: shared['forge-url'] ?? '',
    token: shared['forge-token'] ?? '',
  });
  const send = counted(http, current);
  const ci = woodpeckerOf(settings);
  const ciHttp = ci === undefined ? undefined : createSend({ ...options, ...ci });
  const woodpecker = ciHttp === undefined ? undefined : counted(ciHttp, current);
  try {
    let previous: ReadContext<S, T>['previous'];
    let lost = 0;
    for (let round = 1; ; round += 1) {
      const state = await role.read({
        settings,
        facts: host.facts,
        send: readOnly(send),
        ...(woodpecker === undefined ? {} : { woodpecker: readOnly(woodpecker) }),
        mask,
        now: runtime.now().toISOString(),
        clock: () => runtime.now(),
        pause: (ms, why) => {
          // Said once: the log shows what it waits for, and not how often it looked.
          if (!current.told.has(why)) current.say(`Waiting: ${why}`);
          current.told.add(why);
          return (runtime.pause ?? ((time) => new Promise((done) => setTimeout(done, time))))(ms);
        },
        ...(previous === undefined ? {} : { previous }),
      });
      const headline = role.headline?.(settings, state);
      if (headline !== undefined && headline !== report.headline) {
        report.headline = mask.apply(headline);
        current.say(headline);
      }
      const changes: Change[] = role.plan(settings, state);
      for (const change of changes) {
        if (!(role.changes as readonly string[]).includes(change.kind))
          throw new Error(`${role.name} planned ${change.kind}, which it does not declare`);
      }
      const results: Result[] = [];
      report.rounds.push({ changes, results });
      const writes = changes.filter(isWrite);
      printPlan(changes, round, shared['dry-run'] || host.facts.isPullRequest, current);
      // Dry run is decided here and nowhere else; a pull request's own copy of the pipeline only validates.
      if (writes.length === 0 || shared['dry-run'] || host.facts.isPullRequest) break;
      const { account } = state;
      // Files for later steps need no account; everything else is somebody's.
      if (account === null && writes.some(({ kind }) => kind !== 'write-workspace-file'))
        throw new Error(`${role.name} planned writes without an account`);
      const answers: Record<string, ModelAnswer> = {};
      const went = await applyAll(
        changes,
        results,
        {
          send,
          ...(woodpecker === undefined ? {} : { woodpecker }),
          account: account ?? { id: 0, login: '' },
          workspace: host.facts.workspace,
          made: new Map(),
          ask: (question) => askOf(role, question, { settings, deadline }),
        },
        current,
        answers,
      );
      if (!went) break;
      // A role with many rounds has them for what gets done, not for losing the same race again and again.
      lost = results.some(({ status }) => status === 'done') ? 0 : lost + 1;
      if (round === mostRounds || lost === usualRounds) {
        const isLeft = results.some(({ status }) => status !== 'done');
        current.unsettled = isLeft && role.mustSettle?.(settings) === true;
        current.say(
          `Looked ${round} times; ${current.unsettled ? 'somebody else was always faster.' : 'the next run looks again.'}`,
        );
        break;
      }
      const ended = (status: Result['status']): Change[] =>
        changes.filter((_, index) =>
          results.some((result) => result.change === index && result.status === status),
        );
      previous = {
        state,
        done: ended('done'),
        declined: ended('declined'),
        made: { ...report.made },
        answers,
      };
    }
  } finally {
    http.close();
    ciHttp?.close();
  }
  finish(shared['dry-run'], current);
}

function askOf<S extends SharedSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  question: ModelQuestion,
  context: AskContext<S>,
): Promise<ModelAnswer> {
  if (role.ask === undefined) throw new Error(`${role.name} has no model to ask`);
  return role.ask(question, context);
}

/**
 * A secret that this run knows goes into no issue, file or question. Looked for here, where texts are still what they say:
 * in a request a file is base64, and a form of the secret in it is no longer found.
 */
function refuseSecrets(change: Change, mask: Mask): void {
  if (mask.find(JSON.stringify(change)) >= 0)
    throw new UserError(
      `${describeChange(change)} holds a secret that this run knows; it was not sent.`,
      'Take the secret out of the issue or document it stands in, and revoke it: it was already written down somewhere.',
    );
}

/** Every request of the run, counted, and in debug shown. */
function counted(send: Send, { report, debug, say }: Run): Send {
  return async (request) => {
    if (request.method === 'GET') report.requests.reads += 1;
    else report.requests.writes += 1;
    const response = await send(request);
    if (debug) say(`  ${describeRequest(request)} ${response.status}`);
    return response;
  };
}

/** Reading writes nothing: not by promise, but because it cannot. */
function readOnly(send: Send): Send {
  return (request) => {
    if (request.method !== 'GET') throw new Error(`${describeRequest(request)} while reading`);
    return send(request);
  };
}

const lookedAgain = 'Looked again: everything is as planned.';

/** The plan, before anything happens: signs, counts, and the reason of everything that is not simply kept. */
function printPlan(
  changes: Change[],
  round: number,
  dryRun: boolean,
  { host, mask, say, debug, told: toldBefore }: Run,
): void {
  const writes = changes.filter(isWrite);
  const noticed = changes.filter((change) => signOf(change) === '!');
  const isNew = (change: Change): boolean => !toldBefore.has(describeChange(change));
  const fresh = noticed.filter(isNew);
  const kept = changes.filter((change) => signOf(change) === '=');
  if (writes.length === 0 && noticed.length === 0 && !debug) {
    say(
      round > 1
        ? lookedAgain
        : `Nothing to do: ${kept.length === 0 ? 'nothing is declared' : describeKept(kept)}.`,
    );
    return;
  }
  if (round > 1 && writes.length === 0 && fresh.length === 0) {
    say(lookedAgain);
    return;
  }
  const title = `${round === 1 ? 'Plan' : `Plan, round ${round}`}: ${countChanges(changes, 'before')}${dryRun ? ' (dry run)' : ''}`;
  host.group(plain(mask.apply(title)), () => {
    for (const change of changes) {
      // What was noticed in one round is still so in the next; it is told once.
      if (noticed.includes(change) && !fresh.includes(change)) continue;
      say(`  ${signOf(change)} ${describeChange(change)}${change.why === '' ? '' : `  (${change.why})`}`);
    }
  });
  for (const change of noticed) toldBefore.add(describeChange(change));
}

function describeKept(kept: Change[]): string {
  const [only] = kept;
  return kept.length === 1 && only !== undefined
    ? describeChange(only)
    : `${kept.length} documents are as they should be`;
}

/**
 * Carries the plan out in its order. A change whose forerunner was not done is not tried; the others go on, unless
 * the failure is one that every further call would meet as well. Resolves to whether another look is worth it.
 */
async function applyAll(
  changes: Change[],
  results: Result[],
  context: ApplyContext,
  current: Run,
  answers: Record<string, ModelAnswer>,
): Promise<boolean> {
  const { report, say } = current;
  const open = new Set<string>();
  /** Keys of changes that wait for the next look: what waits for them waits as well, and is no failure. */
  const later = new Set<string>();
  let stopped = '';
  const settle = (index: number, change: Change, result: Omit<Result, 'change'>): void => {
    results.push({ change: index, ...result });
    const { status } = result;
    if (status !== 'done' && change.key !== undefined) (isSettled(status) ? later : open).add(change.key);
    say(`  ${status === 'done' ? 'ok' : status}: ${result.said}`);
  };
  for (const [index, change] of changes.entries()) {
    if (!isWrite(change)) continue;
    const waitsFor = neededKeys(change).find((key) => open.has(key));
    if (stopped !== '' || waitsFor !== undefined) {
      settle(index, change, {
        status: 'not-done',
        said: `${describeChange(change)}: ${stopped === '' ? `waits for ${waitsFor}, which was not done` : stopped}`,
      });
      continue;
    }
    const put = neededKeys(change).find((key) => later.has(key));
    if (put !== undefined) {
      settle(index, change, {
        status: 'stale',
        said: `${describeChange(change)}: put off until ${put} is looked at again`,
      });
      continue;
    }
    try {
      refuseSecrets(change, current.mask);
      const { status, said, number, id, answer } = await applyChange(change, context);
      if (change.key !== undefined) {
        context.made.set(change.key, {
          ...(number === undefined ? {} : { number }),
          ...(id === undefined ? {} : { id }),
        });
        if (number !== undefined) report.made[change.key] = number;
      }
      if (answer !== undefined && change.key !== undefined) answers[change.key] = answer;
      settle(index, change, {
        status,
        said,
        ...(number === undefined ? {} : { number }),
        ...(answer === undefined ? {} : { use: answer.use }),
      });
    } catch (error) {
      const lines = told(error);
      report.errors.push({
        message: current.mask.apply(lines[0] ?? ''),
        remedy: current.mask.apply(lines.slice(1).join('\n')),
      });
      settle(index, change, {
        status: isApiError(error, 'unknown-outcome') ? 'unknown' : 'failed',
        said: `${describeChange(change)}: ${lines.join(' ')}`,
      });
      if (!(error instanceof ApiError) || error.endsTheRun) stopped = 'the run stopped at the failure above';
    }
  }
  return results.every(({ status }) => isSettled(status));
}

/** Whether nobody has to do anything about it: the next look decides anew. */
function isSettled(status: Result['status']): boolean {
  return status === 'done' || status === 'stale' || status === 'declined';
}

/** Says one of the last lines, which the host's summary repeats. */
function sayLast({ mask, say, lastLines }: Run, line: string): void {
  lastLines.push(mask.apply(line));
  say(line);
}

/** The last lines: what was done, what was not, and what colour the run has. */
function finish(dryRun: boolean, current: Run): void {
  const { report, unsettled } = current;
  const say = (line: string): void => sayLast(current, line);
  const all = report.rounds.flatMap(({ changes, results }) =>
    results.map((result) => ({ change: changes[result.change], result })),
  );
  const done = all.flatMap(({ change, result }) =>
    change !== undefined && result.status === 'done' ? [change] : [],
  );
  const bad = all.filter(({ result }) => !isSettled(result.status));
  const faults = report.rounds.at(-1)?.changes.filter((change) => change.kind === 'refuse').length ?? 0;
  const planned = report.rounds.at(-1)?.changes.some(isWrite) === true;
  const red = bad.length > 0 || faults > 0 || unsettled;
  report.outcome = red
    ? done.length === 0 && bad.length === 0
      ? 'refused'
      : 'failed'
    : done.length > 0
      ? 'changed'
      : planned && dryRun
        ? 'planned'
        : 'unchanged';
  const numbers = Object.values(report.made);
  if (done.length > 0)
    say(
      `Done: ${countChanges(done, 'after')}.${numbers.length === 0 ? '' : ` New: ${numbers.map((number) => `#${number}`).join(', ')}.`}`,
    );
  if (planned && dryRun) say('Dry run: nothing was written.');
  if (bad.length > 0) {
    const unknown = bad.filter(({ result }) => result.status === 'unknown').length;
    say(
      `Not done: ${bad.length} of ${all.length} changes${unknown === 0 ? '' : `, of which ${unknown} with unknown outcome`}. Mend what is said above and run the role again: it does only what is missing.`,
    );
  }
  if (faults > 0)
    say(
      `${faults} ${faults === 1 ? 'fault' : 'faults'} to mend, listed above with ${faults === 1 ? 'its' : 'their'} place.`,
    );
  if (red) say('The run ends red.');
}

/** Outputs, the summary and the result file; the file appears whole or not at all. */
async function hand(
  { host, mask, report, say, lastLines }: Run,
  resultFile: string | undefined,
  workingDirectory: string,
): Promise<void> {
  const json = mask.apply(canonicalJson(report));
  host.output('outcome', report.outcome);
  host.output('result', json);
  // Indented, so that Markdown shows the lines as they are, whatever they quote.
  const shown = lastLines.map((line) => `    ${plain(line)}`).join('\n');
  await host.summary(`### forgecrew ${report.role}: ${report.outcome}\n\n${shown}\n`);
  if (resultFile === undefined) return;
  const file = path.resolve(
    host.facts.workspace === '' ? workingDirectory : host.facts.workspace,
    resultFile,
  );
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.part`, `${json}\n`);
    renameSync(`${file}.part`, file);
  } catch (error) {
    throw new UserError(
      `result-file ${resultFile} could not be written (${error instanceof Error ? error.message : String(error)}).`,
      'Name a file in a directory that the step may write to.',
    );
  }
  say(`Result written to ${resultFile}.`);
}

/** An error as lines: one that the user can fix with its remedy, ours with its causes. */
function told(error: unknown): string[] {
  if (error instanceof UserError)
    return error.remedy === '' ? [error.message] : [error.message, error.remedy];
  return [
    'forgecrew itself failed; this is a defect. Please report it with these lines:',
    ...causeChain(error).map((line) => `  ${line}`),
  ];
}
