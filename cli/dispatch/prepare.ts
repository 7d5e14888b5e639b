import { randomBytes } from 'node:crypto';
import { plan } from '../../actions/forge-agent/plan.ts';
import { forgeAgent } from '../../actions/forge-agent/role.ts';
import { type AgentSettings, uidsOf } from '../../actions/forge-agent/settings.ts';
import type { LookingState } from '../../actions/forge-agent/state.ts';
import { possibleIsolation } from '../../core/agent/cell/possible-isolation.ts';
import { type Entry, entryPath, entryText, nameOf, runningPath } from '../../core/agent/entry.ts';
import type { Tried } from '../../core/agent/isolation-for.ts';
import { entryOfRun } from '../../core/agent/start-point.ts';
import type { Send } from '../../core/api/send.ts';
import { type Change, describeChange } from '../../core/change.ts';
import { UserError } from '../../core/errors.ts';
import { blobId } from '../../core/forge/blobs.ts';
import type { User } from '../../core/forge/users.ts';
import { terminal } from '../../core/host/terminal.ts';
import { isWrite } from '../../core/plan.ts';
import { parseSettings } from '../../core/settings.ts';
import { readGivenIssue } from '../agents/given-issue.ts';
import type { DeclaredAgent } from './agents.ts';
import type { DispatchConfig } from './config.ts';
import { refOf } from './entry.ts';
import { type Hold, holderText } from './hold.ts';
import { hasScreen, type Order } from './order.ts';

/** What forge-agent would do for the issue, made ready to be done here. */
export interface Prepared {
  settings: AgentSettings;
  run: Change<'run-agent'>;
  /** Takes the issue in the state repo; `null` where there is none. */
  claim: {
    change: Change<'write-files'>;
    held: Hold['running'] & object;
    stateRepo: Hold['stateRepo'];
  } | null;
}

/** The settings of forge-agent for a dispatch, so that it is held to what a run is held to. */
export function settingsFor(
  config: DispatchConfig,
  order: Order,
  given: { token: string | undefined; engineKey: string | undefined; minutes: number },
): AgentSettings {
  const repository = `${order.place.owner}/${order.place.repo}`;
  const options: Record<string, string | undefined> = {
    // Without a state repo nothing of an issue on GitHub is asked of the forge, and there may be none.
    'forge-url': given.token === undefined ? `https://${order.place.host}` : config.forge,
    // Nothing is read there: the manifests are of this machine.
    'ops-repo': repository,
    'project-repo': repository,
    issue: String(order.place.number),
    'label-prefix': config.labelPrefix,
    'state-repo': config.stateRepo,
    'engine-url': config.engine.url,
    'engine-api': config.engine.api,
    'allow-unisolated': String(order.trustMe),
    deadline: `${given.minutes}m`,
  };
  const args = Object.entries(options).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`--${name}=${value}`],
  );
  const environment = { FORGECREW_FORGE_TOKEN: given.token ?? 'none', FORGECREW_ENGINE_KEY: given.engineKey };
  return parseSettings(
    forgeAgent,
    terminal(environment, args, '/', () => undefined),
  );
}

/** What isolates here, as the order lets it count. */
export async function isolationHere(settings: AgentSettings, { trustMe }: Order): Promise<Tried[]> {
  if (trustMe) return [{ isolation: 'none', works: true, why: '' }];
  return (await possibleIsolation(uidsOf(settings))).tried;
}

/** Lets forge-agent itself decide and plan: the claim, the prompt and the run are its own. Throws where it would not take the issue. */
export async function prepare(
  order: Order,
  given: {
    send: Send;
    settings: AgentSettings;
    account: User;
    declared: DeclaredAgent;
    hold: Hold | null;
    tried: Tried[];
    host: string;
    now: string;
  },
): Promise<Prepared> {
  const { send, settings, account, declared, hold, tried, host, now } = given;
  const { owner, repo, number } = order.place;
  const candidate = await readGivenIssue(send, settings, {
    repository: `${owner}/${repo}`,
    number,
    agent: order.agent,
    profile: order.profile,
    own: account.login,
    now,
  });
  const state: LookingState = {
    kind: 'looking',
    now,
    account,
    declared: [{ ...declared, prompt: ownPrompt(declared.prompt, order) }],
    stateRepo: hold?.stateRepo ?? {
      repository: `${account.login}/none`,
      branch: 'main',
      // Nothing is written there: any commit does.
      commit: candidate.base,
      hasCi: false,
    },
    runUrl: null,
    host: 'terminal',
    run: null,
    nonce: randomBytes(16).toString('hex'),
    tried,
    hasWorked: false,
    running: hold?.running == null ? [] : [{ ...hold.running, entry: withoutPlatform(hold.running.entry) }],
    frozen: [],
    candidates: [
      {
        ...candidate,
        // Whoever types the command asks for it now, whatever came before.
        updatedAt: now,
        entry:
          hold?.entry != null && 'entry' in hold.entry
            ? { ...hold.entry, entry: withoutPlatform(hold.entry.entry) }
            : (hold?.entry ?? null),
        over: hold?.running?.over ?? null,
      },
    ],
    lingering: [],
    unseen: 0,
    looked: [],
    troubled: [],
    unlabelled: [],
    handed: [],
    mine: null,
  };
  const changes = plan(settings, state);
  const planned = changes.find((change) => change.kind === 'run-agent');
  const claim = changes.find((change) => change.kind === 'write-files' && change.key === 'claim');
  if (planned === undefined || claim?.kind !== 'write-files') throw refusal(order, changes, hold);
  return prepared(order, { settings, run: planned, claim, hold, host });
}

function prepared(
  order: Order,
  given: {
    settings: AgentSettings;
    run: Change<'run-agent'>;
    claim: Change<'write-files'>;
    hold: Hold | null;
    host: string;
  },
): Prepared {
  const { settings, run, claim, hold, host } = given;
  const { platform } = order.place;
  // Whoever finds the issue taken reads where.
  const entry: Entry = {
    ...entryOfRun(run),
    ...(platform === 'github' ? { platform } : {}),
    why: `claimed by a ${order.mode} dispatch on ${host}`.slice(0, 1000),
  };
  const text = entryText(entry);
  const planned = nameOf(entryOfRun(run));
  const name = nameOf(entry);
  const placed = (path: string): string =>
    path === entryPath(planned) ? entryPath(name) : path === runningPath(planned) ? runningPath(name) : path;
  const hasLabel = order.labels.includes(`${settings['label-prefix']}:${order.agent}`);
  const own: Change<'run-agent'> = {
    ...run,
    // Nobody gave it by a label that is not there, so none can be taken off.
    label: hasLabel ? run.label : null,
    entry: { ...run.entry, path: entryPath(name), text },
  };
  if (hold === null) return { settings, run: own, claim: null };
  const change = {
    ...claim,
    files: claim.files.map((file) => ({
      ...file,
      path: placed(file.path),
      ...(file.path === entryPath(planned) ? { content: text } : {}),
    })),
  };
  const mark = change.files.find(({ path }) => path === runningPath(name));
  if (mark === undefined) throw new Error('a claim without its mark');
  const { commit } = hold.stateRepo;
  return {
    settings,
    run: own,
    claim: {
      change,
      held: { entry, sha: blobId(text, commit), markSha: blobId(mark.content, commit), over: null },
      stateRepo: hold.stateRepo,
    },
  };
}

/** An entry as forge-agent plans with it: it knows no other place than the forge. Where it is written, `prepared` says again. */
function withoutPlatform({ platform: _, ...entry }: Entry): Entry {
  return entry;
}

/** Why forge-agent does not take it, in its own words, and who has it. */
function refusal({ place }: Order, changes: readonly Change[], hold: Hold | null): UserError {
  const entry = hold?.entry != null && 'entry' in hold.entry ? hold.entry.entry : undefined;
  const why = changes
    .filter((change) => !isWrite(change))
    .map(describeChange)
    .join(' ');
  if (entry?.status === 'running')
    return new UserError(
      `${refOf(place)} is taken: ${holderText(entry)}.`,
      'Wait until that is over, or take its label off to call it off.',
    );
  if (entry?.status === 'frozen')
    return new UserError(
      `${refOf(place)} is not dispatched: its agent ${entry.agent_name} is frozen, and waits for a review.`,
      'Ask it for another round with forgecrew agents wake.',
    );
  return new UserError(
    `${refOf(place)} is not dispatched: ${why === '' ? 'forge-agent would not take it' : why}`,
  );
}

/** What the worker is told beside the issue and the rules of forge-agent. */
function ownPrompt(manifest: string, { mode, prompt }: Order): string {
  return [
    manifest.trim(),
    'A person has dispatched you from their own machine. Before you change files, claim them with claim_paths, so that no other worker changes them as well.',
    ...(mode === 'consult'
      ? [
          'The person sits at your screen. Bring every judgement call up with them before you act on it; do the rest by yourself.',
        ]
      : mode === 'watch'
        ? ['The person may watch your screen. Work by yourself, and ask only what nobody else can answer.']
        : ['Nobody watches your screen, and nobody answers there.']),
    ...(mode === 'cascade'
      ? [
          'Where a part of the work is another open issue, you may let another worker begin on it with dispatch_worker.',
        ]
      : []),
    ...(prompt === null ? [] : [prompt]),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

/** How long it may take at most: a person at a screen may take a day. */
export function mostMinutes(order: Order, timeoutMinutes: number): number {
  return hasScreen(order) ? 24 * 60 : timeoutMinutes + 30;
}
