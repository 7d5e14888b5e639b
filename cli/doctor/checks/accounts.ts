import { namesLogin, sameRepository } from '../../../core/accounts.ts';
import { type Access, issuesTeam, opsAccess, projectAccess, staffOf } from '../../factory/posts.ts';
import { loginsOf } from '../../factory/settings.ts';
import {
  type Asked,
  broken,
  type Finding,
  finding,
  follow,
  ok,
  type Trouble,
  unchecked,
} from '../finding.ts';
import type { AccountState, DoctorSettings, DoctorState } from '../state.ts';

const levels = ['none', 'read', 'write', 'admin', 'owner'];

/** Every account can do what its role needs, and no more. */
export function accountChecks(settings: DoctorSettings, state: DoctorState): Finding[] {
  const { 'ops-repo': ops, 'project-repo': project } = settings;
  return staffOf(settings.roles, loginsOf(settings)).flatMap((post) => {
    const { name, login } = post;
    const role = post.roles.join(' and ');
    const account = state.accounts.get(login);
    if (account === undefined) return [];
    const about = (
      id: string,
      where: string,
      has: Asked<string>,
      { wanted, most = wanted }: { wanted: Access; most?: Access },
    ): Finding =>
      finding(id, `${login} has what ${role} needs in ${where}, and no more`, has, (right) =>
        rightTrouble({ login, where, right, wanted, most }),
      );
    const inProject = follow(state.project.ownerIsOrganisation, (isOrg) => projectAccess(post, isOrg));
    return [
      finding(`account.${name}.there`, `${login} is there`, account.exists, (isThere) =>
        isThere
          ? undefined
          : {
              what: `there is no account ${login}, which ${role} works as`,
              who: 'a site admin',
              mend: 'forgecrew init --apply makes it',
            },
      ),
      ...(account.isLocked === undefined
        ? []
        : [
            account.isLocked
              ? broken(
                  `account.${name}.open`,
                  `the forge lets ${login} do nothing, because the account is locked or was never activated: ${role} is refused with every token of it`,
                  {
                    who: 'a site admin',
                    mend: `activate it and allow it to sign in at ${settings['forge-url']}/admin/users?q=${login}`,
                  },
                )
              : ok(`account.${name}.open`, `${login} is activated and not locked`),
          ]),
      about(`account.${name}.ops`, ops, account.ops, {
        wanted: post.ops,
        most: opsAccess(post, settings.roles.includes('vault-dispatch')),
      }),
      inProject.kind === 'unknown'
        ? unchecked(`account.${name}.project`, `what ${login} may do in ${project}`, inProject.why)
        : // A team gives issues and no code, so its members only read, as far as the forge tells of the code.
          about(`account.${name}.project`, project, account.project, {
            wanted: inProject.value === 'issues' ? 'read' : inProject.value,
          }),
      ...(inProject.kind === 'known' && inProject.value === 'issues'
        ? [teamCheck(settings, state, name, login, account)]
        : []),
    ];
  });
}

function rightTrouble({
  login,
  where,
  right,
  wanted,
  most,
}: {
  login: string;
  where: string;
  right: string;
  wanted: Access;
  /** What it may have without a word about it. */
  most: Access;
}): Trouble {
  const [has, needs] = [levels.indexOf(right), levels.indexOf(wanted)];
  const who = `an admin of ${where}`;
  if (has < needs)
    return {
      what: `${login} has ${right} access to ${where}, and needs ${wanted}`,
      who,
      mend: 'forgecrew init --apply gives it',
    };
  // Everybody may read what is public.
  if (has > levels.indexOf(most) && has > levels.indexOf('read'))
    return {
      what: `${login} has ${right} access to ${where}, and ${wanted === 'none' ? 'needs none' : `needs no more than ${wanted}`}: whoever may write there reaches the secrets of its CI`,
      who,
      mend: `lower it in Settings, Collaborators of ${where}`,
    };
  return undefined;
}

function teamCheck(
  { 'project-repo': project }: DoctorSettings,
  { team, project: { repository } }: DoctorState,
  name: string,
  login: string,
  _: AccountState,
): Finding {
  // Of a repository that is not found by this name, a team that does not name it says nothing.
  const ofThere = repository.kind === 'unknown' ? repository : team;
  return finding(`account.${name}.issues`, `${login} may write issues of ${project}`, ofThere, (found) =>
    found !== undefined &&
    namesLogin(found.members, login) &&
    found.repositories.some((item) => sameRepository(item, project))
      ? undefined
      : {
          what: `${login} may not write issues of ${project}: ${found === undefined ? `there is no team ${issuesTeam}` : `it is not in the team ${issuesTeam}, or the repository is not`}`,
          who: 'an owner of the organisation',
          mend: 'forgecrew init --apply sets the team',
        },
  );
}
