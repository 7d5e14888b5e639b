import { repositoryShape, repositoryWords } from './accounts.ts';
import { UserError } from './errors.ts';
import type { Host, HostFacts } from './host/host.ts';
import { isTokenLike } from './text/characters.ts';
import { quoted } from './text/log-line.ts';
import { nearest } from './text/nearest.ts';

/**
 * One setting, declared once: the doors' inputs, the tables in the documents and the parsing all come from it.
 * Every value arrives as text, whatever the host; the empty text means "not given".
 */
export interface Setting<T> {
  description: string;
  /** Turns the text into the value, or says what was expected. */
  read: (text: string) => T;
  /** Used when nothing is given, as text, just as a person would write it. */
  default?: string;
  /** What CI says, when nothing is given; `name` is how the tables call it. */
  fallback?: { fact: keyof HostFacts; name: string };
  required?: boolean;
  /** Masked everywhere before anything else happens. */
  secret?: boolean;
}

export type Settings = Record<string, Setting<unknown>>;

/** What is wrong between several settings, or with one where another is as it is. */
export interface SettingsFault {
  /** Their names: said first, and left out where one of them is wrong by itself. */
  settings: string[];
  /** What is wrong and what to do, as sentences. */
  message: string;
}

export type ValuesOf<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

type Options = Omit<Setting<unknown>, 'read'>;
type Given<T, O extends Options> = O extends { required: true } | { default: string } ? T : T | undefined;

/** Wraps a reader so that an optional setting without a value reads as `undefined`; `parseSettings` never calls it then. */
function setting<T, O extends Options>(options: O, read: (text: string) => T): Setting<Given<T, O>> {
  return { ...options, read } as Setting<unknown> as Setting<Given<T, O>>;
}

function expected(what: string): never {
  throw new UserError(`expected ${what}`);
}

function shaped(pattern: RegExp, what: string): (text: string) => string {
  return (text) => (pattern.test(text) ? text : expected(what));
}

/** Text of one shape, which is said in words. */
export function matching<O extends Options>(
  pattern: RegExp,
  what: string,
  options: O,
): Setting<Given<string, O>> {
  return setting(options, shaped(pattern, what));
}

/** Any text. */
export function text<O extends Options>(options: O): Setting<Given<string, O>> {
  return setting(options, (value) => value);
}

/**
 * An access token or a key, masked everywhere. It comes from a file or a form more often than from a keyboard: line ends, blanks
 * and a byte order mark around it are no part of it. Whatever else no token has is refused, before it is sent to anybody.
 */
export function token<O extends Options>(options: O): Setting<Given<string, O & { secret: true }>> {
  return setting({ ...options, secret: true as const }, (value) => {
    const bare = value.trim();
    return isTokenLike(bare)
      ? bare
      : expected('a token of letters, digits and signs on one line, without blanks and quotation marks');
  });
}

/** The name of a branch, as far as its characters tell. */
export function branchName<O extends Options>(options: O): Setting<Given<string, O>> {
  return matching(/^[^\s\p{C}~^:?*[\\]{1,250}$/u, 'the name of a branch', options);
}

/** Text that says something: what has no visible character is a variable that somebody forgot to fill. */
export function words<O extends Options>(options: O, most: number): Setting<Given<string, O>> {
  return setting(options, (value) =>
    value.length <= most && /[^\s\p{C}]/u.test(value)
      ? value.toWellFormed()
      : expected(`a text of at most ${most} characters that is not blank`),
  );
}

/** The name of a label: what the forge's label filter can be asked for. */
export function labelName<O extends Options>(options: O): Setting<Given<string, O>> {
  return matching(/^[^,\p{C}]{1,50}$/u, 'a label name of 1 to 50 characters without a comma', options);
}

/** A relative or absolute path. */
export function filePath<O extends Options>(options: O): Setting<Given<string, O>> {
  return matching(/^[^\p{Cc}]+$/u, 'a path', options);
}

/** The name of an account. */
export function login<O extends Options>(options: O): Setting<Given<string, O>> {
  return matching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, 'an account name', options);
}

/** The full name of a repository: `owner/name`. */
export function repository<O extends Options>(options: O): Setting<Given<string, O>> {
  return matching(repositoryShape, repositoryWords, options);
}

/** A whole number from `least` up, or `off` where zero is meant in words. */
export function count<O extends Options>(options: O, least = 1): Setting<Given<number, O>> {
  return setting(options, (value) =>
    /^\d{1,9}$/.test(value) && Number(value) >= least
      ? Number(value)
      : expected(`a whole number of at least ${least}`),
  );
}

/** An amount of money in whatever currency the prices are in: up to six decimals, never negative. */
export function amount<O extends Options>(options: O): Setting<Given<number, O>> {
  return setting(options, (value) =>
    /^\d{1,6}(\.\d{1,6})?$/.test(value) ? Number(value) : expected('an amount such as 2 or 0.50'),
  );
}

/** `true` or `false`, and nothing else that may mean either. */
export function flag<O extends Options>(options: O): Setting<Given<boolean, O>> {
  return setting(options, (value) =>
    value === 'true' ? true : value === 'false' ? false : expected('true or false'),
  );
}

/** One of some words. */
export function oneOf<const V extends string, O extends Options>(
  values: readonly V[],
  options: O,
): Setting<Given<V, O>> {
  return setting(options, (value) => values.find((item) => item === value) ?? expected(values.join(' or ')));
}

/** Several values: separated by commas or line ends (Woodpecker joins a YAML list with commas). */
export function listOf<T, O extends Options>(
  item: (options: Options) => Setting<T>,
  options: O,
): Setting<Given<Exclude<T, undefined>[], O>> {
  const { read } = item({ description: '' });
  return setting(options, (value) =>
    value
      .split(/[,\n]/)
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part) => read(part) as Exclude<T, undefined>),
  );
}

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span of time such as `90s`, `10m`, `2h` or `7d`, in milliseconds. */
export function duration<O extends Options>(options: O): Setting<Given<number, O>> {
  return setting(options, (value) => {
    const parts = /^(\d{1,6})([smhd])$/.exec(value);
    const factor = units[parts?.[2] ?? ''];
    if (factor === undefined || Number(parts?.[1]) === 0)
      return expected('a duration such as 90s, 10m, 2h or 7d');
    return Number(parts?.[1]) * factor;
  });
}

/** Where a forge is: http or https, an optional sub-path, and nothing that a token could leak through. */
export function forgeUrl<O extends Options>(options: O): Setting<Given<string, O>> {
  return setting(options, (value) => {
    // The parser of URLs forgives blanks and line ends around it, and nobody else does.
    const given = value.trim();
    const url = !/\s/.test(given) && URL.canParse(given) ? new URL(given) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) return expected('an http or https URL');
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
      return expected('a URL without user, password, query or fragment');
    return given.replace(/\/+$/, '');
  });
}

/** What the loop itself uses, so that every role has it. A role may change a default by spreading over it. */
export const flowSettings = {
  'forge-url': forgeUrl({
    description: 'Where the forge is.',
    required: true,
    fallback: { fact: 'forgeUrl', name: "the CI's forge" },
  }),
  'forge-ca': filePath({
    description:
      'A file in PEM with further certificate authorities, for a forge whose certificate is not signed by a public one.',
  }),
  'forge-token': token({
    description: 'Access token of the account that the role works as, from a CI secret.',
    required: true,
  }),
  'dry-run': flag({ description: 'Print the plan and change nothing.', default: 'false' }),
  'result-file': filePath({ description: 'Also write the outcome as JSON to this file, for later steps.' }),
  'log-level': oneOf(['info', 'debug'], {
    description: '`debug` also prints every kept item and every request.',
    default: 'info',
  }),
  deadline: duration({ description: 'How long the run may take, such as `90s` or `10m`.', default: '10m' }),
};

/** The ops repo, for a role that has to know one: where nobody names it, it is the repository that CI runs for. */
export function opsRepo(description: string) {
  return repository({
    description,
    required: true,
    fallback: { fact: 'repository', name: 'the repository CI runs for' },
  });
}

/**
 * Settings that mean the same wherever they are. A role takes those that it reads, by name, and no others: an input that
 * does nothing is a promise nobody keeps.
 */
export const sharedSettings = {
  'forge-login': login({
    description: 'The account that the token must belong to; anything else is refused.',
  }),
  'ops-repo': repository({
    description: 'The repository with the documents, as owner/name.',
    fallback: { fact: 'repository', name: 'the repository CI runs for' },
  }),
  'ops-branch': branchName({
    description: 'The branch of the ops repo that counts.',
    fallback: { fact: 'defaultBranch', name: 'the default branch' },
  }),
  'project-repo': repository({ description: 'The repository with the issues, as owner/name.' }),
  bots: listOf(login, {
    description:
      'Accounts that never approve or decide, with those that forgecrew.toml of the ops repo names; our own is always one.',
    default: '',
  }),
};

/** For roles that start or follow pipelines of Woodpecker. */
export const woodpeckerSettings = {
  'woodpecker-url': forgeUrl({
    description: 'Where Woodpecker is, for formulas that run there.',
    fallback: { fact: 'woodpeckerUrl', name: 'the Woodpecker it runs on' },
  }),
  'woodpecker-token': token({
    description:
      'Personal access token of the account that starts pipelines there; it is sent to Woodpecker only. Such a token can do everything its account can.',
  }),
};

/** A value as it may be shown: of an address never the user and password. */
function withoutLogin(value: string): string {
  return value.replace(/\/\/[^/\s]*@/g, '//***@');
}

/**
 * All settings of a role, or one error that lists every fault, those between several settings among them.
 *
 * On a pull request's own copy of the pipeline there are no secrets, and the role only validates: what is required
 * for real work is then not missed, and reads as the empty text. `remedy` says where the settings are listed; the default is
 * that of a role.
 */
export function parseSettings<S extends Settings>(
  role: { settings: S; faults?(settings: ValuesOf<S>): SettingsFault[] },
  host: Host,
  remedy = readmeOf(host),
): ValuesOf<S> {
  const known = Object.keys(role.settings);
  const faults: SettingsFault[] = [];
  const fault = (name: string, message: string): void => void faults.push({ settings: [name], message });
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(role.settings)) {
    const fromCi = spec.fallback === undefined ? undefined : host.facts[spec.fallback.fact];
    const given = host.setting(name) ?? spec.default ?? (typeof fromCi === 'string' ? fromCi : undefined);
    if (given === undefined) {
      if (spec.required === true && !host.facts.isPullRequest) fault(name, `missing. ${spec.description}`);
      continue;
    }
    try {
      values[name] = spec.read(given);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      fault(
        name,
        `${error.message}, got ${spec.secret === true ? 'something else' : quoted(withoutLogin(given))}.`,
      );
    }
  }
  for (const name of host.givenSettings()) {
    if (known.some((item) => item.replaceAll('-', '_') === name.replaceAll('-', '_'))) continue;
    const near = nearest(name, known);
    fault(name, `no such setting.${near === undefined ? '' : ` Did you mean ${near}?`}`);
  }
  const settings = values as ValuesOf<S>;
  const wrong = new Set(faults.flatMap((item) => item.settings));
  if (!host.facts.isPullRequest)
    // What cannot be read by itself is absent here; what is said of it twice would only confuse.
    faults.push(
      ...(role.faults?.(settings) ?? []).filter((item) => !item.settings.some((name) => wrong.has(name))),
    );
  if (faults.length === 0) return settings;
  throw new UserError(
    `${faults.length} ${faults.length === 1 ? 'setting is' : 'settings are'} not right:\n${faults.map(({ settings: names, message }) => `  ${names.join(', ')}: ${message}`).join('\n')}`,
    remedy,
  );
}

function readmeOf({ name }: Host): string {
  return name === 'terminal'
    ? "The role's README lists every setting; in a terminal each is an environment variable, such as FORGECREW_FORGE_URL."
    : "The role's README lists every setting.";
}
