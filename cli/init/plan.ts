import { namesLogin, ownerOf, sameLogin, sameRepository } from '../../core/accounts.ts';
import type { Change } from '../../core/change.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { propose } from '../../core/propose.ts';
import { version } from '../../core/version.ts';
import { agentLabel, opsLabels, projectLabels, type WantedFile } from '../factory/layout.ts';
import { cronJobsOf, pipelinesOf } from '../factory/pipelines.ts';
import { refusePlanted } from '../factory/planted.ts';
import { issuesTeam, opsAccess, projectAccess, type Staff, staffOf } from '../factory/posts.ts';
import { protectSettings } from '../factory/protecting.ts';
import { forgecrewRepo, loginsOf } from '../factory/settings.ts';
import { sameSecret, tokenName, tokensWanted } from '../factory/tokens.ts';
import { plan as planProtection } from '../protect/plan.ts';
import { makesSource } from './clicks.ts';
import { exampleVision, isInUse } from './example.ts';
import type { Account, InitSettings, InitState, Side } from './state.ts';
import { onboardingBody, onboardingTitle } from './text.ts';
import { hasVault, namesIn, sharesLabels, wantedOf } from './wanted.ts';

/** The kinds of change this command may plan. */
export const changes = [
  'keep',
  'refuse',
  'create-repository',
  'switch-off-actions',
  'create-account',
  'set-collaborator',
  'set-team',
  'create-label',
  'create-issue',
  'write-files',
  'open-pull',
  'delete-branch',
  'fork',
  'sync-fork',
  'hand-token',
  'activate-repository',
  'create-cron',
  'set-protection',
  'delete-protection',
  'create-branch',
] as const;
export type InitChange = Change<(typeof changes)[number]>;

/** Everything that a factory lacks, in the order in which it can be made. Nothing that is there is changed. */
export function plan(settings: InitSettings, state: InitState): InitChange[] {
  const staff = staffOf(settings.roles, loginsOf(settings));
  // Nothing that belongs to nobody can be made, and everything else waits for it.
  if (state.ownersMissing.length > 0)
    return state.ownersMissing.map((owner) =>
      refuseFor(
        owner,
        `there is neither an organisation nor an account of that name: make the organisation at ${settings['forge-url']}/org/create, or name the repositories after an owner that is there`,
      ),
    );
  return [
    ...planRepository(state.ops),
    ...(sameRepository(state.ops.name, state.project.name) ? [] : planRepository(state.project)),
    ...planSource(settings, state),
    ...planAccounts(settings, state, staff),
    ...planRights(settings, state, staff),
    ...planStores(state),
    ...planLabels(state.project, [...projectLabels, ...state.agents.map(agentLabel)]),
    ...planLabels(state.ops, opsLabels),
    // The forge starts workflows with the very commit that brings them, and Woodpecker knows no secrets before it is active.
    ...(settings.ci === 'forgejo' ? planSecrets(settings, state) : []),
    ...planFiles(settings, state.ops, layoutFor(settings, state.ops, true)),
    ...planFiles(settings, state.project, layoutFor(settings, state.project, false)),
    ...(settings.example ? planExample(state) : []),
    ...(settings.ci === 'woodpecker' ? planWoodpecker(settings, state) : []),
    ...planProtections(settings, state),
  ];
}

const repositoryKey = (name: string): string => `repository ${name}`;
const accountKey = (login: string): string => `account ${login}`;

/** What has to be done before, where it is not there yet. */
function after(...needed: (string | false)[]): { after?: string[] } {
  const keys = needed.filter((key) => key !== false);
  return keys.length === 0 ? {} : { after: keys };
}

function filesKey({ name }: Side): string {
  return `files ${name}`;
}

function labelKey({ name }: Side, label: string): string {
  return `label ${name} ${label}`;
}

function ofRepository({ found, name }: Side): string | false {
  return found === undefined && repositoryKey(name);
}

function planRepository({ name, owner, found, main }: Side): InitChange[] {
  if (found !== undefined)
    return main === undefined
      ? [refuseFor(name, 'it has no commit yet: make a first one (a README is enough), and run this again')]
      : [];
  return [
    {
      kind: 'create-repository',
      key: repositoryKey(name),
      repository: name,
      owner,
      hasActions: true,
      why: 'there is none of that name',
    },
  ];
}

/** Where runners will find forgecrew: a person only has to push it there. */
export function planSource(settings: InitSettings, state: InitState): InitChange[] {
  return makesSource(settings, state)
    ? [
        {
          kind: 'create-repository',
          repository: forgecrewRepo(settings),
          owner: state.ops.owner,
          isPublic: true,
          why: 'runners take the roles from there, and have no token for it',
        },
      ]
    : [];
}

export function planAccounts(
  { people, 'forge-url': url }: InitSettings,
  { accounts, isSiteAdmin }: InitState,
  staff: readonly Staff[],
): InitChange[] {
  const missing = accounts.filter(({ exists }) => !exists);
  return missing.map(({ login }) => {
    const post = staff.find((item) => item.login === login);
    if (post === undefined || namesLogin(people, login))
      return refuseFor(
        login,
        `there is no account of that name, and an account of a person is not made here: a site admin makes it at ${url}/admin/users/new, and then this is run again`,
      );
    return isSiteAdmin
      ? {
          kind: 'create-account',
          key: accountKey(login),
          login,
          why: `${post.roles.join(' and ')} ${post.roles.length === 1 ? 'works' : 'work'} as it: it ${post.does}`,
        }
      : refuseFor(
          login,
          `there is no account of that name, and only a site admin may make it (${post.roles.join(' and ')} ${post.roles.length === 1 ? 'works' : 'work'} as it). Let one make it, or name an account that is there with --accounts ${post.name}=<login>`,
        );
  });
}

const levels = ['none', 'read', 'write', 'admin', 'owner'];

/** Gives what is missing, and takes nothing away: of what is too much a person is told. */
function planRight(
  side: Side,
  account: Account,
  given: { has: string | undefined; wanted: 'read' | 'write'; needs?: string; why: string },
): InitChange[] {
  const { has = 'none', wanted, needs = wanted, why } = given;
  if (levels.indexOf(has) > levels.indexOf(wanted))
    return [
      notice(
        `${account.login} has ${has} access to ${side.name}, and ${wanted} is all that it needs`,
        'take the rest away: whoever may write reaches the secrets of its CI',
      ),
    ];
  // What is enough is left as it is: a person may have lowered it.
  if (levels.indexOf(has) >= levels.indexOf(needs)) return [];
  return [
    {
      kind: 'set-collaborator',
      ...after(ofRepository(side), !account.exists && accountKey(account.login)),
      repository: side.name,
      login: account.login,
      access: wanted,
      why,
    },
  ];
}

export function planRights(
  settings: InitSettings,
  { ops, project, accounts, team }: InitState,
  staff: readonly Staff[],
): InitChange[] {
  const { people } = settings;
  const isOrganisation = project.owner === 'organisation';
  const withVault = hasVault(settings, ops);
  const known = (login: string): Account =>
    accounts.find((item) => item.login === login) ?? {
      login,
      exists: false,
      ops: undefined,
      project: undefined,
    };
  const single = staff.flatMap((post) => {
    const account = known(post.login);
    const access = projectAccess(post, isOrganisation);
    const inOps = opsAccess(post, withVault);
    const why = `it ${post.does}`;
    return [
      ...(inOps === 'read' || inOps === 'write'
        ? planRight(ops, account, { has: account.ops, wanted: inOps, needs: post.ops, why })
        : []),
      ...(access === 'read' || access === 'write'
        ? planRight(project, account, { has: account.project, wanted: access, why })
        : []),
    ];
  });
  const ofPeople = people.flatMap((login) => {
    const account = known(login);
    return [ops, project].flatMap((side) => {
      const has = side === ops ? account.ops : account.project;
      return levels.indexOf(has ?? 'none') >= levels.indexOf('write')
        ? []
        : planRight(side, account, { has, wanted: 'write', why: 'people approve and merge' });
    });
  });
  const members = staff
    .filter((post) => projectAccess(post, isOrganisation) === 'issues')
    .map(({ login }) => login);
  const teamMembers = team === undefined || team === 'hidden' ? [] : team.members;
  const isComplete =
    team !== 'hidden' &&
    team?.repositories.some((name) => sameRepository(name, project.name)) &&
    members.every((login) => namesLogin(teamMembers, login));
  const ofTeam: InitChange[] =
    members.length === 0 || isComplete || team === 'hidden'
      ? []
      : [
          {
            kind: 'set-team',
            ...after(
              ofRepository(project),
              ...members.map((login) => !known(login).exists && accountKey(login)),
            ),
            organisation: ownerOf(project.name),
            team: issuesTeam,
            members,
            repositories: [project.name],
            why: 'they need no more than issues, and so cannot push, nor read the secrets of its CI',
          },
        ];
  const isGiven = (login: string): boolean =>
    single.some((change) => change.kind === 'set-collaborator' && change.login === login) ||
    (ofTeam.length > 0 && members.includes(login) && !namesLogin(teamMembers, login));
  // Where people register themselves, anybody could have been first.
  const found = staff
    .filter(({ login }) => known(login).exists && isGiven(login))
    .map(({ login }) =>
      notice(
        `the account ${login} was there already, and is used as it is`,
        'make sure that it is yours before it is given anything: whoever registered that name can log in as it',
      ),
    );
  return [...found, ...single, ...ofPeople, ...ofTeam];
}

/** Private repositories in which roles keep what is theirs. One that others may have read is never made private here. */
export function planStores({ stores, account, accounts }: InitState): InitChange[] {
  const isToMake = (login: string): boolean =>
    accounts.some((item) => sameLogin(item.login, login) && !item.exists);
  return stores.flatMap(({ store: { name, login, holds, readers }, found }): InitChange[] => {
    const read = (logins: readonly string[]): InitChange[] =>
      logins.map((reader) => ({
        kind: 'set-collaborator',
        ...after(found.kind === 'missing' && repositoryKey(name), isToMake(reader) && accountKey(reader)),
        repository: name,
        login: reader,
        access: 'read',
        why: `its roles show ${holds}`,
      }));
    if (found.kind === 'hidden') return [];
    if (found.kind === 'missing')
      return [
        {
          kind: 'create-repository',
          key: repositoryKey(name),
          ...after(isToMake(login) && accountKey(login)),
          repository: name,
          owner: sameLogin(login, account.login) ? 'own' : 'account',
          why: `${login} keeps there ${holds}`,
        },
        ...read(readers),
      ];
    if (found.troubles.length > 0) return found.troubles.map((trouble) => refuseFor(name, trouble));
    return [
      // So it is left by a run that was cut off between making it and this.
      ...(found.hasActions
        ? [
            {
              kind: 'switch-off-actions' as const,
              repository: name,
              why: `${login} keeps there ${holds}, and nothing may run with it`,
            },
          ]
        : []),
      // Who is not told of the webhooks either is turned away above.
      ...read(found.unread === 'hidden' ? [] : found.unread),
    ];
  });
}

/** Labels by their names, in one repository. */
export function planLabels(side: Side, names: readonly string[]): InitChange[] {
  if (side.found?.has_issues === false)
    return [
      refuseFor(side.name, 'its issues are switched off, so nothing can be labelled there: switch them on'),
    ];
  return names
    .filter((name) => !side.labels.some((label) => label.name === name))
    .map((name) => ({
      kind: 'create-label',
      key: labelKey(side, name),
      ...after(ofRepository(side)),
      repository: side.name,
      name,
      why: 'the roles look for it by name',
    }));
}

/** Files that are asked for, and what people are told about them. */
export interface FilesAsked {
  files: readonly WantedFile[];
  /** Of the commit. */
  message: string;
  title: string;
  body: string;
}

function layoutFor(settings: InitSettings, side: Side, isOps: boolean): FilesAsked {
  const files = wantedOf(settings, side, isOps);
  return {
    files,
    message: `Layout of a forgecrew ${version} factory`,
    title: onboardingTitle,
    body: onboardingBody(side.name, files, isOps),
  };
}

/** Files that are not there yet: committed, or where main takes no commit of ours, asked for by one pull request. */
export function planFiles(
  { ci }: InitSettings,
  side: Side,
  { files, message, title, body }: FilesAsked,
): InitChange[] {
  if (side.found !== undefined && side.main === undefined) return [];
  if (files.length === 0) return [keep(`${side.name} has all files that are asked for`)];
  const single = side.paths.find((path) => /^\.woodpecker\.ya?ml$/.test(path));
  if (
    ci === 'woodpecker' &&
    single !== undefined &&
    files.some(({ path }) => path.startsWith('.woodpecker/'))
  )
    return [
      refuseFor(
        `${side.name}: ${single}`,
        'Woodpecker would no longer read this file once there is a folder .woodpecker: move it into that folder first',
      ),
    ];
  const inTheWay = files.flatMap(({ path }) => blocking(path, side.paths));
  if (inTheWay.length > 0)
    return [...new Set(inTheWay)].map((path) =>
      refuseFor(
        `${side.name}: ${path}`,
        'it is a file or a link, and a folder of that name is needed: give it another name first',
      ),
    );
  const why = 'nothing of that name is there; what is there is left as it is';
  if (side.proposing === undefined)
    return [
      {
        kind: 'write-files',
        key: filesKey(side),
        ...after(ofRepository(side)),
        repository: side.name,
        branch: side.found?.default_branch ?? 'main',
        message,
        files: files.map(({ path, content }) => ({ path, content, expects: null })),
        why,
      },
    ];
  const { ground, standing, planted } = side.proposing;
  if (standing.pull?.state === 'open')
    // People may have changed what it holds: nothing is written there again.
    return [
      notice(
        `pull request #${standing.pull.number} of ${side.name} waits for a person`,
        'what comes after it is set once it is merged',
      ),
    ];
  if (planted.length > 0) return refusePlanted(side.proposing);
  return propose(ground, standing, {
    files: files.map(({ path, content }) => ({ path, content })),
    message,
    title,
    body,
    why,
  });
}

/** What stands where a file needs a folder: a path with nothing below it. */
function blocking(file: string, paths: readonly string[]): string[] {
  const parts = file.split('/').slice(0, -1);
  const folders = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  return folders.filter(
    (folder) => paths.includes(folder) && !paths.some((path) => path.startsWith(`${folder}/`)),
  );
}

/** One vision, once: closed or open, it is not asked again. */
function planExample({ project }: InitState): InitChange[] {
  const { title, body } = exampleVision;
  if (project.issues.includes(title)) return [keep(`${project.name} has the vision of the example`)];
  if (isInUse(project))
    return [
      refuseFor(
        project.name,
        'it is in use, and an example has no place there: name a project repo that is not there yet, or leave --example out',
      ),
    ];
  const vision = project.labels.find(({ name }) => name === 'vision');
  const hasFiles = project.paths.includes('greet.sh');
  return [
    {
      kind: 'create-issue',
      key: 'example',
      // Whoever reads the vision finds what it speaks of.
      ...after(
        ofRepository(project),
        vision === undefined && labelKey(project, 'vision'),
        !hasFiles && project.proposing === undefined && filesKey(project),
      ),
      repository: project.name,
      title,
      content: [body],
      labels: [{ name: 'vision', id: vision?.id ?? { made: labelKey(project, 'vision') } }],
      why: 'it is the vision that the factory begins with',
    },
  ];
}

export function planSecrets(settings: InitSettings, state: InitState): InitChange[] {
  const { ops, accounts, secrets, makesTokens, woodpecker } = state;
  if (!makesTokens) return [];
  const given = { admin: state.account.login, sharesLabels: sharesLabels(state) };
  return tokensWanted(namesIn(settings, state.ops), given)
    .filter(({ secret }) => !secrets.some(({ name }) => sameSecret(name, secret)))
    .map(({ login, scopes, secret, events }) => ({
      kind: 'hand-token',
      ...after(
        ofRepository(ops),
        accounts.some((item) => item.login === login && !item.exists) && accountKey(login),
        settings.ci === 'woodpecker' && woodpecker?.isActive !== true && 'activation',
      ),
      login,
      name: tokenName(ops.name, secret),
      scopes: [...scopes],
      repository: ops.name,
      secret,
      ...(events === undefined ? {} : { events }),
      why: 'its pipelines use that secret, and there is none',
    }));
}

export function planWoodpecker(settings: InitSettings, state: InitState): InitChange[] {
  const { ops, woodpecker } = state;
  const jobs = pipelinesOf(namesIn(settings, ops), undefined)
    .filter(({ purpose }) => purpose === 'work')
    .flatMap(cronJobsOf);
  const isActive = woodpecker?.isActive === true;
  return [
    ...(isActive
      ? []
      : [
          {
            kind: 'activate-repository' as const,
            key: 'activation',
            ...after(ofRepository(ops)),
            repository: ops.name,
            why: 'Woodpecker runs nothing of it yet',
          },
        ]),
    ...planSecrets(settings, state),
    ...jobs
      .filter(({ name }) => !woodpecker?.crons.some((item) => item.name === name))
      .map(({ name, schedule }) => ({
        kind: 'create-cron' as const,
        ...after(!isActive && 'activation'),
        repository: ops.name,
        name,
        schedule,
        branch: ops.found?.default_branch ?? 'main',
        why: 'Woodpecker hears nothing of issues and comments, so the clock starts the role',
      })),
  ];
}

/** Main and the records are guarded as soon as what decides stands there, and not while it is only proposed. */
function planProtections(settings: InitSettings, state: InitState): InitChange[] {
  if (!settings.roles.includes('vault-dispatch')) return [];
  const isReady =
    state.protect !== undefined &&
    wantedOf(settings, state.ops, true).length === 0 &&
    ['dispatcher', 'gatekeeper'].every((name) => {
      const login = loginsOf(settings)[name] ?? name;
      return state.accounts.some((item) => item.login === login && item.ops === 'write');
    });
  if (state.protect === undefined || !isReady)
    return [
      notice(
        `main of ${state.ops.name}, its records and its policy are protected once all of this is there, as forgecrew protect says`,
      ),
    ];
  return planProtection(protectSettings(settings, { apply: true }), state.protect);
}
