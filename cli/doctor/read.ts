import { ownerOf, sameRepository } from '../../core/accounts.ts';
import { agentsFolder, parseManifest } from '../../core/agent/manifest.ts';
import { ifThere, isApiError } from '../../core/api/errors.ts';
import type { Kept } from '../../core/api/once.ts';
import type { Send } from '../../core/api/send.ts';
import { crewFile, parseCrewFile } from '../../core/crew-file.ts';
import { UserError } from '../../core/errors.ts';
import {
  findUser,
  isOrganisation,
  isSiteAdmin,
  listOwnTokens,
  listTokensOf,
  type Token,
} from '../../core/forge/accounts.ts';
import { findBranch } from '../../core/forge/branches.ts';
import { labelsOf } from '../../core/forge/labels.ts';
import { permissionOf } from '../../core/forge/people.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { waitingRuns } from '../../core/forge/runs.ts';
import { listSecrets } from '../../core/forge/secrets.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { findTeam } from '../../core/forge/teams.ts';
import { isFile, listTree } from '../../core/forge/trees.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import { askVersion } from '../../core/forge/version.ts';
import type { ReadContext } from '../../core/role.ts';
import { majorOf } from '../../core/version.ts';
import { pipelinesSince } from '../../core/woodpecker/history.ts';
import { findActive, listCronJobs, listPipelineSecrets } from '../../core/woodpecker/repositories.ts';
import { auditToken, issuesTeam, secretName, staffOf } from '../factory/posts.ts';
import { protectSettings } from '../factory/protecting.ts';
import { forgecrewRepo, loginsOf } from '../factory/settings.ts';
import { readRelease, readSource } from '../factory/source.ts';
import { readStore, storesOf } from '../factory/stores.ts';
import { namedIn, tokenName } from '../factory/tokens.ts';
import { protect } from '../protect/role.ts';
import { detailArguments, parseDockerUse, summaryArguments } from './docker-df.ts';
import { type Asked, follow, known, type Unknown, unknown } from './finding.ts';
import type { Machine } from './machine.ts';
import type {
  AccountState,
  CertificateState,
  DoctorSettings,
  DoctorState,
  GroundState,
  SideState,
  TokenState,
  WaitingState,
} from './state.ts';

/** What the doctor asks with: its own token, and those of the accounts that were given, by login. */
export interface Senders {
  send: Send;
  woodpecker: Send | undefined;
  /** With the end of each token, by which the forge's list names it. */
  ofAccounts: Map<string, { send: Send; end: string }>;
  audit: { send: Send; end: string } | undefined;
  /** Until when the certificate of a server is valid, in ISO 8601. */
  certificateExpiry(url: URL): Promise<string>;
  /** The machine that this runs on, where it is to be looked at. */
  machine: Machine | undefined;
}

/** What a question was answered, or why it was not. What the forge refuses to say is never taken for an answer. */
export async function ask<T>(question: () => Promise<T>): Promise<Asked<T>> {
  try {
    return known(await question());
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (!isApiError(error)) return unknown(error.message);
    const { ofAccount, renamedTo, message, remedy } = error;
    // In the same words whatever was asked: it is one reason, and there is one thing to do about it.
    if (ofAccount !== undefined)
      return {
        ...unknown(`the forge lets the account of this token do nothing. ${ofAccount}`),
        mend: remedy,
      };
    return renamedTo === undefined ? unknown(message) : { ...unknown(message), mend: remedy, renamedTo };
  }
}

/** What is asked next, where the answer before it is known. */
function then<T, U>(before: Asked<T>, question: (value: T) => Promise<U>): Promise<Asked<U>> {
  return before.kind === 'known' ? ask(() => question(before.value)) : Promise.resolve(before);
}

/** Looks at a whole factory by reading alone. Throws only for defects of ours. */
export async function read(
  { send, woodpecker, ofAccounts, audit, certificateExpiry, machine }: Senders,
  given: DoctorSettings,
  now: () => Date,
): Promise<DoctorState> {
  const kept: Kept = new Map();
  const staff = staffOf(given.roles, loginsOf(given));
  const told = await ask(() => askVersion(send));
  const skew =
    told.kind === 'known' && told.value.date !== undefined
      ? known(Math.round((Date.parse(told.value.date) - now().getTime()) / 1000))
      : unknown(told.kind === 'unknown' ? told.why : 'the forge does not say what time it is');
  const isAdmin = await ask(() => isSiteAdmin(send));
  const seesAll = isAdmin.kind === 'known' && isAdmin.value;
  const ops = await readSide(send, given['ops-repo'], { kept, seesAll });
  const project = await readSide(send, given['project-repo'], { kept, seesAll });
  const agents = ops.texts.kind === 'known' ? known(agentsIn(ops.texts.value)) : ops.texts;
  const others = new Map<string, GroundState>();
  for (const name of otherProjects(given, ops, agents))
    others.set(name, await readGroundOf(send, name, { kept, seesAll }));
  const own = await ask(() => getOwnUser(send));
  const looked: { login: string; secret: string; account: Omit<AccountState, 'token'> }[] = [];
  for (const { login, secret } of staff)
    looked.push({ login, secret, account: await readAccount(send, login, { ops, project, seesAll }) });
  const { made: tokensMade, under } = await readTokensMade(send, given, {
    isAdmin: seesAll,
    version: told.kind === 'known' ? told.value.version : '',
    own: own.kind === 'known' ? own.value.login : '',
    existsOf: (login) =>
      looked.find((item) => item.login === login)?.account.exists ?? follow(own, () => true),
  });
  const accounts = new Map<string, AccountState>();
  for (const { login, secret, account } of looked) {
    const name = secretName(secret, given.ci);
    const token = await tokenOf(ofAccounts.get(login), `no token of ${login} was given`, {
      login,
      made: tokensMade.get(name),
      renamed: renamedToken(given, name, under),
    });
    accounts.set(login, { ...account, token });
  }
  const stores: DoctorState['stores'] = [];
  for (const store of storesOf(staff)) {
    // Its owner is told of it, and so is a site admin; anybody else would hear that there is none.
    const own = ofAccounts.get(store.login);
    const isSeen = own !== undefined || seesAll;
    stores.push({ store, found: await ask(() => readStore(own?.send ?? send, store, isSeen)) });
  }
  const id =
    woodpecker === undefined
      ? unknown('no token for Woodpecker was given')
      : await ask(() => findActive(woodpecker, given['ops-repo']));
  const inWoodpecker = <T>(read: (send: Send, id: number) => Promise<T[]>): Promise<Asked<T[]>> =>
    then(id, async (value) =>
      woodpecker === undefined || value === undefined ? [] : read(woodpecker, value),
    );
  const source = await ask(() => readSource(send, forgecrewRepo(given)));
  return {
    now: now().toISOString(),
    own: follow(own, ({ login }) => login),
    version: told.kind === 'known' ? known(told.value.version) : told,
    skew,
    isCached: told.kind === 'known' ? known(Number(told.value.age ?? 0) > 0) : told,
    certificates: await readCertificates(given, certificateExpiry),
    machine: machine === undefined ? undefined : await readMachine(machine),
    ops,
    project,
    others,
    accounts,
    audit: await tokenOf(audit, 'no audit-token was given', {
      login: own.kind === 'known' ? own.value.login : '',
      made: tokensMade.get(secretName(auditToken.secret, given.ci)),
      renamed: renamedToken(given, secretName(auditToken.secret, given.ci), under),
    }),
    team: await then(project.ownerIsOrganisation, async (isOrg) =>
      isOrg ? findTeam(send, ownerOf(given['project-repo']), issuesTeam) : undefined,
    ),
    stores,
    tokensMade,
    secrets:
      given.ci === 'woodpecker'
        ? await inWoodpecker(listPipelineSecrets)
        : await then(ops.repository, () => listSecrets(send, given['ops-repo'])),
    woodpeckerId: id.kind === 'known' ? id.value : undefined,
    isActive: id.kind === 'known' ? known(id.value !== undefined) : id,
    crons: await inWoodpecker(listCronJobs),
    waiting: await readWaiting(given, { send, woodpecker, id, ops, project, now }),
    source,
    release: await then(source, (found) => readRelease(send, forgecrewRepo(given), found)),
    protect: await then(ops.repository, () => readProtect(send, given, kept, now)),
    agents,
  };
}

/** How far back pipelines of Woodpecker are looked at, and how many: it has no filter for what waits. */
const woodpeckerBack = { seconds: 86_400, most: 200 };

/** What waits for a runner or an agent: in the ops repo, and where the forge runs the pipelines, in the project repo. */
async function readWaiting(
  given: DoctorSettings,
  {
    send,
    woodpecker,
    id,
    ops,
    project,
    now,
  }: {
    send: Send;
    woodpecker: Send | undefined;
    id: Asked<number | undefined>;
    ops: SideState;
    project: SideState;
    now: () => Date;
  },
): Promise<WaitingState[]> {
  const { 'ops-repo': opsName, 'project-repo': projectName } = given;
  if (given.ci === 'woodpecker')
    return [
      {
        repository: opsName,
        runs: await then(id, async (value) => {
          if (woodpecker === undefined || value === undefined) return undefined;
          const since = Math.floor(now().getTime() / 1000) - woodpeckerBack.seconds;
          const { pipelines } = await pipelinesSince(woodpecker, value, since, woodpeckerBack.most);
          return pipelines
            .filter(({ status }) => status === 'pending' || status === 'created')
            .map(({ cron, event, created }) => ({
              name: cron == null || cron === '' ? event : cron,
              since: new Date(created * 1000).toISOString(),
            }));
        }),
      },
    ];
  const inForge = async (name: string, { repository }: SideState): Promise<WaitingState> => ({
    repository: name,
    runs: await then(repository, async ({ has_actions }) =>
      has_actions === false
        ? undefined
        : (await waitingRuns(send, name)).map(({ workflow_id, created }) => ({
            name: workflow_id,
            since: created,
          })),
    ),
  });
  return [
    await inForge(opsName, ops),
    ...(sameRepository(opsName, projectName) ? [] : [await inForge(projectName, project)]),
  ];
}

/** What is known of tokens that init made, by the secrets' names. */
interface TokensMade {
  made: DoctorState['tokensMade'];
  /** Of those of which there is none for this ops repo: the one that an account's token for that secret names in its place. */
  under: Map<string, string>;
}

/** The calls came with Forgejo 16, and are a site admin's. */
async function readTokensMade(
  send: Send,
  given: DoctorSettings,
  {
    isAdmin,
    version: told,
    own,
    existsOf,
  }: { isAdmin: boolean; version: string; own: string; existsOf: (login: string) => Asked<boolean> },
): Promise<TokensMade> {
  const made: DoctorState['tokensMade'] = new Map();
  const under = new Map<string, string>();
  if (!isAdmin || majorOf(told) < 16) return { made, under };
  const wanted = [
    ...staffOf(given.roles, loginsOf(given)),
    ...(given.roles.includes(auditToken.role) ? [{ login: own, secret: auditToken.secret }] : []),
  ];
  for (const { login, secret: bare } of wanted) {
    const secret = secretName(bare, given.ci);
    // Somebody who is not there has none.
    const found = await then(existsOf(login), async (isThere) => (isThere ? listTokensOf(send, login) : []));
    const own = follow(found, (all) => all.find(({ name }) => name === tokenName(given['ops-repo'], secret)));
    made.set(secret, own);
    const names = found.kind === 'known' ? found.value.map(({ name }) => namedIn(name, secret)) : [];
    const [other] = names.filter((name) => name !== undefined);
    if (own.kind === 'known' && own.value === undefined && other !== undefined) under.set(secret, other);
  }
  return { made, under };
}

/** Why nothing is known of a token that init made when the ops repo had another name, and what to do; undefined where there is none. */
function renamedToken(
  { 'ops-repo': ops }: DoctorSettings,
  secret: string,
  under: TokensMade['under'],
): Unknown | undefined {
  const before = under.get(secret);
  return before === undefined
    ? undefined
    : {
        ...unknown(`init made a token for ${secret} when it was told that the ops repo is ${before}`),
        mend: `if ${ops} was called ${before} before, delete the secret ${secret}, let forgecrew init --apply put a new token there, and delete the old one at its account: docs/operations.md, "After something was renamed", says what else. If not, ${before} is another factory, and there is none for this one: delete the secret, and init makes it`,
      };
}

/** What a token may do: asked with the token itself, or else what a site admin is told of the one that init made for the secret. */
async function tokenOf(
  given: { send: Send; end: string } | undefined,
  notGiven: string,
  {
    login,
    made,
    renamed,
  }: { login: string; made: Asked<Token | undefined> | undefined; renamed: Unknown | undefined },
): Promise<Asked<TokenState>> {
  if (given !== undefined) return ask(() => readToken(given.send, given.end));
  if (made?.kind !== 'known') return unknown(notGiven);
  if (made.value !== undefined) return known({ login, token: made.value });
  return renamed ?? unknown(`${notGiven}, and init made none for its secret`);
}

async function readCertificates(
  given: DoctorSettings,
  expiry: (url: URL) => Promise<string>,
): Promise<CertificateState[]> {
  const servers = [
    { server: 'forge' as const, url: given['forge-url'] },
    { server: 'woodpecker' as const, url: given['woodpecker-url'] ?? '' },
  ].filter(({ url }) => url.startsWith('https:'));
  return Promise.all(
    servers.map(async (item) => ({ ...item, expires: await ask(() => expiry(new URL(item.url))) })),
  );
}

async function readMachine(machine: Machine): Promise<DoctorState['machine']> {
  const docker = await ask(async () => {
    const summary = await machine.docker(summaryArguments);
    return parseDockerUse({ summary, detail: await machine.docker(detailArguments) });
  });
  const root = await ask(async () =>
    (await machine.docker(['info', '--format', '{{.DockerRootDir}}'])).trim(),
  );
  const disks = await ask(async () => {
    const paths = ['.', ...(root.kind === 'known' && root.value.startsWith('/') ? [root.value] : [])];
    const found = await Promise.all(paths.map((path) => machine.disk(path)));
    return found.filter((disk) => disk !== undefined);
  });
  return { disks, docker };
}

function readProtect(send: Send, given: DoctorSettings, kept: Kept, now: () => Date) {
  // What `protect` looks at is the forge alone.
  const context = {
    settings: protectSettings(given, { apply: false }),
    send,
    kept,
    now: now().toISOString(),
  } as unknown as ReadContext<typeof protect.settings, Awaited<ReturnType<typeof protect.read>>>;
  return protect.read(context);
}

/** The repositories that the factory says it works for, beside the two that the settings name. */
function otherProjects(given: DoctorSettings, { texts }: SideState, agents: DoctorState['agents']): string[] {
  const text = texts.kind === 'known' ? texts.value.get(crewFile) : undefined;
  const crew = text === undefined ? undefined : parseCrewFile(crewFile, new TextEncoder().encode(text));
  const named = [
    ...(crew?.ok === true ? crew.document.projects : []),
    ...(agents.kind === 'known'
      ? agents.value.flatMap((parsed) => (parsed.ok ? parsed.document.repositories : []))
      : []),
  ];
  const settled = [given['ops-repo'], given['project-repo']];
  return named.filter(
    (name, index) =>
      !settled.some((item) => sameRepository(item, name)) &&
      named.findIndex((item) => sameRepository(item, name)) === index,
  );
}

interface Looking {
  kept: Kept;
  seesAll: boolean;
}

async function readSide(send: Send, name: string, looking: Looking): Promise<SideState> {
  const ground = await readGroundOf(send, name, looking);
  const ownerIsOrganisation = await ask(() => isOrganisation(send, ownerOf(name)));
  const isShared = ownerIsOrganisation.kind === 'known' && ownerIsOrganisation.value;
  return {
    ...ground,
    labels: await then(ground.repository, () => labelsOf(send, name, { isThere: true, isShared })),
    ownerIsOrganisation,
  };
}

async function readGroundOf(send: Send, name: string, { kept, seesAll }: Looking): Promise<GroundState> {
  const found = await ask(() => ifThere(getRepository(send, name)));
  const isMissing = seesAll && found.kind === 'known' && found.value === undefined;
  const missing = `there is no repository ${name}${seesAll ? '' : ", or this token's account may not see it"}`;
  const repository: SideState['repository'] =
    found.kind === 'unknown' ? found : found.value === undefined ? unknown(missing) : known(found.value);
  const main = await then(repository, ({ default_branch }) => findBranch(send, name, default_branch));
  const entries = await then(main, async (branch) =>
    branch === undefined ? [] : listTree(send, name, branch.commit.id, { recursive: true }),
  );
  const texts = await then(entries, async (all) => {
    const wanted = all.filter((entry) => isFile(entry) && isDocument.test(entry.path));
    const contents = await createSnapshot(send, name, kept).contents(wanted);
    return new Map(
      wanted.flatMap(({ path, sha }) => {
        const blob = contents.get(sha);
        return blob?.kind === 'read' ? [[path, blob.bytes.toString('utf8')] as const] : [];
      }),
    );
  });
  return {
    isMissing,
    repository,
    main,
    paths: entries.kind === 'known' ? known(entries.value.map(({ path }) => path)) : entries,
    texts,
  };
}

/** Pipelines, and what decides. */
const isDocument =
  /^(?:\.(?:forgejo|gitea|github)\/workflows\/[^/]+\.ya?ml|\.woodpecker(?:\/.+)?\.ya?ml|forgecrew\.toml|escalation\/policy\.toml|vault\/policy\.toml|vault\/formulas\/[^/]+\.toml|agents\/[^/]+\.toml)$/;

function agentsIn(texts: Map<string, string>): ReturnType<typeof parseManifest>[] {
  return [...texts]
    .filter(([path]) => path.startsWith(`${agentsFolder}/`))
    .map(([path, text]) => parseManifest(path, new TextEncoder().encode(text)));
}

async function readAccount(
  send: Send,
  login: string,
  { ops, project, seesAll }: { ops: SideState; project: SideState; seesAll: boolean },
): Promise<Omit<AccountState, 'token'>> {
  const found = await ask(() => findUser(send, login));
  const exists = follow(found, (account) => account !== undefined);
  const account = found.kind === 'known' ? found.value : undefined;
  const isLocked =
    seesAll && account !== undefined
      ? account.prohibit_login === true || account.active === false
      : undefined;
  const right = ({ repository }: SideState): Promise<Asked<string>> =>
    then(repository, async ({ full_name: name }) => {
      if (exists.kind === 'unknown') throw new UserError(exists.why);
      if (!exists.value) return 'none';
      const permission = await permissionOf(send, name, login);
      if (permission === undefined)
        // In the same words for every account: it is one reason, and there is one thing to do about it.
        throw new UserError(`only an admin of ${name} may ask what an account may do there`);
      return permission;
    });
  return {
    exists,
    isLocked,
    ops: await right(ops),
    project: await right(project),
  };
}

/** Whose a token is and what it may do, asked with the token itself. */
async function readToken(send: Send, end: string): Promise<TokenState> {
  const { login } = await getOwnUser(send);
  const tokens = await listOwnTokens(send, login);
  return { login, token: tokens.find(({ token_last_eight }) => token_last_eight === end) };
}
