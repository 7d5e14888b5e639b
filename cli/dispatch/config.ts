import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import * as z from 'zod/mini';
import { repositoryShape, repositoryWords } from '../../core/accounts.ts';
import { agentName } from '../../core/agent/manifest.ts';
import { formatFault, UserError } from '../../core/errors.ts';
import { quoted } from '../../core/text/log-line.ts';
import { parseToml } from '../../core/toml.ts';
import type { platforms } from './entry.ts';

// The configuration of `forgecrew dispatch`: one file of the person, strict, and from where each value came.

const line = (most: number) =>
  z.string().check(z.minLength(1), z.maxLength(most), z.regex(/^[^\p{Cc}]*$/u, 'one line of text'));
const words = z.array(line(2000)).check(z.minLength(1), z.maxLength(50));
const url = z.string().check(z.maxLength(500), z.regex(/^https?:\/\/[^\s?#@]+$/, 'an http or https address'));
const folder = line(1000).check(z.regex(/^(?:~\/|\/)/, 'a path from / or from ~/'));

export const dispatchConfigSchema = z.strictObject({
  /** Where the forge is. */
  forge: z.optional(url),
  /** Whose issues may be dispatched, each with its host: `forge:acme`, `github:acme`. Anything else is refused before any request. */
  'allowed-owners': z
    .array(
      z
        .string()
        .check(
          z.regex(/^(?:forge|github):[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, 'forge:<owner> or github:<owner>'),
        ),
    )
    .check(z.minLength(1), z.maxLength(200)),
  /** Where the clone of a project is: `{owner}`, `{repo}` and `{host}` stand for those of the issue. */
  'repo-path': folder.check(z.regex(/\{repo\}/, 'a path with {repo} in it')),
  /** Where worktrees are made. */
  'worktree-root': z.optional(folder),
  /** Where logs and the registry are. */
  'log-root': z.optional(folder),
  /** Where forge-agent keeps who works on what, as owner/name. */
  'state-repo': z.optional(z.string().check(z.regex(repositoryShape, repositoryWords))),
  /** The file in which Claude Code keeps which folders it trusts. */
  'claude-config': z.optional(folder),
  /** The folder with the manifests of agents, as `agents/` of an ops repo has them. */
  agents: z.optional(folder),
  /** The agent of an issue that no label gives to one. */
  'default-agent': z.optional(z.string().check(z.regex(agentName, 'lower-case letters, digits and hyphens'))),
  /** As in the settings of forge-agent. */
  'label-prefix': z.optional(
    z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,19}$/, 'letters, digits and hyphens, at most 20')),
  ),
  /** A program that prints the token of the forge. */
  'token-command': z.optional(words),
  /** Opens watch and consult in a terminal of its own: a program to which the command is added. */
  'open-command': z.optional(words),
  /** What in a worktree does not count as work, as .gitignore has it. */
  'reap-ignore': z.optional(z.array(line(300)).check(z.maxLength(100))),
  /** Who is told that a dispatch has ended: a program that reads JSON, or an address that is sent it. */
  notify: z.optional(z.strictObject({ command: z.optional(words), webhook: z.optional(url) })),
  /** The model that isolated workers ask, through the dispatch. */
  engine: z.optional(
    z.strictObject({
      url: z.optional(url),
      api: z.optional(z.enum(['anthropic', 'openai'])),
      'key-command': z.optional(words),
    }),
  ),
  github: z.optional(z.strictObject({ api: z.optional(url), 'token-command': z.optional(words) })),
});
type Given = z.infer<typeof dispatchConfigSchema>;

/** Whose issues may be dispatched. */
export interface AllowedOwner {
  platform: (typeof platforms)[number];
  owner: string;
}

export interface DispatchConfig {
  file: string;
  forge: string;
  owners: AllowedOwner[];
  repoPath: string;
  worktreeRoot: string;
  logRoot: string;
  stateRepo: string | undefined;
  claudeConfig: string;
  agents: string;
  defaultAgent: string | undefined;
  labelPrefix: string;
  tokenCommand: string[] | undefined;
  openCommand: string[] | undefined;
  reapIgnore: string[];
  notify: { command?: string[] | undefined; webhook?: string | undefined };
  engine: { url: string | undefined; api: 'anthropic' | 'openai'; keyCommand: string[] | undefined };
  github: { api: string; tokenCommand: string[] | undefined };
}

/** A value, and where it came from; for people. */
export interface Shown {
  name: string;
  value: string;
  from: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const tokenVariable = 'FORGECREW_FORGE_TOKEN';
const githubVariable = 'FORGECREW_GITHUB_TOKEN';
const keyVariable = 'FORGECREW_ENGINE_KEY';
const forgeVariable = 'FORGECREW_FORGE_URL';

/** Variables that hold secrets: no worker is ever given one of them. */
const secretVariables = [tokenVariable, githubVariable, keyVariable] as const;

function configFile(environment: Environment): string {
  return path.join(
    xdgFolder(environment, 'XDG_CONFIG_HOME') ?? path.join(homeOf(environment), '.config'),
    'forgecrew',
    'config.toml',
  );
}

/** Reads it, with where each value came from. Throws, with every fault at its place, where it is not as its schema has it. */
export function readConfig(environment: Environment): { config: DispatchConfig; shown: Shown[] } {
  const file = configFile(environment);
  if (!existsSync(file))
    throw new UserError(
      `There is no configuration at ${file}.`,
      'Write one with forge, allowed-owners and repo-path: docs/dispatch.md shows it.',
    );
  return configFrom(file, readFileSync(file), environment);
}

/** The same from the bytes of a file; pure. */
export function configFrom(
  file: string,
  bytes: Uint8Array,
  environment: Environment,
): { config: DispatchConfig; shown: Shown[] } {
  const parsed = parseToml(file, bytes, dispatchConfigSchema, (document, fault) => {
    const forge = present(environment[forgeVariable]) ?? document.forge;
    if (forge === undefined && document['allowed-owners'].some((owner) => owner.startsWith('forge:')))
      fault(['allowed-owners'], '"forge" is missing, and owners of it are allowed');
    if (forge === undefined && document['state-repo'] !== undefined)
      fault(['state-repo'], '"forge" is missing, and the state repo is on it');
    if (document.notify?.command !== undefined && document.notify.webhook !== undefined)
      fault(['notify', 'webhook'], 'keep one of command and webhook');
  });
  if (!parsed.ok)
    throw new UserError(`The configuration cannot be used: ${parsed.faults.map(formatFault).join('; ')}`);
  return resolved(file, parsed.document, environment);
}

function resolved(
  file: string,
  given: Given,
  environment: Environment,
): { config: DispatchConfig; shown: Shown[] } {
  const shown: Shown[] = [];
  const home = homeOf(environment);
  /** Takes the first value that is there, and notes where it came from. */
  const take = <T>(name: string, ...places: [value: T | undefined, from: string][]): T | undefined => {
    const found = places.find(([value]) => value !== undefined);
    shown.push({
      name,
      value:
        found?.[0] === undefined
          ? '(none)'
          : typeof found[0] === 'string'
            ? found[0]
            : JSON.stringify(found[0]),
      from: found?.[1] ?? 'nowhere',
    });
    return found?.[0];
  };
  const own = <T>(name: string, value: T | undefined): [T | undefined, string] => [
    value,
    `${file} (${name})`,
  ];
  const usual = <T>(value: T): [T, string] => [value, 'default'];
  const within = (variable: string, usualFolder: string, ...rest: string[]): [string, string] => {
    const base = xdgFolder(environment, variable);
    return [
      path.join(base ?? path.join(home, usualFolder), 'forgecrew', ...rest),
      base === undefined ? 'default' : variable,
    ];
  };
  const place = (name: string, value: string | undefined): [string | undefined, string] =>
    own(
      name,
      value?.replace(/^~(?=\/)/, () => home),
    );
  const secret = (
    name: string,
    variable: string,
    command: readonly string[] | undefined,
    key: string,
  ): void => {
    const isSet = present(environment[variable]) !== undefined;
    shown.push({
      name,
      value: isSet || command !== undefined ? '(not shown)' : '(none)',
      from: isSet ? variable : command !== undefined ? `${file} (${key}: ${command[0]})` : 'nowhere',
    });
  };
  const forge =
    take('forge', [present(environment[forgeVariable]), forgeVariable], own('forge', given.forge)) ?? '';
  const owners = take('allowed-owners', own('allowed-owners', given['allowed-owners'])) ?? [];
  const config: DispatchConfig = {
    file,
    forge: forge.replace(/\/+$/, ''),
    owners: owners.map((text) => {
      const [host = '', owner = ''] = text.split(':');
      return { platform: host === 'github' ? 'github' : 'forgejo', owner };
    }),
    repoPath: take('repo-path', place('repo-path', given['repo-path'])) ?? '',
    worktreeRoot:
      take(
        'worktree-root',
        place('worktree-root', given['worktree-root']),
        within('XDG_DATA_HOME', '.local/share', 'worktrees'),
      ) ?? '',
    logRoot:
      take(
        'log-root',
        place('log-root', given['log-root']),
        within('XDG_STATE_HOME', '.local/state', 'dispatch'),
      ) ?? '',
    stateRepo: take('state-repo', own('state-repo', given['state-repo'])),
    claudeConfig:
      take(
        'claude-config',
        place('claude-config', given['claude-config']),
        [
          environment.CLAUDE_CONFIG_DIR === undefined || environment.CLAUDE_CONFIG_DIR === ''
            ? undefined
            : path.join(environment.CLAUDE_CONFIG_DIR, '.claude.json'),
          'CLAUDE_CONFIG_DIR',
        ],
        usual(path.join(home, '.claude.json')),
      ) ?? '',
    agents:
      take('agents', place('agents', given.agents), usual(path.join(path.dirname(file), 'agents'))) ?? '',
    defaultAgent: take('default-agent', own('default-agent', given['default-agent'])),
    labelPrefix: take('label-prefix', own('label-prefix', given['label-prefix']), usual('crew')) ?? '',
    tokenCommand: given['token-command'],
    openCommand: take('open-command', own('open-command', given['open-command'])),
    reapIgnore: take('reap-ignore', own('reap-ignore', given['reap-ignore']), usual<string[]>([])) ?? [],
    notify: take('notify', own('notify', given.notify), usual({})) ?? {},
    engine: {
      url: take('engine.url', own('engine.url', given.engine?.url)),
      api:
        take('engine.api', own('engine.api', given.engine?.api), usual('anthropic' as const)) ?? 'anthropic',
      keyCommand: given.engine?.['key-command'],
    },
    github: {
      api: take('github.api', own('github.api', given.github?.api), usual('https://api.github.com')) ?? '',
      tokenCommand: given.github?.['token-command'],
    },
  };
  secret('token', tokenVariable, given['token-command'], 'token-command');
  secret('github token', githubVariable, given.github?.['token-command'], 'github.token-command');
  secret('engine key', keyVariable, given.engine?.['key-command'], 'engine.key-command');
  return { config, shown };
}

/** The secrets of a dispatch; each is asked for when it is needed. */
export interface Secrets {
  token(): Promise<string>;
  githubToken(): Promise<string>;
  engineKey(): Promise<string | undefined>;
}

/** From the environment, or from the programs that the configuration names; a program is run once. */
export function secretsOf(config: DispatchConfig, environment: Environment): Secrets {
  const known = new Map<string, Promise<string | undefined>>();
  const secret = (variable: string, command: readonly string[] | undefined): Promise<string | undefined> => {
    let found = known.get(variable);
    if (found === undefined) {
      const given = present(environment[variable]);
      found =
        given !== undefined
          ? Promise.resolve(given)
          : command === undefined
            ? Promise.resolve(undefined)
            : printedBy(command, environment);
      known.set(variable, found);
    }
    return found;
  };
  const needed = async (found: Promise<string | undefined>, remedy: string): Promise<string> => {
    const value = await found;
    if (value === undefined) throw new UserError('There is no token.', remedy);
    return value;
  };
  return {
    token: () =>
      needed(
        secret(tokenVariable, config.tokenCommand),
        `Set ${tokenVariable}, or name a program that prints it with token-command in ${config.file}.`,
      ),
    githubToken: () =>
      needed(
        secret(githubVariable, config.github.tokenCommand),
        `Set ${githubVariable}, or name a program that prints it with github.token-command in ${config.file}.`,
      ),
    engineKey: () => secret(keyVariable, config.engine.keyCommand),
  };
}

async function printedBy(
  [command = '', ...args]: readonly string[],
  environment: Environment,
): Promise<string> {
  const { runChild } = await import('../../core/child.ts');
  const printed = await runChild({
    command,
    args,
    // A program that keeps secrets needs its person's environment: its agent, its display.
    environment: Object.fromEntries(
      Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    folder: '/',
    input: '',
    timeoutMs: 120_000,
    mostBytes: 64 * 1024,
  });
  const [token = ''] = printed.split('\n');
  if (token.trim() === '')
    throw new UserError(`${command} printed no token.`, 'It has to print the token as its first line.');
  return token.trim();
}

/** The environment without what is secret. */
export function withoutSecrets(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined ||
      (secretVariables as readonly string[]).includes(name) ||
      /^FORGECREW_.*_TOKEN$/.test(name)
        ? []
        : [[name, value]],
    ),
  );
}

/**
 * The home folder of whoever runs this. Throws where it is no absolute path: the configuration would be taken from the current
 * folder, which may be a clone of anybody's repository.
 */
export function homeOf(environment: Environment): string {
  const home = present(environment.HOME) ?? homedir();
  if (!path.isAbsolute(home))
    throw new UserError(
      `HOME names no folder from the root on: ${quoted(home)}.`,
      'Set HOME to your home folder, such as /home/ada.',
    );
  return home;
}

/** A folder of the XDG specification, which says that a relative one counts as not set. */
function xdgFolder(environment: Environment, variable: string): string | undefined {
  const folder = present(environment[variable]);
  return folder !== undefined && path.isAbsolute(folder) ? folder : undefined;
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
