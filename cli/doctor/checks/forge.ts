import { ownerOf } from '../../../core/accounts.ts';
import { majorOf, version } from '../../../core/version.ts';
import { forgecrewRepo, pushCommand } from '../../factory/settings.ts';
import { broken, type Finding, finding, ok, unchecked } from '../finding.ts';
import type { DoctorSettings, DoctorState, SideState } from '../state.ts';

/** The oldest Forgejo that every role works with. */
const oldest = 12;
/** More seconds than these between two clocks, and times on record cannot be compared. */
const mostSkew = 60;

/** A certificate that is renewed by itself never has fewer days left. */
const leastDays = 14;

const admins = 'whoever runs the forge';

/** The forge itself, and the two repositories. */
export function forgeChecks(settings: DoctorSettings, state: DoctorState): Finding[] {
  const url = settings['forge-url'];
  const { protocol, hostname } = new URL(url);
  const isLocal = /^(?:localhost|127\.|\[::1\])/.test(hostname);
  return [
    // First, because where this is not so hardly anything else is known either.
    state.own.kind === 'known'
      ? ok('forge.token', `the token of this command is one of ${state.own.value}`)
      : unchecked(
          'forge.token',
          'whose the token of this command is',
          state.own.why,
          state.own.mend ??
            `look whether ${url} is the forge (FORGECREW_FORGE_URL). If it is, the token in FORGECREW_FORGE_TOKEN is mistyped, deleted or expired, or lacks read:user: make one at ${url}/user/settings/applications`,
        ),
    finding('forge.version', `the forge is Forgejo ${oldest} or newer`, state.version, (told) =>
      majorOf(told) >= oldest
        ? undefined
        : {
            what: `the forge is ${told}: roles need calls that came with Forgejo ${oldest}`,
            who: admins,
            mend: 'update the forge; docs/forge-versions.md says what works on older ones',
          },
    ),
    finding('forge.clock', 'the clock of the forge', state.skew, (seconds) =>
      Math.abs(seconds) <= mostSkew
        ? undefined
        : {
            what: `the clock of the forge and that of this machine differ by ${Math.abs(seconds)} seconds`,
            who: 'whoever runs these machines',
            mend: 'let both set their time by the network (timedatectl set-ntp true)',
          },
    ),
    protocol === 'https:' || isLocal
      ? ok('forge.tls', 'tokens go to the forge over https, or stay on this machine')
      : broken('forge.tls', `${url} is plain http: tokens can be read on their way`, {
          who: admins,
          mend: 'give the forge a certificate, and use https',
        }),
    ...state.certificates.map(({ server, url: address, expires }) =>
      finding(
        `${server}.certificate`,
        `the certificate of ${address} is valid for ${leastDays} days and more`,
        expires,
        (until) => {
          const days = Math.floor((Date.parse(until) - Date.parse(state.now)) / 86_400_000);
          return days >= leastDays
            ? undefined
            : {
                what:
                  days < 0
                    ? `the certificate of ${address} expired at ${until}: no role reaches it`
                    : `the certificate of ${address} expires in ${days} days, at ${until}`,
                who: `whoever runs ${address}`,
                mend: 'renew it, and look why that was not done by itself',
              };
        },
      ),
    ),
    finding('forge.cache', 'the forge itself answers, and no cache before it', state.isCached, (isCached) =>
      isCached
        ? {
            what: `a cache answers in the place of ${url}: roles would decide on what is no longer so`,
            who: admins,
            mend: 'let the proxy before the forge cache nothing below /api/',
          }
        : undefined,
    ),
    finding(
      'forge.root-url',
      'the address of the forge',
      state.ops.repository,
      ({ html_url: page, full_name: name }) =>
        page == null || page.toLowerCase() === `${url}/${name}`.toLowerCase()
          ? undefined
          : {
              what: `the forge believes that it is at ${page.slice(0, -name.length - 1)}, and is asked at ${url}: links and webhooks go elsewhere`,
              who: admins,
              mend:
                new URL(page).protocol === protocol
                  ? 'set ROOT_URL in app.ini, or forge-url, so that both are the same'
                  : `set ROOT_URL in app.ini to one that begins with ${protocol}//, as the proxy before the forge is asked`,
            },
    ),
    ...sideChecks(settings, 'ops', settings['ops-repo'], state.ops),
    ...sideChecks(settings, 'project', settings['project-repo'], state.project),
    ...(settings.ci === 'forgejo' ? [sourceCheck(settings, state)] : [activationCheck(settings, state)]),
  ];
}

function sideChecks(
  settings: DoctorSettings,
  side: 'ops' | 'project',
  name: string,
  { isMissing, repository, main }: SideState,
): Finding[] {
  const who = `an admin of ${name}`;
  const page = `${settings['forge-url']}/${name}/settings`;
  return [
    isMissing
      ? broken(`${side}.there`, `there is no repository ${name}`, {
          who: `a site admin, or an owner of ${ownerOf(name)}`,
          mend: 'forgecrew init --apply makes it',
        })
      : finding(`${side}.there`, `${name} is there and in use`, repository, ({ archived, mirror }) =>
          mirror === true
            ? {
                what: `${name} is a mirror: it only follows another repository, and takes neither commits nor pull requests`,
                who,
                mend: `make it a repository of its own at ${page}, or name another one`,
              }
            : archived
              ? {
                  what: `${name} is archived: nothing can be written there`,
                  who,
                  mend: `unarchive it at ${page}`,
                }
              : undefined,
        ),
    finding(`${side}.issues`, `${name} has issues`, repository, ({ has_issues: has }) =>
      has
        ? undefined
        : { what: `the issues of ${name} are switched off`, who, mend: `switch them on at ${page}/units` },
    ),
    finding(`${side}.main`, `${name} has a main branch`, main, (branch) =>
      branch !== undefined
        ? undefined
        : {
            what: `${name} has no commit on its main branch`,
            who,
            mend: 'forgecrew init --apply, after a first commit',
          },
    ),
    ...(side === 'project'
      ? [
          finding(
            'project.dependencies',
            `issues of ${name} may depend on each other`,
            repository,
            (found) =>
              found.internal_tracker?.enable_issue_dependencies === false
                ? {
                    what: `dependencies of issues are switched off in ${name}: agents cannot tell what has to come first`,
                    who,
                    mend: `switch them on at ${page}/units`,
                  }
                : undefined,
          ),
        ]
      : []),
    ...(side === 'ops' && settings.ci === 'forgejo'
      ? [
          finding('ops.actions', `workflows run in ${name}`, repository, ({ has_actions: has }) =>
            has === false
              ? {
                  what: `Actions are switched off in ${name}: none of its workflows runs`,
                  who,
                  mend: `switch them on at ${page}/units`,
                }
              : undefined,
          ),
        ]
      : []),
  ];
}

function sourceCheck(settings: DoctorSettings, { source }: DoctorState): Finding {
  const name = forgecrewRepo(settings);
  return finding('forge.source', `runners find forgecrew v${version} at ${name}`, source, (state) => {
    const who = `whoever owns ${name}`;
    switch (state) {
      case 'ready':
        return undefined;
      case 'private':
        return {
          what: `${name} is private: runners clone actions without a token`,
          who,
          mend: `make it public at ${settings['forge-url']}/${name}/settings`,
        };
      case 'hidden':
        return {
          what: `${name} is public, but ${ownerOf(name)} is private, so runners are refused it: they clone actions without a right of their own`,
          who: `an owner of ${ownerOf(name)}`,
          mend: `set the visibility of ${ownerOf(name)} to limited or public in its settings, or take the roles from a public repository of somebody else with --forgecrew-repo`,
        };
      case 'missing':
        return {
          what: `there is no ${name}, where runners would find the roles`,
          who,
          mend: `make it, public and with nothing in it, or let forgecrew init --apply make it; then, in a clone of forgecrew, ${pushCommand(settings)}`,
        };
      case 'no-version':
        return {
          what: `${name} has no tag v${version}, which the pipelines name`,
          who,
          mend: `in a clone of forgecrew, ${pushCommand(settings)}`,
        };
    }
  });
}

function activationCheck(
  { 'ops-repo': name, 'woodpecker-url': url = '' }: DoctorSettings,
  { isActive }: DoctorState,
): Finding {
  return finding('woodpecker.active', `${name} is active in Woodpecker`, isActive, (active) =>
    active
      ? undefined
      : {
          what: `${name} is not active in Woodpecker: none of its pipelines runs`,
          who: `an admin of ${name}`,
          mend: `forgecrew init --apply, or Add repository at ${url}; if it was renamed on the forge, Repair repository in its settings there, under the name that it had`,
        },
  );
}
