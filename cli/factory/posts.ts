// What each account of a factory is for, and what it needs to do that: the one list that `init` makes and `doctor` looks at. The
// READMEs of the roles say why; a test holds the scopes to what the roles themselves say.

/** What an account may do in a repository. `issues`: write issues and only read code, which only a team of an organisation can give. */
export type Access = 'none' | 'read' | 'issues' | 'write';

/** What one role needs of an account; an account that works for several roles has a post in each. */
export interface Post {
  /** The account's usual name, and how it is called in the examples. */
  name: string;
  /** The role that works as it. */
  role: string;
  does: string;
  ops: Access;
  /** What it is given instead where no vault is: only what is high in a vault is refused because somebody may push. */
  opsWithoutVault?: Access;
  project: Access;
  /** In the repository of a person, where there are no teams: what takes the place of `issues`. */
  projectOfPerson: Access;
  scopes: readonly string[];
  /** The secret of the ops repo's CI that holds its token, as Woodpecker has it; on Forgejo Actions in capitals. */
  secret: string;
}

export const posts: readonly Post[] = [
  {
    name: 'filer',
    role: 'ops-filer',
    does: 'files the entries of sprint documents as issues',
    ops: 'read',
    project: 'issues',
    projectOfPerson: 'write',
    scopes: ['write:issue', 'read:repository', 'read:user'],
    secret: 'filer_token',
  },
  {
    name: 'architect',
    role: 'architect-pitch',
    does: 'proposes sprint documents, from a fork',
    ops: 'read',
    project: 'read',
    projectOfPerson: 'read',
    scopes: ['write:repository', 'write:issue', 'read:user'],
    secret: 'architect_token',
  },
  {
    name: 'collector',
    role: 'collect-engagement',
    does: 'brings the evidence of each day',
    ops: 'read',
    opsWithoutVault: 'write',
    project: 'none',
    projectOfPerson: 'none',
    scopes: ['write:repository', 'read:user'],
    secret: 'collector_token',
  },
  {
    name: 'dispatcher',
    role: 'vault-dispatch',
    does: 'starts what people approved, and writes the records',
    ops: 'write',
    project: 'none',
    projectOfPerson: 'none',
    scopes: ['write:repository', 'write:issue', 'read:user'],
    secret: 'dispatcher_token',
  },
  {
    name: 'gatekeeper',
    role: 'vault-dispatch',
    does: 'lets one run through its gate, once',
    ops: 'write',
    project: 'none',
    projectOfPerson: 'none',
    scopes: ['write:repository', 'read:user'],
    secret: 'gate_token',
  },
  {
    name: 'crew',
    role: 'forge-agent',
    does: 'works on issues, from a fork',
    ops: 'read',
    project: 'issues',
    projectOfPerson: 'read',
    scopes: ['write:repository', 'write:issue', 'read:user'],
    secret: 'crew_token',
  },
  {
    name: 'speaker',
    role: 'escalation',
    does: 'answers people, and does what they click on',
    ops: 'read',
    project: 'write',
    projectOfPerson: 'write',
    scopes: ['write:repository', 'write:issue', 'read:user'],
    secret: 'speaker_token',
  },
  {
    name: 'collector',
    role: 'collect-process-metrics',
    does: 'brings how the factory did on each day',
    ops: 'read',
    opsWithoutVault: 'write',
    project: 'read',
    projectOfPerson: 'read',
    scopes: ['write:repository', 'read:issue', 'read:user'],
    secret: 'collector_token',
  },
  {
    name: 'keeper',
    role: 'prerequisites',
    does: 'proposes what is done and what is free, from a fork',
    ops: 'read',
    project: 'read',
    projectOfPerson: 'read',
    scopes: ['write:repository', 'read:issue', 'read:user'],
    secret: 'keeper_token',
  },
  {
    name: 'keeper',
    role: 'dashboard',
    does: 'keeps one issue that says what waits for whom',
    ops: 'read',
    project: 'read',
    projectOfPerson: 'read',
    scopes: ['write:issue', 'read:repository', 'read:user'],
    secret: 'keeper_token',
  },
];

/** The token that sees what only admins may: of the person who runs `init`, and only asked. */
export const auditToken = {
  role: 'vault-dispatch',
  secret: 'audit_token',
  scopes: ['read:repository'],
} as const;

/** Roles that a factory can be made of. vault-request is a step in pipelines of others. */
export const factoryRoles = [
  'ops-filer',
  'architect-pitch',
  'collect-engagement',
  'vault-dispatch',
  'forge-agent',
  'escalation',
  'collect-process-metrics',
  'prerequisites',
  'dashboard',
] as const;

/** An account of a factory: all that the roles need that work as it. */
export type Staff = Omit<Required<Post>, 'role'> & { login: string; roles: readonly string[] };

const levels: readonly Access[] = ['none', 'read', 'issues', 'write'];

function most(accesses: readonly Access[]): Access {
  return levels[Math.max(...accesses.map((access) => levels.indexOf(access)))] ?? 'none';
}

/** Scopes without those that others imply. */
function joined(scopes: readonly string[]): string[] {
  return [...new Set(scopes)].filter(
    (scope) => scope.startsWith('write:') || !scopes.includes(scope.replace(/^read:/, 'write:')),
  );
}

/** The accounts of these roles, each with its login. */
export function staffOf(roles: readonly string[], logins: Record<string, string>): Staff[] {
  const chosen = posts.filter(({ role }) => roles.includes(role));
  const names = [...new Set(chosen.map(({ name }) => name))];
  const grouped = names.map((name) => [name, chosen.filter((post) => post.name === name)] as const);
  return grouped.map(([name, own]) => ({
    name,
    login: logins[name] ?? name,
    roles: own.map(({ role }) => role),
    does: own.map(({ does }) => does).join(', and '),
    ops: most(own.map(({ ops }) => ops)),
    opsWithoutVault: most(own.map(({ ops, opsWithoutVault }) => opsWithoutVault ?? ops)),
    project: most(own.map(({ project }) => project)),
    projectOfPerson: most(own.map(({ projectOfPerson }) => projectOfPerson)),
    scopes: joined(own.flatMap(({ scopes }) => scopes)),
    secret: own[0]?.secret ?? '',
  }));
}

/** Accounts that are named as bots for all roles: every one that no person signs in with. */
export function botsOf(staff: readonly Staff[]): string[] {
  return staff.map(({ login }) => login);
}

/** The team of the project's organisation whose members may write issues and only read code. */
export const issuesTeam = 'forgecrew-issues';

/** The most that an account may be able to do in the ops repo, and what it is given there; what it needs is its post's `ops`. */
export function opsAccess(post: Pick<Staff, 'ops' | 'opsWithoutVault'>, hasVault: boolean): Access {
  return hasVault ? post.ops : post.opsWithoutVault;
}

/** What an account should be able to do in the project repo. */
export function projectAccess(
  post: Pick<Post, 'project' | 'projectOfPerson'>,
  ownerIsOrganisation: boolean,
): Access {
  return ownerIsOrganisation ? post.project : post.projectOfPerson;
}

/** A secret's name on a host of CI. */
export function secretName(secret: string, ci: 'forgejo' | 'woodpecker'): string {
  return ci === 'forgejo' ? secret.toUpperCase() : secret;
}

/** Roles that set labels by name, or look for one: with a label of the organisation only a token of `sharedLabelsScope` can. */
const labelRoles: readonly string[] = ['ops-filer', 'architect-pitch', 'forge-agent', 'escalation'];

/** What a token needs to be told of an organisation's labels. */
export const sharedLabelsScope = 'read:organization';

/** Whether an account works for a role that labels. */
export function setsLabels({ roles }: Pick<Staff, 'roles'>): boolean {
  return roles.some((role) => labelRoles.includes(role));
}

/** What the token of an account needs, where a label that roles look for is the organisation's alone (`sharesLabels`) or is not. */
export function scopesOf(post: Pick<Staff, 'roles' | 'scopes'>, sharesLabels: boolean): readonly string[] {
  return sharesLabels && setsLabels(post) ? [...post.scopes, sharedLabelsScope] : post.scopes;
}

/** Roles that show what the others keep. */
export const showingRoles: readonly string[] = ['dashboard', 'collect-process-metrics'];
