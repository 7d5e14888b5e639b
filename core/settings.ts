import { UserError } from './errors.ts';
import type { Host, HostFacts } from './host/host.ts';
import { quoted } from './text/log-line.ts';

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
  /** What CI says, when nothing is given; `said` is how the tables call it. */
  fallback?: { fact: keyof HostFacts; said: string };
  required?: boolean;
  /** Masked everywhere before anything else happens. */
  secret?: boolean;
}

export type Settings = Record<string, Setting<unknown>>;
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

export function text<O extends Options>(options: O): Setting<Given<string, O>> {
  return setting(options, (value) => value);
}

/** The name of a label: what the forge's label filter can be asked for. */
export function labelName<O extends Options>(options: O): Setting<Given<string, O>> {
  return matching(/^[^,\p{C}]{1,50}$/u, 'a label name of 1 to 50 characters without a comma', options);
}

/** A relative or absolute path. */
export function filePath<O extends Options>(options: O): Setting<Given<string, O>> {
  return matching(/^[^\p{Cc}]+$/u, 'a path', options);
}

export function login<O extends Options>(options: O): Setting<Given<string, O>> {
  return matching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, 'an account name', options);
}

export function repository<O extends Options>(options: O): Setting<Given<string, O>> {
  return matching(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\/[A-Za-z0-9_.-]+$/, 'owner/name', options);
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

export function flag<O extends Options>(options: O): Setting<Given<boolean, O>> {
  return setting(options, (value) =>
    value === 'true' ? true : value === 'false' ? false : expected('true or false'),
  );
}

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

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };

/** A span of time such as `90s`, `10m` or `2h`, in milliseconds. */
export function duration<O extends Options>(options: O): Setting<Given<number, O>> {
  return setting(options, (value) => {
    const parts = /^(\d{1,6})([smh])$/.exec(value);
    const factor = units[parts?.[2] ?? ''];
    if (factor === undefined || Number(parts?.[1]) === 0)
      return expected('a duration such as 90s, 10m or 2h');
    return Number(parts?.[1]) * factor;
  });
}

/** Where a forge is: http or https, an optional sub-path, and nothing that a token could leak through. */
export function forgeUrl<O extends Options>(options: O): Setting<Given<string, O>> {
  return setting(options, (value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) return expected('an http or https URL');
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
      return expected('a URL without user, password, query or fragment');
    return value.replace(/\/+$/, '');
  });
}

/** What every role takes. A role may make some of them required, or change a default, by spreading over this. */
export const sharedSettings = {
  'forge-url': forgeUrl({
    description: 'Where the forge is.',
    required: true,
    fallback: { fact: 'forgeUrl', said: "the CI's forge" },
  }),
  'forge-token': text({
    description: 'Access token of the account that the role works as, from a CI secret.',
    required: true,
    secret: true,
  }),
  'forge-login': login({
    description: 'The account that the token must belong to; anything else is refused.',
  }),
  'ops-repo': repository({
    description: 'The repository with the documents, as owner/name.',
    fallback: { fact: 'repository', said: 'the repository CI runs for' },
  }),
  'ops-branch': text({
    description: 'The branch of the ops repo that counts.',
    fallback: { fact: 'defaultBranch', said: 'the default branch' },
  }),
  'project-repo': repository({ description: 'The repository with the issues, as owner/name.' }),
  bots: listOf(login, {
    description:
      'Accounts that never approve or decide; our own is always one. Roles that ask nobody ignore it.',
    default: '',
  }),
  'dry-run': flag({ description: 'Print the plan and change nothing.', default: 'false' }),
  'result-file': filePath({ description: 'Also write the outcome as JSON to this file, for later steps.' }),
  'log-level': oneOf(['info', 'debug'], {
    description: '`debug` also prints every kept item and every request.',
    default: 'info',
  }),
  deadline: duration({ description: 'How long the run may take, such as `90s` or `10m`.', default: '10m' }),
};

/** For roles that start or follow pipelines of Woodpecker. */
export const woodpeckerSettings = {
  'woodpecker-url': forgeUrl({
    description: 'Where Woodpecker is, for formulas that run there.',
    fallback: { fact: 'woodpeckerUrl', said: 'the Woodpecker it runs on' },
  }),
  'woodpecker-token': text({
    description:
      'Personal access token of the account that starts pipelines there; it is sent to Woodpecker only. Such a token can do everything its account can.',
    secret: true,
  }),
};

/** `PLUGIN_` and `INPUT_` names are upper case; what is compared is lower case with hyphens. */
function nearest(name: string, known: string[]): string | undefined {
  const letters = (word: string): string => word.replace(/[^a-z0-9]/g, '');
  return (
    known.find((item) => letters(item) === letters(name)) ??
    known.find((item) => letters(item).includes(letters(name)) || letters(name).includes(letters(item)))
  );
}

/** A value as it may be shown: of an address never the user and password. */
function withoutLogin(value: string): string {
  return value.replace(/\/\/[^/\s]*@/g, '//***@');
}

/**
 * All settings of a role, or one error that lists every fault.
 *
 * On a pull request's own copy of the pipeline there are no secrets, and the role only validates: what is required
 * for real work is then not missed, and reads as the empty text.
 */
export function parseSettings<S extends Settings>(settings: S, host: Host): ValuesOf<S> {
  const known = Object.keys(settings);
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(settings)) {
    const fromCi = spec.fallback === undefined ? undefined : host.facts[spec.fallback.fact];
    const given = host.setting(name) ?? spec.default ?? (typeof fromCi === 'string' ? fromCi : undefined);
    if (given === undefined) {
      if (spec.required === true && !host.facts.isPullRequest)
        faults.push(`${name}: missing. ${spec.description}`);
      continue;
    }
    try {
      values[name] = spec.read(given);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(
        `${name}: ${error.message}, got ${spec.secret === true ? 'something else' : quoted(withoutLogin(given))}.`,
      );
    }
  }
  for (const name of host.givenSettings()) {
    if (known.some((item) => item.replaceAll('-', '_') === name.replaceAll('-', '_'))) continue;
    const near = nearest(name, known);
    faults.push(`${name}: no such setting.${near === undefined ? '' : ` Did you mean ${near}?`}`);
  }
  if (faults.length > 0) {
    throw new UserError(
      `${faults.length} ${faults.length === 1 ? 'setting is' : 'settings are'} not right:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
      host.name === 'terminal'
        ? "The role's README lists every setting; in a terminal each is an environment variable, such as FORGECREW_FORGE_URL."
        : "The role's README lists every setting.",
    );
  }
  return values as ValuesOf<S>;
}
