import { ownerOf, sameLogin } from '../../core/accounts.ts';
import { agentsFolder } from '../../core/agent/manifest.ts';
import { ifThere, isApiError } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import { crewFile, parseCrewFile } from '../../core/crew-file.ts';
import { UserError } from '../../core/errors.ts';
import { findUser, isOrganisation, isSiteAdmin } from '../../core/forge/accounts.ts';
import { findBranch } from '../../core/forge/branches.ts';
import { listIssues } from '../../core/forge/issues.ts';
import { labelsOf } from '../../core/forge/labels.ts';
import { permissionOf } from '../../core/forge/people.ts';
import { getRepository, type NewOwner } from '../../core/forge/repositories.ts';
import { listSecrets } from '../../core/forge/secrets.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { findTeam } from '../../core/forge/teams.ts';
import { listTree } from '../../core/forge/trees.ts';
import { getOwnUser, type User } from '../../core/forge/users.ts';
import { askVersion } from '../../core/forge/version.ts';
import { readGround, readStanding } from '../../core/read-ground.ts';
import type { ReadContext } from '../../core/role.ts';
import { majorOf } from '../../core/version.ts';
import { findActive, listCronJobs, listPipelineSecrets } from '../../core/woodpecker/repositories.ts';
import type { WantedFile } from '../factory/layout.ts';
import { issuesTeam, staffOf } from '../factory/posts.ts';
import { protectSettings } from '../factory/protecting.ts';
import { readPlanted } from '../factory/read-planted.ts';
import { forgecrewRepo, loginsOf } from '../factory/settings.ts';
import { readRelease, readSource } from '../factory/source.ts';
import { showingIn } from '../factory/steps.ts';
import { readStore, storesOf } from '../factory/stores.ts';
import { protect } from '../protect/role.ts';
import type { settings } from './settings.ts';
import type { Account, InitSettings, InitState, Side } from './state.ts';
import { onboardingBranch, wantedOf } from './wanted.ts';

type Context = ReadContext<typeof settings, InitState>;

/** What of the factory is there already. Throws where our account may not see it. */
export function read(context: Context): Promise<InitState> {
  return readFactory(context, { branch: onboardingBranch, wanted: wantedOf });
}

/** Files that a command asks for, and the branch that asks for them where main takes no commit of ours. */
export interface Asking {
  branch: string;
  wanted: (given: InitSettings, side: Side, isOps: boolean) => WantedFile[];
}

/** The same for whoever asks for other files. */
export async function readFactory(context: Context, asking: Asking): Promise<InitState> {
  const { settings: given, send, woodpecker, now } = context;
  // What the round before was about is ours, and not what `protect` knows.
  const { previous: _, ...bare } = context;
  const account = await getOwnUser(send);
  const isAdmin = await isSiteAdmin(send);
  const staff = staffOf(given.roles, loginsOf(given));
  const source = await readSource(send, forgecrewRepo(given));
  // Where runners find no forgecrew yet, it is this one that is pushed there.
  const release = (await readRelease(send, forgecrewRepo(given), source)) ?? context.ownCommit;
  const side = (name: string, isOps: boolean): Promise<Side> =>
    readSide(context, asking, { name, account, isOps, release });
  const ops = await side(given['ops-repo'], true);
  const project = await side(given['project-repo'], false);
  const accounts: Account[] = [];
  for (const login of [...staff.map((post) => post.login), ...given.people])
    accounts.push(await readAccount(send, login, ops, project));
  const team =
    project.found !== undefined && project.owner === 'organisation'
      ? await teamOf(send, ownerOf(project.name))
      : undefined;
  // Of roles that work here already, whichever this run is about.
  const showing: string[] = [];
  for (const login of showingIn(ops.pipelines))
    if ((await findUser(send, login)) !== undefined) showing.push(login);
  const stores: InitState['stores'] = [];
  for (const store of storesOf(staff, showing))
    stores.push({
      store,
      found: await readStore(send, store, isAdmin || sameLogin(store.login, account.login)),
    });
  const id = woodpecker === undefined ? undefined : await findActive(woodpecker, ops.name);
  const base: InitState = {
    now,
    account,
    isSiteAdmin: isAdmin,
    makesTokens: isAdmin && majorOf((await askVersion(send)).version) >= 16,
    ownersMissing: await ownersMissing(send, [ops, project]),
    ops,
    project,
    accounts,
    team,
    secrets: [],
    woodpecker: undefined,
    // On Woodpecker forgecrew need not be on this forge at all: its agents have a clone.
    source: given.ci === 'forgejo' ? source : 'ready',
    stores,
    agents: ops.paths.flatMap(
      (path) => new RegExp(`^${agentsFolder}/([a-z0-9-]+)\\.toml$`).exec(path)?.[1] ?? [],
    ),
    protect: undefined,
  };
  if (ops.found === undefined) return base;
  return {
    ...base,
    secrets:
      woodpecker === undefined
        ? (await listSecrets(send, ops.name)).map(({ name }) => ({ name }))
        : id === undefined
          ? []
          : await listPipelineSecrets(woodpecker, id),
    woodpecker:
      woodpecker === undefined
        ? undefined
        : {
            id,
            isActive: id !== undefined,
            crons: id === undefined ? [] : await listCronJobs(woodpecker, id),
          },
    protect:
      given.roles.includes('vault-dispatch') && ops.main !== undefined
        ? await protect.read({ ...bare, settings: protectSettings(given, { apply: true }) })
        : undefined,
  };
}

async function readSide(
  { settings: given, send, kept }: Context,
  { branch, wanted }: Asking,
  {
    name,
    account,
    isOps,
    release,
  }: { name: string; account: User; isOps: boolean; release: string | undefined },
): Promise<Side> {
  const found = await ifThere(getRepository(send, name));
  const owner = await ownerKind(send, ownerOf(name), account);
  const bare: Side = {
    name,
    owner,
    owners: isOps && given.people.length > 0 ? await ownersOf(send, ownerOf(name), owner, account) : [],
    release,
    found,
    main: undefined,
    paths: [],
    pipelines: [],
    bots: undefined,
    labels: [],
    sharedLabels: [],
    issues: [],
    proposing: undefined,
  };
  const isShared = owner === 'organisation';
  if (found === undefined) return { ...bare, ...(await labelsOf(send, name, { isThere: false, isShared })) };
  if (found.permissions?.admin === false)
    throw new UserError(
      `The token's account does not administer ${name}, so it cannot be shown what is missing there.`,
      'Use the token of an admin of both repositories; a site admin can also make accounts and tokens.',
    );
  if (found.archived)
    throw new UserError(`${name} is archived.`, 'Unarchive it, or name another repository.');
  if (found.mirror === true)
    throw new UserError(
      `${name} is a mirror: it only follows another repository, and takes neither commits nor pull requests.`,
      'Make it a repository of its own (Settings, Mirror settings), or name another one.',
    );
  const main = await findBranch(send, name, found.default_branch);
  const isThere = found.has_issues;
  const { labels, sharedLabels } = await labelsOf(send, name, { isThere, isShared: isThere && isShared });
  // Those of everybody: whoever ran it before may have been another admin.
  const issues =
    given.example && !isOps && found.has_issues
      ? (await listIssues(send, name, { state: 'all' })).map(({ title }) => title)
      : [];
  if (main === undefined) return { ...bare, labels, sharedLabels, issues };
  const entries = await listTree(send, name, main.commit.id, { recursive: true });
  const isPipeline = /^\.(?:(?:forgejo|gitea|github)\/workflows\/.+|woodpecker\/.+|woodpecker)\.ya?ml$/;
  const snapshot = createSnapshot(send, name, kept);
  const files = isOps
    ? entries.filter(({ path, type }) => type === 'blob' && (isPipeline.test(path) || path === crewFile))
    : [];
  const contents = await snapshot.contents(files);
  const texts = files.flatMap(({ path, sha }) => {
    const blob = contents.get(sha);
    return blob?.kind === 'read' ? [{ path, text: blob.bytes.toString('utf8') }] : [];
  });
  const pipelines = texts.filter(({ path }) => path !== crewFile);
  const crew = texts.find(({ path }) => path === crewFile);
  const parsed =
    crew === undefined ? undefined : parseCrewFile(crewFile, new TextEncoder().encode(crew.text));
  const side: Side = {
    ...bare,
    main,
    labels,
    sharedLabels,
    issues,
    pipelines,
    bots: parsed?.ok === true ? parsed.document.bots : undefined,
    paths: entries.map(({ path }) => path),
  };
  if (!main.protected || main.user_can_push === true) return side;
  const ground = await readGround(send, {
    repository: name,
    branch: found.default_branch,
    account,
    from: 'branch',
    head: main.commit.id,
  });
  const standing = await readStanding(
    send,
    ground,
    branch,
    wanted(given, side, isOps).map(({ path }) => path),
  );
  return { ...side, proposing: { ground, standing, planted: await readPlanted(send, ground, standing) } };
}

/** The team of those who may write issues alone, which only members of the organisation are told of. */
async function teamOf(send: Send, organisation: string): Promise<InitState['team']> {
  try {
    return await findTeam(send, organisation, issuesTeam);
  } catch (error) {
    if (isApiError(error, 'permission', 'scope')) return 'hidden';
    throw error;
  }
}

/** Who owns what an owner has: the account itself, or the people of an organisation who do. */
async function ownersOf(send: Send, owner: string, kind: NewOwner, account: User): Promise<string[]> {
  if (kind !== 'organisation') return [owner];
  try {
    // The forge makes this team with every organisation.
    return (await findTeam(send, owner, 'Owners'))?.members ?? [];
  } catch (error) {
    if (isApiError(error, 'permission', 'scope')) return [account.login];
    throw error;
  }
}

async function ownerKind(send: Send, owner: string, account: User): Promise<NewOwner> {
  if (sameLogin(owner, account.login)) return 'own';
  return (await isOrganisation(send, owner)) ? 'organisation' : 'account';
}

/** Whom nothing can be made for. */
async function ownersMissing(send: Send, sides: readonly Side[]): Promise<string[]> {
  const asked = sides
    .filter(({ found, owner }) => found === undefined && owner === 'account')
    .map(({ name }) => ownerOf(name));
  const missing: string[] = [];
  for (const owner of new Set(asked)) if ((await findUser(send, owner)) === undefined) missing.push(owner);
  return missing;
}

async function readAccount(send: Send, login: string, ops: Side, project: Side): Promise<Account> {
  const exists = (await findUser(send, login)) !== undefined;
  const ask = async ({ found, name }: Side): Promise<string | undefined> =>
    !exists || found === undefined ? undefined : permissionOf(send, name, login);
  return { login, exists, ops: await ask(ops), project: await ask(project) };
}
