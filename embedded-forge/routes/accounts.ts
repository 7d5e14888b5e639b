import { randomBytes } from 'node:crypto';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { labelShape, organisationShape, repositoryShape, userShape } from '../shapes.ts';
import {
  type Access,
  type Account,
  accountById,
  accountByLogin,
  addAccount,
  addToken,
  findRepository,
  nextId,
  type Team,
  type Token,
  type Visibility,
} from '../state.ts';

function tokenShape(token: Token, shown: boolean): unknown {
  return {
    id: token.id,
    name: token.name,
    sha1: shown ? token.sha : '',
    token_last_eight: token.sha.slice(-8),
    scopes: token.scopes,
    created_at: token.created,
    repositories: null,
  };
}

/** Somebody's tokens are told to that account, and to site admins. */
function ofSelf(call: Call, work: (account: Account) => Answer): Answer {
  const account = accountByLogin(call.state, call.params.username ?? '');
  if (account === undefined) return notFound(call);
  if (call.account?.id !== account.id && call.account?.isAdmin !== true)
    return failure(call, 403, 'user should have a permission');
  return work(account);
}

/** Tokens are made and taken away with a password: one's own, or a site admin's. */
function ofPassword(call: Call, work: (account: Account) => Answer): Answer {
  return ofSelf(call, (account) =>
    call.byPassword ? work(account) : failure(call, 401, 'auth method not allowed'),
  );
}

/** The same for site admins, with a token of theirs. */
function ofAdmin(call: Call, work: (account: Account) => Answer): Answer {
  return adminOnly(call, () => {
    const account = accountByLogin(call.state, call.params.username ?? '');
    return account === undefined ? notFound(call) : work(account);
  });
}

function makeToken(call: Call, account: Account): Answer {
  const name = text(call.body.name);
  if (call.state.tokens.some((token) => token.account === account.id && token.name === name))
    return failure(call, 400, 'access token name has been used already');
  const scopes = Array.isArray(call.body.scopes) ? call.body.scopes.map(String) : [];
  if (scopes.length === 0) return failure(call, 400, 'access token must have a scope');
  return { status: 201, body: tokenShape(addToken(call.state, account, name, scopes), true) };
}

function listTokens(call: Call, account: Account): Answer {
  return paged(
    call,
    call.state.tokens.filter((token) => token.account === account.id),
    (token) => tokenShape(token, false),
    '',
  );
}

function removeToken(call: Call, account: Account): Answer {
  const token = call.state.tokens.find(
    (item) => item.account === account.id && [String(item.id), item.name].includes(call.params.id ?? ''),
  );
  if (token === undefined) return notFound(call);
  call.state.tokens = call.state.tokens.filter((item) => item !== token);
  return { status: 204 };
}

function adminOnly(call: Call, work: () => Answer): Answer {
  if (call.account === null) return failure(call, 401, 'token is required');
  return call.account.isAdmin ? work() : failure(call, 403, 'user should be the site admin');
}

function organisationOf(call: Call, work: (organisation: Account) => Answer): Answer {
  const found = accountByLogin(call.state, call.params.org ?? '');
  return found?.isOrganisation === true ? work(found) : notFound(call);
}

/** What only an organisation's owners, and site admins, may do. */
function ofOwner(call: Call, work: (organisation: Account) => Answer): Answer {
  return organisationOf(call, (organisation) => {
    const may = call.account?.isAdmin === true || organisation.owners.includes(call.account?.id ?? 0);
    return may ? work(organisation) : failure(call, 403, 'Must be an organization owner');
  });
}

/** Keeps somebody from writing under what the caller posts, and in what the caller owns, or lets them again. */
function blocking(blocks: boolean): Route['handle'] {
  return (call) => {
    const { account } = call;
    if (account === null) return failure(call, 401, 'token is required');
    const other = accountByLogin(call.state, call.params.username ?? '');
    if (other === undefined) return notFound(call);
    if (blocks) account.blocked.add(other.id);
    else account.blocked.delete(other.id);
    return { status: 204 };
  };
}

export const accountRoutes: Route[] = [
  {
    method: 'GET',
    route: '/version',
    scope: 'misc',
    handle: () => ok({ version: '17.0.0-embedded+gitea-1.22.0' }),
  },
  {
    method: 'GET',
    route: '/settings/api',
    scope: 'misc',
    handle: (call) =>
      ok({
        max_response_items: call.paging.max,
        default_paging_num: call.paging.default,
        default_git_trees_per_page: call.paging.trees,
        default_max_blob_size: call.largestBlob,
      }),
  },
  {
    method: 'POST',
    route: '/admin/users',
    scope: 'admin',
    handle: (call) =>
      adminOnly(call, () => {
        const login = text(call.body.username);
        if (accountByLogin(call.state, login) !== undefined)
          return failure(call, 422, `user already exists [name: ${login}]`);
        const account = addAccount(call.state, {
          login,
          email: text(call.body.email),
          password: text(call.body.password),
        });
        return { status: 201, body: userShape(call, account) };
      }),
  },
  {
    method: 'DELETE',
    route: '/admin/users/{username}',
    scope: 'admin',
    handle: (call) =>
      adminOnly(call, () => {
        const account = accountByLogin(call.state, call.params.username ?? '');
        if (account === undefined) return notFound(call);
        const owned = call.state.repositories.filter(({ owner }) => owner === account.id);
        if (owned.length > 0 && call.query.get('purge') !== 'true')
          return failure(call, 422, 'user still has ownership of repositories');
        call.state.repositories = call.state.repositories.filter(({ owner }) => owner !== account.id);
        call.state.accounts = call.state.accounts.filter((item) => item !== account);
        call.state.tokens = call.state.tokens.filter((token) => token.account !== account.id);
        return { status: 204 };
      }),
  },
  {
    method: 'POST',
    route: '/users/{username}/tokens',
    scope: 'user',
    handle: (call) => ofPassword(call, (account) => makeToken(call, account)),
  },
  {
    method: 'GET',
    route: '/users/{username}/tokens',
    scope: 'user',
    handle: (call) => ofSelf(call, (account) => listTokens(call, account)),
  },
  {
    method: 'DELETE',
    route: '/users/{username}/tokens/{id}',
    scope: 'user',
    handle: (call) => ofPassword(call, (account) => removeToken(call, account)),
  },
  {
    method: 'POST',
    route: '/admin/users/{username}/tokens',
    scope: 'admin',
    handle: (call) => ofAdmin(call, (account) => makeToken(call, account)),
  },
  {
    method: 'GET',
    route: '/admin/users/{username}/tokens',
    scope: 'admin',
    handle: (call) => ofAdmin(call, (account) => listTokens(call, account)),
  },
  {
    method: 'DELETE',
    route: '/admin/users/{username}/tokens/{id}',
    scope: 'admin',
    handle: (call) => ofAdmin(call, (account) => removeToken(call, account)),
  },
  {
    method: 'GET',
    route: '/user',
    scope: 'user',
    handle: (call) =>
      call.account === null ? failure(call, 401, 'token is required') : ok(userShape(call, call.account)),
  },
  { method: 'PUT', route: '/user/block/{username}', scope: 'user', handle: blocking(true) },
  { method: 'PUT', route: '/user/unblock/{username}', scope: 'user', handle: blocking(false) },
  {
    method: 'GET',
    route: '/users/{username}',
    scope: 'user',
    handle: (call) => {
      const account = accountByLogin(call.state, call.params.username ?? '');
      return account === undefined
        ? failure(call, 404, "The target couldn't be found.", [
            `user does not exist [uid: 0, name: ${call.params.username}]`,
          ])
        : ok(userShape(call, account));
    },
  },
  {
    method: 'POST',
    route: '/orgs',
    scope: 'organization',
    handle: (call) => {
      const login = text(call.body.username);
      if (call.account === null) return failure(call, 401, 'token is required');
      if (accountByLogin(call.state, login) !== undefined)
        return failure(call, 422, `user already exists [name: ${login}]`);
      const made = addAccount(call.state, {
        login,
        email: '',
        password: randomBytes(20).toString('hex'),
        isOrganisation: true,
        visibility: visibilityIn(call) ?? 'public',
        owners: [call.account.id],
      });
      return { status: 201, body: organisationShape(call, made) };
    },
  },
  {
    method: 'GET',
    route: '/orgs/{org}',
    scope: 'organization',
    handle: (call) => organisationOf(call, (organisation) => ok(organisationShape(call, organisation))),
  },
  {
    method: 'PATCH',
    route: '/orgs/{org}',
    scope: 'organization',
    handle: (call) =>
      ofOwner(call, (organisation) => {
        organisation.visibility = visibilityIn(call) ?? organisation.visibility;
        return ok(organisationShape(call, organisation));
      }),
  },
  {
    method: 'DELETE',
    route: '/orgs/{org}',
    scope: 'organization',
    handle: (call) =>
      ofOwner(call, (organisation) => {
        // One that still owns repositories is kept, and the forge does not say why.
        if (call.state.repositories.some(({ owner }) => owner === organisation.id))
          return failure(call, 500, '');
        call.state.accounts = call.state.accounts.filter((item) => item !== organisation);
        return { status: 204 };
      }),
  },
  {
    method: 'GET',
    route: '/orgs/{org}/labels',
    scope: 'organization',
    handle: (call) =>
      organisationOf(call, (organisation) =>
        paged(
          call,
          organisation.labels,
          (label) => labelShape(call, label, `orgs/${organisation.login}`),
          '',
          { allWithoutPage: true },
        ),
      ),
  },
  {
    method: 'POST',
    route: '/orgs/{org}/labels',
    scope: 'organization',
    handle: (call) =>
      ofOwner(call, (organisation) => {
        const label = {
          id: nextId(call.state, 'label'),
          name: text(call.body.name),
          color: text(call.body.color).replace(/^#/, ''),
          description: text(call.body.description),
        };
        organisation.labels.push(label);
        return { status: 201, body: labelShape(call, label, `orgs/${organisation.login}`) };
      }),
  },
  { method: 'GET', route: '/orgs/{org}/members/{username}', scope: 'organization', handle: membership },
  {
    method: 'GET',
    route: '/orgs/{org}/public_members/{username}',
    scope: 'organization',
    // Nobody has made a membership public here.
    handle: (call) => named(call, () => notFound(call)),
  },
  {
    method: 'GET',
    route: '/orgs/{org}/teams',
    scope: 'organization',
    handle: (call) =>
      organisationOf(call, (organisation) =>
        isMember(call, organisation)
          ? paged(call, teamsOf(organisation), ({ id, name }) => ({ id, name }), '')
          : failure(call, 403, 'Must be an organization member'),
      ),
  },
  {
    method: 'POST',
    route: '/orgs/{org}/teams',
    scope: 'organization',
    handle: (call) =>
      ofOwner(call, (organisation) => {
        const team = {
          id: nextId(call.state, 'team'),
          name: text(call.body.name),
          members: [],
          repositories: call.body.includes_all_repositories === true ? ('all' as const) : new Set<number>(),
          units: unitsOf(call),
        };
        organisation.teams.push(team);
        return { status: 201, body: { id: team.id, name: team.name } };
      }),
  },
  {
    method: 'GET',
    route: '/teams/{id}/members',
    scope: 'organization',
    handle: (call) => {
      const found = teamOf(call);
      if (found === undefined || !isMember(call, found.organisation)) return notFound(call);
      return paged(call, found.team.members, (id) => userShape(call, accountById(call.state, id)), '');
    },
  },
  {
    method: 'GET',
    route: '/teams/{id}/repos',
    scope: 'organization',
    handle: (call) => {
      const found = teamOf(call);
      if (found === undefined || !isMember(call, found.organisation)) return notFound(call);
      const { organisation, team } = found;
      const theirs = call.state.repositories.filter(
        ({ id, owner }) =>
          owner === organisation.id && (team.repositories === 'all' || team.repositories.has(id)),
      );
      return paged(call, theirs, (repository) => repositoryShape(call, repository), '');
    },
  },
  {
    method: 'PUT',
    route: '/teams/{id}/members/{username}',
    scope: 'organization',
    handle: (call) => {
      const found = teamOf(call);
      const account = accountByLogin(call.state, call.params.username ?? '');
      if (found === undefined || account === undefined) return notFound(call);
      const may = call.account?.isAdmin === true || found.organisation.owners.includes(call.account?.id ?? 0);
      if (!may) return failure(call, 403, 'Must be a team owner');
      if (!found.team.members.includes(account.id)) found.team.members.push(account.id);
      return { status: 204 };
    },
  },
  {
    method: 'DELETE',
    route: '/teams/{id}/members/{username}',
    scope: 'organization',
    handle: (call) => {
      const found = teamOf(call);
      const account = accountByLogin(call.state, call.params.username ?? '');
      if (found === undefined || account === undefined) return notFound(call);
      const may = call.account?.isAdmin === true || found.organisation.owners.includes(call.account?.id ?? 0);
      if (!may) return failure(call, 403, 'Must be a team owner');
      const { organisation, team } = found;
      const left = team.members.filter((id) => id !== account.id);
      if (team.members === organisation.owners) organisation.owners = left;
      else team.members = left;
      return { status: 204 };
    },
  },
  {
    method: 'PUT',
    route: '/teams/{id}/repos/{org}/{repo}',
    scope: 'organization',
    handle: (call) => {
      const found = teamOf(call);
      const { org = '', repo = '' } = call.params;
      const repository = findRepository(call.state, org, repo);
      if (found === undefined || repository?.owner !== found.organisation.id) return notFound(call);
      const may = call.account?.isAdmin === true || found.organisation.owners.includes(call.account?.id ?? 0);
      if (!may) return failure(call, 403, 'Must have admin-level access to the repository');
      if (found.team.repositories !== 'all') found.team.repositories.add(repository.id);
      return { status: 204 };
    },
  },
];

/** What a team may do, by part of a repository: an admin everywhere, otherwise what the map says. */
function unitsOf({ body }: Call): Team['units'] {
  const map: Record<string, unknown> =
    typeof body.units_map === 'object' && body.units_map !== null ? { ...body.units_map } : {};
  const access = (unit: string): Access => {
    if (body.permission === 'admin') return 'admin';
    const given = map[`repo.${unit}`];
    return given === 'admin' || given === 'write' || given === 'read' ? given : 'none';
  };
  return { code: access('code'), issues: access('issues'), pulls: access('pulls') };
}

/** Its owners are a team of their own, which comes with every organisation; its number is beyond those of all others. */
function teamsOf({ id, owners, teams }: Account): Team[] {
  const units: Team['units'] = { code: 'admin', issues: 'admin', pulls: 'admin' };
  return [{ id: 1_000_000 + id, name: 'Owners', members: owners, repositories: 'all', units }, ...teams];
}

function teamOf(call: Call): { organisation: Account; team: Account['teams'][number] } | undefined {
  for (const organisation of call.state.accounts) {
    if (!organisation.isOrganisation) continue;
    const team = teamsOf(organisation).find(({ id }) => id === Number(call.params.id));
    if (team !== undefined) return { organisation, team };
  }
  return undefined;
}

/** Asks about an account in an organisation; which of the two is unknown only the message tells. */
function named(call: Call, work: (organisation: Account, account: Account) => Answer): Answer {
  const { org = '', username = '' } = call.params;
  const organisation = accountByLogin(call.state, org);
  if (organisation?.isOrganisation !== true)
    return failure(call, 404, 'GetOrgByName', [`user redirect does not exist [name: ${org}]`]);
  const account = accountByLogin(call.state, username);
  return account === undefined
    ? failure(call, 404, 'GetUserByName', [`user does not exist [uid: 0, name: ${username}]`])
    : work(organisation, account);
}

/** Members are told of members; who asks from outside is sent to the list of public ones. */
function membership(call: Call): Answer {
  return named(call, (organisation, account) => {
    const isIn = [...organisation.owners, ...organisation.teams.flatMap(({ members }) => members)].includes(
      account.id,
    );
    if (isMember(call, organisation)) return isIn ? { status: 204 } : notFound(call);
    if (call.account?.id === account.id) return notFound(call);
    const location = `/api/v1/orgs/${organisation.login}/public_members/${account.login}`;
    return { status: 303, headers: { location } };
  });
}

function isMember({ account }: Call, { owners, teams }: Account): boolean {
  if (account === null) return false;
  return account.isAdmin || [...owners, ...teams.flatMap(({ members }) => members)].includes(account.id);
}

function visibilityIn(call: Call): Visibility | undefined {
  return (['public', 'limited', 'private'] as const).find((item) => item === call.body.visibility);
}
