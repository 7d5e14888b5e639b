// What each account of a factory is for, and what it needs to do that: the one list that `init` makes and `doctor` looks at. The
// READMEs of the roles say why; a test holds the scopes to what the roles themselves say.

/** What an account may do in a repository. `issues`: write issues and only read code, which only a team of an organisation can give. */
export type Access = 'none' | 'read' | 'issues' | 'write';

export interface Post {
  /** The account's usual name, and how it is called in the examples. */
  name: string;
  /** The role that works as it. */
  role: string;
  does: string;
  ops: Access;
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
    does: 'commits the evidence of a day',
    ops: 'write',
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
] as const;

/** Posts of these roles, each with the login that has it. */
export function staffOf(
  roles: readonly string[],
  logins: Record<string, string>,
): (Post & { login: string })[] {
  return posts
    .filter(({ role }) => roles.includes(role))
    .map((post) => ({ ...post, login: logins[post.name] ?? post.name }));
}
export type Staff = ReturnType<typeof staffOf>[number];

/** Accounts that are named as bots for all roles: those of the vault have a place of their own in its rules. */
export function botsOf(staff: readonly Staff[]): string[] {
  return staff.filter(({ role }) => role !== 'vault-dispatch').map(({ login }) => login);
}

/** The team of the project's organisation whose members may write issues and only read code. */
export const issuesTeam = 'forgecrew-issues';

/** What an account should be able to do in the project repo. */
export function projectAccess(post: Post, ownerIsOrganisation: boolean): Access {
  return ownerIsOrganisation ? post.project : post.projectOfPerson;
}

/** A secret's name on a host of CI. */
export function secretName(secret: string, ci: 'forgejo' | 'woodpecker'): string {
  return ci === 'forgejo' ? secret.toUpperCase() : secret;
}
