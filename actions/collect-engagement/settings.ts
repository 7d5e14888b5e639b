import { UserError } from '../../core/errors.ts';
import { proposeSettings } from '../../core/propose.ts';
import {
  count,
  duration,
  filePath,
  flag,
  flowSettings,
  forgeUrl,
  listOf,
  oneOf,
  type SettingsFault,
  sharedSettings,
  text,
  token,
  type ValuesOf,
} from '../../core/settings.ts';
import { ownHostOf } from './log/hosts.ts';
import { isSshAddress, neededForSsh, parseSshSource } from './log/ssh-address.ts';

/** Caddy's own names for how its encoder writes times; a text is read as what it is, whatever is set here. */
export const timeFormats = {
  auto: 1,
  unix_seconds_float: 1,
  unix_milli_float: 1e3,
  unix_nano: 1e9,
  iso8601: 1,
  rfc3339: 1,
  rfc3339_nano: 1,
  common_log: 1,
};

/** Caddy's own names for how its encoder writes durations, the short ones too. */
export const durationFormats = {
  auto: 1,
  seconds: 1,
  second: 1,
  s: 1,
  millis: 1e3,
  milli: 1e3,
  ms: 1e3,
  nanos: 1e9,
  nano: 1e9,
  ns: 1e9,
  string: 1,
};

function keysOf<T extends object>(values: T): (keyof T & string)[] {
  return Object.keys(values) as (keyof T & string)[];
}

/** A share between 0 and 1. */
function share(value: string): number {
  const number = Number(value);
  if (/^(?:0|1|0?\.\d{1,6}|0\.\d{1,6})$/.test(value) && number <= 1) return number;
  throw new UserError('expected a share such as 0.05');
}

export const settings = {
  ...flowSettings,
  'forge-login': sharedSettings['forge-login'],
  'ops-repo': sharedSettings['ops-repo'],
  'ops-branch': sharedSettings['ops-branch'],
  // Only committing needs the forge; `commit: none` runs without one.
  'forge-url': forgeUrl({
    description: 'Where the forge is. Needed to commit, and to verify.',
    fallback: { fact: 'forgeUrl', name: "the CI's forge" },
  }),
  'forge-token': token({
    description:
      'Access token of the account that commits, from a CI secret. Needed to commit, and to verify.',
  }),
  mode: oneOf(['collect', 'verify-observable'], {
    description:
      '`collect` makes the evidence of a day; `verify-observable` says whether there is evidence, for pipelines that deploy.',
    default: 'collect',
  }),
  // A path, a pattern or an address: nothing is decided here but that it has no control characters.
  source: listOf(filePath, {
    description:
      "The web server's access logs: paths in the workspace or absolute, with `*`, `?` and `**`; plain, `.gz` or `.zst`; or `ssh://user@host[:port]`.",
    default: '',
  }),
  'client-source': listOf(filePath, {
    description:
      'Logs of client beacons, a JSON line each: `{"t":<unix seconds>,"type":"dwell|scroll|exit","path":"/x","value":<number>,"ref":"<host>"}`. Paths or addresses as in source.',
    default: '',
  }),
  'ssh-key': text({
    description: 'The private key for `ssh://`, from a CI secret: its text, or the path of its file.',
    secret: true,
  }),
  'ssh-known-hosts': text({
    description:
      'The known_hosts lines of the machines in source: their text, or the path of a file. A host that is not in it, or has another key, is refused.',
  }),
  date: text({ description: 'The day to collect, as YYYY-MM-DD, in UTC. Without it, yesterday.' }),
  commit: oneOf(['auto', 'direct', 'pull', 'none'], {
    description:
      '`direct` commits to the ops branch; `pull` opens one pull request, which takes in each day until it is merged; `auto` is direct where the branch takes it, and otherwise a pull request; `none` writes evidence-file only.',
    default: 'auto',
  }),
  ...proposeSettings,
  'evidence-file': filePath({
    description:
      'Where in the workspace the evidence goes as well; with `commit: none`, engagement.json without it.',
  }),
  'own-hosts': listOf(text, {
    description:
      'Hosts that are yours: coming from there is no referral. `*.site.example` is that host and all below it. The host that was asked always is.',
    default: '',
  }),
  top: count({ description: 'How many pages and referrers are named.', default: '10' }),
  'time-format': oneOf(keysOf(timeFormats), {
    description:
      "What a number in `ts` means, in Caddy's words; `auto` is seconds. A text with a zone is read as it is; one without (`wall`) is refused, because nobody can say which day it was.",
    default: 'auto',
  }),
  'duration-format': oneOf(keysOf(durationFormats), {
    description: "What a number in `duration` means, in Caddy's words; `auto` is seconds.",
    default: 'auto',
  }),
  'max-bad-share': {
    description: 'More lines of the day than this share that are no records: the log is refused.',
    default: '0.05',
    read: share,
  },
  days: count({
    description: 'With `verify-observable`: for how many days, up to yesterday, there has to be evidence.',
    default: '1',
  }),
  'max-silence': duration({
    description:
      'With `verify-observable` and source: how long ago the newest record of the log may be at most.',
    default: '24h',
  }),
  advisory: flag({
    description: 'With `verify-observable`: say what is missing, and stay green.',
    default: 'false',
  }),
};

type Given = ValuesOf<typeof settings>;

/** Where in the workspace the evidence is written to; undefined where it goes to the forge only. */
export function evidenceFileOf(given: Given): string | undefined {
  return given['evidence-file'] ?? (given.commit === 'none' ? 'engagement.json' : undefined);
}

/** What these settings ask for and do not give, all of it, as sentences with their remedies. */
export function faults(given: Given): SettingsFault[] {
  const usesForge = given.mode === 'verify-observable' || given.commit !== 'none';
  return [
    ...sourceFaults(given),
    ...(usesForge ? forgeFaults(given) : []),
    ...sshFaults(given),
    ...hostFaults(given),
  ];
}

/** Without a log there is nothing to collect. */
export function sourceFaults({ mode, source }: Given): SettingsFault[] {
  return mode === 'collect' && source.length === 0
    ? [
        {
          settings: ['source'],
          message: 'missing. Name the access log: a path, a pattern, or ssh://user@host.',
        },
      ]
    : [];
}

/** What is missing to ask the forge, in a run that has to. */
export function forgeFaults(given: Given): SettingsFault[] {
  const missing = (['forge-url', 'forge-token', 'ops-repo'] as const).filter(
    (name) => given[name] === undefined,
  );
  if (missing.length === 0) return [];
  return [
    {
      settings: missing,
      message:
        given.mode === 'verify-observable'
          ? 'missing. mode: verify-observable reads the evidence from the forge.'
          : `missing. commit: ${given.commit} needs it; with commit: none the forge is not asked.`,
    },
  ];
}

/** Addresses that are none, and what is missing to read from the others. */
function sshFaults(given: Given): SettingsFault[] {
  const addresses = [...given.source, ...given['client-source']].filter(isSshAddress);
  const secrets = { key: given['ssh-key'], knownHosts: given['ssh-known-hosts'] };
  return [
    ...addresses.flatMap((address) => refusalOf(() => parseSshSource(address))),
    ...(addresses.length === 0 ? [] : refusalOf(() => neededForSsh(secrets))),
  ];
}

/** What stands among our hosts and is none: coming from there would be counted as a referral. */
function hostFaults(given: Given): SettingsFault[] {
  return given['own-hosts']
    .filter((host) => ownHostOf(host) === undefined)
    .map((host) => ({
      settings: ['own-hosts'],
      message: `${JSON.stringify(host)} is no host. Write site.example, or *.site.example for it and all hosts below it.`,
    }));
}

/** What a check says when it refuses. */
function refusalOf(check: () => unknown): SettingsFault[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof UserError)
      // The same check is made while reading, where the name of the setting stands in front.
      return [{ settings: ['source'], message: `${error.message.replace(/^source: /, '')} ${error.remedy}` }];
    throw error;
  }
}
