import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { recordOf } from '../../actions/forge-agent/finish.ts';
import { plan } from '../../actions/forge-agent/plan.ts';
import { forgeAgent } from '../../actions/forge-agent/role.ts';
import { type AgentSettings, uidsOf } from '../../actions/forge-agent/settings.ts';
import type { Candidate, LookingState } from '../../actions/forge-agent/state.ts';
import { branchOf, runKey } from '../../actions/forge-agent/text.ts';
import { possibleIsolation } from '../../core/agent/cell/possible-isolation.ts';
import { type Declared, declaredAt } from '../../core/agent/declared.ts';
import { parseEntry, usualStateRepo } from '../../core/agent/entry.ts';
import { agentOf } from '../../core/agent/manifest.ts';
import type { AgentOutcome } from '../../core/agent/outcome.ts';
import type { RunRecord } from '../../core/agent/run-record.ts';
import type { Send } from '../../core/api/send.ts';
import { type Change, describeChange } from '../../core/change.ts';
import { formatFault, UserError } from '../../core/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { surroundingsOf } from '../../core/host/surroundings.ts';
import { terminal } from '../../core/host/terminal.ts';
import { createMask } from '../../core/mask.ts';
import { isWrite } from '../../core/plan.ts';
import type { Result } from '../../core/report.ts';
import { openServers } from '../../core/servers.ts';
import { parseSettings } from '../../core/settings.ts';
import { plain, plainJson } from '../../core/text/log-line.ts';
import { openWorks, type Works } from '../../core/works.ts';
import { readGivenIssue } from './given-issue.ts';

export interface TryOptions {
  agent: string;
  /** As owner/name#number, or a number in `project-repo`. */
  issue: string;
  profile: string | undefined;
  /** Where the work is written to; absent: a name made of agent and issue, in the current folder. */
  patch: string | undefined;
  /** The record of the run is printed as JSON; everything else goes to the log then. */
  json: boolean;
  /** Settings of forge-agent, by their names. */
  settings: Record<string, string | undefined>;
  environment: Record<string, string | undefined>;
  folder: string;
}

export interface TryOutput {
  /** A line of what happens. */
  log(line: string): void;
  /** A line of the result. */
  print(line: string): void;
}

/**
 * Runs one agent on one issue on this machine, as forge-agent would: the same clone, isolation, search for secrets, setup, agent
 * and checks. Nothing is written on the forge; what would be is shown, and the work is a file. Resolves to whether the agent
 * called its work a success and its checks passed.
 */
export async function tryAgent(options: TryOptions, { log, print }: TryOutput): Promise<boolean> {
  const { repository, number } = issueOf(options);
  const file = path.resolve(options.folder, options.patch ?? `${options.agent}-${number}.patch`);
  if (existsSync(file))
    throw new UserError(`${file} is there already.`, 'Move it away, or name another file with --patch.');
  const mask = createMask();
  const say = (line: string): void => log(plain(mask.apply(line)));
  const { host, settings: given } = settingsOf(options, { repository, number });
  const cells = mkdtempSync(path.join(tmpdir(), 'forgecrew-cells-'));
  const settings: AgentSettings = { ...given, 'agent-folder': cells };
  for (const secret of [settings['forge-token'], settings['engine-key']])
    if (secret !== undefined) mask.add(secret);
  const servers = openServers(settings, {
    host,
    mask,
    report: { requests: { reads: 0, writes: 0 } },
    isDebug: false,
    say,
    surroundings: surroundingsOf(options.environment),
    deadline: Date.now() + settings.deadline,
    clock: Date.now,
  });
  const works = openWorks({ path: options.environment.PATH ?? '', forge: servers.forge });
  const clock = interruptible(say);
  try {
    const subject = await readSubject(servers.reading.send, settings, { options, repository, number });
    const run = runOf(settings, subject);
    if (forgeAgent.runAgent === undefined) throw new Error('forge-agent runs no agents');
    const outcome = await forgeAgent.runAgent(run, {
      settings,
      facts: host.facts,
      send: servers.reading.send,
      write: async (changes) => changes.map((change, index) => shown(change, index, say)),
      mask,
      say,
      clock: clock.now,
      deadline: Date.now() + settings.deadline,
      programs: { path: options.environment.PATH ?? '', home: options.environment.HOME },
      works,
      connection: servers.forge.connection ?? {},
      automaticTokens: [],
    });
    if (clock.isInterrupted()) {
      say('Interrupted: the agent was ended, and nothing of it was kept.');
      return false;
    }
    for (const line of outcomeLines(outcome)) say(line);
    await keepPatch(works, { run, outcome, file, say });
    if (options.json)
      for (const line of plainJson(recordIn(settings, subject, run, outcome)).split('\n'))
        print(mask.apply(line));
    return outcome.signal?.status === 'success' && outcome.work.kind !== 'refused' && hasPassed(outcome);
  } finally {
    clock.stop();
    works.close();
    servers.close();
    rmSync(cells, { recursive: true, force: true });
  }
}

function issueOf({ issue, settings }: TryOptions): { repository: string; number: number } {
  const [, repository = settings['project-repo'], number] =
    /^(?:([^\s#]+\/[^\s#]+)#|#)?([1-9]\d{0,8})$/.exec(issue) ?? [];
  if (number === undefined)
    throw new UserError(
      'The issue cannot be read.',
      'Name it as owner/name#12, or as a number with --project-repo.',
    );
  if (repository === undefined)
    throw new UserError(`The repository of issue ${number} is missing.`, 'Give --project-repo.');
  return { repository, number: Number(number) };
}

/** The role's own settings, so that a try is held to what a run is held to. */
function settingsOf(
  { settings, environment, folder }: TryOptions,
  { repository, number }: { repository: string; number: number },
): { host: ReturnType<typeof terminal>; settings: AgentSettings } {
  const given = {
    ...settings,
    'project-repo': repository,
    issue: String(number),
  };
  const args = Object.entries(given).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`--${name}=${value}`],
  );
  const { FORGECREW_FORGE_TOKEN, FORGECREW_ENGINE_KEY } = environment;
  const host = terminal({ FORGECREW_FORGE_TOKEN, FORGECREW_ENGINE_KEY }, args, folder, () => undefined);
  return { host, settings: parseSettings(forgeAgent, host) };
}

/** What is tried: the state as the role would have it if somebody had just given the issue to the agent. */
interface Subject {
  state: LookingState;
  candidate: Candidate;
  declared: Declared & { kind: 'agent' };
  profile: string | null;
}

async function readSubject(
  send: Send,
  settings: AgentSettings,
  given: { options: TryOptions; repository: string; number: number },
): Promise<Subject> {
  const { agent, profile = null } = given.options;
  const ops = await getRepository(send, settings['ops-repo']);
  const head = await getBranch(send, ops.full_name, settings['ops-branch'] ?? ops.default_branch);
  const all = await declaredAt(createSnapshot(send, ops.full_name, new Map()), head.commit.id);
  const found = all.find((item) => (item.kind === 'agent' ? item.manifest.name : item.name) === agent);
  if (found === undefined)
    throw new UserError(`${ops.full_name} declares no agent ${agent}: there is no agents/${agent}.toml.`);
  if (found.kind === 'faulty')
    throw new UserError(
      `The manifest of ${agent} cannot be read:\n${found.faults.map(formatFault).join('\n')}`,
    );
  // One that is not enabled yet is what somebody wants to try.
  const declared = { ...found, manifest: { ...found.manifest, enabled: true } };
  const now = new Date().toISOString();
  const account = await getExpectedUser(send, settings['forge-login']);
  const candidate = await readGivenIssue(send, settings, {
    repository: given.repository,
    number: given.number,
    agent,
    profile,
    own: account.login,
    now,
  });
  const state: LookingState = {
    kind: 'looking',
    now,
    account,
    declared: [declared],
    stateRepo: {
      repository: usualStateRepo(account.login),
      branch: 'main',
      // Nothing is written there: any commit does.
      commit: head.commit.id,
      hasCi: false,
    },
    runUrl: null,
    host: 'terminal',
    run: null,
    nonce: randomBytes(16).toString('hex'),
    tried: (await possibleIsolation(uidsOf(settings), settings['agent-folder'])).tried,
    hasWorked: false,
    running: [],
    handed: [],
    frozen: [],
    candidates: [candidate],
    lingering: [],
    unseen: 0,
    looked: [],
    troubled: [],
    unlabelled: [],
    mine: null,
  };
  return { state, candidate, declared, profile };
}

/** The very change that the role would plan. Throws, with the role's own words, where it would not take the issue. */
function runOf(settings: AgentSettings, { state }: Subject): Change<'run-agent'> {
  const changes = plan(settings, state);
  const run = changes.find((change) => change.kind === 'run-agent');
  if (run === undefined)
    throw new UserError(
      changes
        .filter((change) => !isWrite(change))
        .map(describeChange)
        .join('\n'),
    );
  return { ...run, label: null };
}

/** A write, shown and answered as done: the agent goes on as it would. */
function shown(change: Change, index: number, say: (line: string) => void): Result {
  // That it is still at work is kept nowhere here.
  if (change.kind !== 'write-files') {
    say(`Only shown, not written on the forge: ${describeChange(change)}`);
    const text =
      change.kind === 'comment'
        ? change.text
        : change.kind === 'update-sections'
          ? change.sections.map(({ content }) => content).join('\n')
          : '';
    for (const line of text.split('\n')) if (line !== '') say(`    ${line}`);
  }
  return { change: index, status: 'done', said: describeChange(change) };
}

function hasPassed({ checks }: AgentOutcome): boolean {
  return checks.every(({ code }) => code === 0);
}

function outcomeLines({ said, signal, work, models, checks }: AgentOutcome): string[] {
  return [
    `It ended: ${said}.`,
    ...(signal === null ? [] : signal.summary.split('\n').map((line) => `    ${line}`)),
    ...(models === null
      ? []
      : [
          `Models: ${models.calls} calls, ${models.inputTokens} tokens in, ${models.outputTokens} out${models.cost === null ? '' : `, cost ${models.cost.toFixed(4)}`}.`,
        ]),
    ...(work.kind === 'refused' ? ['forge-agent would refuse this work, and comment why.'] : []),
    ...(checks.some(({ code }) => code !== 0) ? ['Not all checks passed.'] : []),
  ];
}

async function keepPatch(
  works: Works,
  {
    run,
    outcome,
    file,
    say,
  }: { run: Change<'run-agent'>; outcome: AgentOutcome; file: string; say: (line: string) => void },
): Promise<void> {
  const folder = works.folders.get(runKey);
  if (outcome.work.kind !== 'work' || folder === undefined) return;
  const git = await works.git();
  const { commit } = outcome.work;
  const stat = await git.run(folder, {
    args: ['diff', '--stat=100', '--no-ext-diff', '--no-textconv', '--end-of-options', run.base, commit],
  });
  const patch = await git.run(folder, {
    args: [
      ...['format-patch', '--stdout', '--binary', '--no-ext-diff', '--no-textconv', '--no-signature'],
      ...['--end-of-options', `${run.base}..${commit}`],
    ],
    mostBytes: 512 * 1024 * 1024,
  });
  // Never in the place of a file that came there meanwhile, and not through a link.
  writeFileSync(file, patch, { flag: 'wx', mode: 0o644 });
  for (const line of stat.toString('utf8').trimEnd().split('\n')) say(`  ${line}`);
  say(`The work is in ${file}. Look at it, and apply it with: git am ${path.basename(file)}`);
}

/** The record that the role would keep. */
function recordIn(
  settings: Pick<AgentSettings, 'ops-repo'>,
  { state, candidate, declared, profile }: Subject,
  run: Change<'run-agent'>,
  outcome: AgentOutcome,
): RunRecord | undefined {
  const parsed = parseEntry(Buffer.from(run.entry.text, 'utf8'));
  const agent = agentOf(declared.manifest, profile);
  if (!parsed.ok || agent === undefined) throw new Error('what was just made cannot be read');
  const { entry } = parsed;
  const branch = branchOf(entry.issue_number, entry.slug);
  // It is a try of its own: it follows no round, and none follows it.
  return recordOf(settings, state, { entry, candidate, declared, agent, previous: null, branch }, outcome);
}

/** A clock by which every time is over once the person interrupts: so that the agent is ended as at its time limit, and nothing of it is left. */
function interruptible(say: (line: string) => void): { now(): Date; isInterrupted(): boolean; stop(): void } {
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
    say('Interrupted. The agent and all that it started are being ended ...');
  };
  // Once: who interrupts again does not want to wait for that.
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  return {
    now: () => new Date(Date.now() + (isInterrupted ? 100 * 86_400_000 : 0)),
    isInterrupted: () => isInterrupted,
    stop() {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
