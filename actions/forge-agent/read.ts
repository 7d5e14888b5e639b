import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Declared, declaredAt } from '../../core/agent/declared.ts';
import { repositoryOf, usualStateRepo } from '../../core/agent/entry.ts';
import type { Tried } from '../../core/agent/isolation-for.ts';
import { agentsFolder, parseManifest } from '../../core/agent/manifest.ts';
import { readOver } from '../../core/agent/over.ts';
import { readMarked, stateFiles, stateTrouble } from '../../core/agent/state-files.ts';
import { alone, ifThere } from '../../core/api/errors.ts';
import { once } from '../../core/api/once.ts';
import { documentName } from '../../core/document-name.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import { createSnapshot, type Snapshot } from '../../core/forge/snapshot.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { readOpsFolder } from '../../core/ops-folder.ts';
import { createPeople } from '../../core/vault/read-rights.ts';
import { createPlaces } from './places.ts';
import { type Ground, readCandidates } from './read-candidates.ts';
import { readFanOut } from './read-fan-out.ts';
import { readMine } from './read-mine.ts';
import { awaitHandedOver, readHanded, readServing, workflowOf } from './read-steps.ts';
import { isInSteps } from './settings.ts';
import type { AgentState, Context, FrozenIssue, LookingState, RunningIssue, SeenState } from './state.ts';

export async function read(context: Context): Promise<AgentState> {
  const { settings, send, facts, now, kept, previous } = context;
  if (facts.isPullRequest) return { kind: 'local', now, declared: await readLocal(context) };
  const account = await once(kept, 'account', () => getExpectedUser(send, settings['forge-login']));
  const before = previous?.state.kind === 'looking' ? previous.state : undefined;
  const declared = before?.declared ?? (await readDeclared(context));
  const repository = settings['state-repo'] ?? usualStateRepo(account.login);
  const home = await ifThere(getRepository(send, repository));
  const trouble = home === undefined ? 'missing' : stateTrouble(repository, home);
  if (home === undefined || trouble !== undefined)
    return { kind: 'unready', now, account, repository, trouble: trouble ?? 'missing' };
  const start = { account, declared, repository, home };
  switch (settings.mode) {
    case 'work':
      return readLooking(context, start);
    case 'prepare':
      return readLooking({ ...context, kept: inContainer(kept) }, start);
    case 'serve':
      return readServing(context, await readSeen(context, start));
    case 'finish':
      return readFinishing(context, start);
    case 'fan-out': {
      const { base, ground } = await readSeen(context, start);
      return readFanOut(context, base, ground, await readFrozen(ground));
    }
  }
}

/** Where the agent works in a step of its own, nothing has to be tried on this machine; what it runs in is seen when it comes. */
function inContainer(kept: Context['kept']): Context['kept'] {
  const tried: Tried[] = [{ isolation: 'container', works: true, why: '' }];
  return kept.set('isolation', Promise.resolve(tried));
}

/** The issue that an earlier step of this pipeline has claimed, once the step that serves has handed over what came of it. */
async function readFinishing(context: Context, start: Start): Promise<LookingState> {
  const { base, ground, own, handed } = await awaitHandedOver(context, () => readSeen(context, start));
  if (own === undefined) return { ...base, ...nothingLooked, mine: null };
  const held = { ...base, nonce: own.entry.lease.id };
  return { ...held, ...nothingLooked, mine: await readMine(context, held, own, ground, handed) };
}
/** What every look starts from. */
interface Start {
  account: User;
  declared: Declared[];
  /** The state repo. */
  repository: string;
  home: Repository;
}

/** What there is to do, as our account sees it with the state that is kept in a repository. */
export async function readLooking(context: Context, start: Start): Promise<LookingState> {
  const { base, ground } = await readSeen(context, start);
  const own = base.running.find(({ entry }) => entry.lease.id === base.nonce);
  if (own !== undefined)
    return {
      ...base,
      ...nothingLooked,
      mine: await readMine(context, base, own, ground, await readHanded({ base, ground }, own)),
    };
  // One run works on one issue: what else waits is for the next one.
  if (base.hasWorked) return { ...base, ...nothingLooked, mine: null };
  const frozen = await readFrozen(ground);
  return { ...base, frozen, ...(await readCandidates(context, base, ground)), mine: null };
}

async function readSeen(
  context: Context,
  { account, declared, repository, home }: Start,
): Promise<{ base: SeenState; ground: Ground }> {
  const { settings, send, facts, now, previous, kept } = context;
  const before = previous?.state.kind === 'looking' ? previous.state : undefined;
  const { commit } = await getBranch(send, repository, home.default_branch);
  const stateRepo = {
    repository,
    branch: home.default_branch,
    commit: commit.id,
    hasCi: home.has_actions === true,
  };
  const snapshot = createSnapshot(send, repository, kept);
  const running = await readRunning(context, snapshot, commit.id);
  const places = createPlaces(context);
  const nonce =
    before?.nonce ??
    (previous?.state.kind === 'fan-out' ? previous.state.nonce : undefined) ??
    randomBytes(16).toString('hex');
  const people = await once(kept, 'people', async () => createPeople(send));
  const base: SeenState = {
    kind: 'looking',
    now,
    account,
    declared,
    stateRepo,
    runUrl: facts.runUrl ?? null,
    host:
      facts.run === undefined
        ? 'terminal'
        : facts.run.backend === 'forgejo-workflow'
          ? 'forgejo-actions'
          : 'woodpecker',
    run:
      facts.run === undefined || facts.repository === undefined
        ? null
        : {
            backend: facts.run.backend,
            repository: facts.repository,
            id: facts.run.id,
            ...(settings.mode === 'prepare' ? { workflow: workflowOf(facts.run) } : {}),
          },
    nonce,
    running,
    handed:
      isInSteps(settings) || running.some(({ entry }) => entry.prepared !== undefined)
        ? await stateFiles(snapshot, commit.id, 'handed')
        : [],
    hasWorked: before !== undefined && (before.mine !== null || before.hasWorked),
  };
  return { base, ground: { snapshot, commit: commit.id, people, places } };
}

const nothingLooked: Omit<LookingState, keyof SeenState | 'mine'> = {
  frozen: [],
  tried: [],
  candidates: [],
  lingering: [],
  unseen: 0,
  looked: [],
  troubled: [],
  unlabelled: [],
};

/** Every manifest at the ops repo's branch, each with its prompt. */
async function readDeclared({ settings, send, kept, opsHead }: Context): Promise<Declared[]> {
  const ops = settings['ops-repo'];
  const snapshot = createSnapshot(send, ops, kept);
  if (opsHead !== undefined) return declaredAt(snapshot, opsHead);
  const branch = settings['ops-branch'] ?? (await getRepository(send, ops)).default_branch;
  return declaredAt(snapshot, (await getBranch(send, ops, branch)).commit.id);
}

/** The manifests of a pull request's checkout, for its own pipeline. */
async function readLocal({ settings, facts, send, kept }: Context): Promise<Declared[]> {
  if (!existsSync(path.resolve(facts.workspace, agentsFolder))) return [];
  const { files } = await readOpsFolder({
    send,
    facts,
    ops: undefined,
    branch: settings['ops-branch'],
    folder: agentsFolder,
    extension: '.toml',
    kept,
  });
  return files.map(({ file, bytes }): Declared => {
    const parsed = parseManifest(file, bytes);
    return parsed.ok
      ? { kind: 'agent', file, manifest: parsed.document, blob: '', prompt: '', promptFile: null }
      : { kind: 'faulty', file, name: documentName(file), faults: parsed.faults };
  });
}

/** Every issue that the state repo says is worked on. */
async function readRunning(context: Context, snapshot: Snapshot, commit: string): Promise<RunningIssue[]> {
  const marked = await readMarked(snapshot, commit, 'running');
  return Promise.all(marked.map(async (item) => ({ ...item, over: await readOver(context, item.entry) })));
}

/** Every issue whose agent is frozen, and what became of its pull request. */
async function readFrozen({ snapshot, commit, places }: Ground): Promise<FrozenIssue[]> {
  const frozen: FrozenIssue[] = [];
  for (const item of await readMarked(snapshot, commit, 'frozen')) {
    const { pr_number: number } = item.entry;
    const { value = null } =
      number === null ? {} : await alone(() => places.closedPull(repositoryOf(item.entry), number));
    frozen.push({ ...item, closed: value });
  }
  return frozen;
}
