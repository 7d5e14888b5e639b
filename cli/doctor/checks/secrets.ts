import { formulaFolder } from '../../../core/vault/formula.ts';
import { cronJobsOf, pipelinesOf, purposeIn, withoutComments } from '../../factory/pipelines.ts';
import { secretsPage } from '../../factory/settings.ts';
import { sameSecret, tokensWanted } from '../../factory/tokens.ts';
import { broken, type Finding, finding, ok } from '../finding.ts';
import type { DoctorSettings, DoctorState } from '../state.ts';
import { namesIn } from './pipelines.ts';
import { oldest } from './tokens.ts';

/** How long a cron job may be due, in seconds, before its scheduler counts as stopped. */
const mostLate = 3600;

/** That vault-dispatch can start what runs on Woodpecker, where a formula does. */
function starterCheck(settings: DoctorSettings, { ops }: DoctorState, branch: string): Finding[] {
  const { 'ops-repo': name, 'forge-url': url } = settings;
  if (!settings.roles.includes('vault-dispatch') || ops.texts.kind === 'unknown') return [];
  const texts = [...ops.texts.value];
  const isNeeded = texts.some(
    ([file, text]) =>
      file.startsWith(`${formulaFolder}/`) && /^backend\s*=\s*"woodpecker-pipeline"/m.test(text),
  );
  const pipelines = texts.filter(([, text]) => purposeIn(text, 'vault-dispatch') === 'work');
  if (!isNeeded || pipelines.length === 0) return [];
  const without = pipelines.find(([, text]) => !withoutComments(text).includes('woodpecker_token:'));
  return [
    without === undefined
      ? ok('vault.starter', 'vault-dispatch has a token of Woodpecker to start formulas with')
      : broken(
          'vault.starter',
          `${without[0]} gives vault-dispatch no woodpecker_token, so it starts no formula that runs on Woodpecker`,
          {
            who: `an admin of ${name}`,
            mend: `store the token as forgecrew init lists it, then take away the # before woodpecker_token at ${url}/${name}/_edit/${branch}/${without[0]}`,
          },
        ),
  ];
}

/** Secrets by name and, on Woodpecker, by event; and what starts the roles by the clock there. */
export function secretChecks(settings: DoctorSettings, state: DoctorState): Finding[] {
  const { ci, 'ops-repo': ops } = settings;
  const names = namesIn(settings, state);
  const who = `an admin of ${ops}`;
  const page = secretsPage(settings, state.woodpeckerId);
  const ageOf = (secret: string): Finding[] => {
    const made = state.tokensMade.get(secret);
    // Of one that somebody made by hand nobody knows the name.
    if (made === undefined || (made.kind === 'known' && made.value === undefined)) return [];
    return [
      finding(
        `secret.${secret.toLowerCase()}.age`,
        `the token in the secret ${secret} is younger than a year`,
        made,
        (token) => {
          const age = Date.parse(state.now) - Date.parse(token?.created_at ?? state.now);
          return age <= oldest
            ? undefined
            : {
                what: `the token in the secret ${secret} is ${Math.floor(age / 86_400_000)} days old`,
                who,
                mend: `delete the secret at ${page}; forgecrew init --apply puts a new token there, and the old one is gone`,
              };
        },
      ),
    ];
  };
  const secrets = tokensWanted(names, { admin: 'the admin', sharesLabels: false }).flatMap(
    ({ secret, events }) => [
      finding(`secret.${secret.toLowerCase()}`, `${ops} has the secret ${secret}`, state.secrets, (all) =>
        all.some(({ name }) => sameSecret(name, secret))
          ? undefined
          : {
              what: `${ops} has no secret ${secret}`,
              who,
              mend: `forgecrew init --apply makes a token and puts it there, or ${page}`,
            },
      ),
      ...ageOf(secret),
      ...(events === undefined
        ? []
        : [
            finding(
              `secret.${secret}.events`,
              `the secret ${secret} is for ${events.join(' and ')}`,
              state.secrets,
              (all) => {
                const found = all.find(({ name }) => sameSecret(name, secret));
                const given = found?.events ?? [];
                const missing = events.filter((event) => !given.includes(event));
                const open = given.filter((event) => /^pull_request/.test(event));
                if (found === undefined || (missing.length === 0 && open.length === 0)) return undefined;
                return {
                  what:
                    open.length > 0
                      ? `the secret ${secret} is for ${open.join(', ')}: whoever opens a pull request can read it`
                      : `the secret ${secret} is not for ${missing.join(', ')}, so that pipeline stops`,
                  who,
                  mend: `set its events to ${events.join(', ')} at ${page}`,
                };
              },
            ),
          ]),
    ],
  );
  if (ci !== 'woodpecker') return secrets;
  const jobs = pipelinesOf(names, undefined)
    .filter(({ purpose }) => purpose === 'work')
    .flatMap(cronJobsOf);
  return [
    ...secrets,
    ...starterCheck(settings, state, names.branch),
    ...jobs.map(({ name, schedule }) =>
      finding(`cron.${name}`, `the cron job ${name} of ${ops} runs`, state.crons, (all) => {
        const found = all.find((item) => item.name === name);
        const mend = `forgecrew init --apply, or ${settings['woodpecker-url'] ?? ''} (${ops}, Settings, Crons)`;
        if (found === undefined)
          return { what: `${ops} has no cron job ${name}: nothing starts that role by the clock`, who, mend };
        if (found.enabled === false)
          return { what: `the cron job ${name} of ${ops} is switched off`, who, mend };
        const late = Date.parse(state.now) / 1000 - (found.next_exec ?? 0);
        return found.next_exec != null && found.next_exec > 0 && late > mostLate
          ? {
              what: `the cron job ${name} (${schedule}) is due since ${Math.floor(late / 60)} minutes: Woodpecker does not start it`,
              who: 'whoever runs Woodpecker',
              mend: 'look at its log, and start it again',
            }
          : undefined;
      }),
    ),
  ];
}
