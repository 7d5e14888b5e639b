import { type ChildEnd, runToEnd } from '../../core/child.ts';
import { UserError } from '../../core/errors.ts';
import { whyOf } from '../../core/git.ts';

// Git as the person's own program, in the person's own checkout: `core/git.ts` keeps everything of the person out, but fetching
// needs their credentials, their proxies and their keys, and checking out needs their filters (large files).

export interface OwnGit {
  /** Runs it in a folder, whatever its exit code. */
  end(folder: string, args: string[]): Promise<ChildEnd>;
  /** The same; anything but success is an error that says what was tried. */
  run(folder: string, args: string[]): Promise<string>;
}

/** What holds for every call, after all configuration of the person and of the checkout. */
const settings: readonly [name: string, value: string][] = [
  // A checkout's `core.hooksPath` may name a folder of the project itself: a branch of somebody else would then run here.
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  // No work of its own in the background: a collection that prunes while somebody looks would be our doing.
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // Only what is named is fetched, and nothing is taken away.
  ['fetch.prune', 'false'],
  ['fetch.pruneTags', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['submodule.recurse', 'false'],
  ['advice.detachedHead', 'false'],
];

/** Variables of git that say who is asked for credentials and how a server is reached; every other one is left out. */
const kept =
  /^GIT_(?:SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|SSL_.*|PROXY_.*|HTTP_.*)$/;

/** Git with the person's environment. */
export function openOwnGit(environment: Readonly<Record<string, string | undefined>>): OwnGit {
  const own: Record<string, string> = {};
  // Started from a hook, GIT_DIR and its like name another repository than the one that is meant.
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && (!name.startsWith('GIT_') || kept.test(name))) own[name] = value;
  Object.assign(own, {
    LC_ALL: 'C',
    // It has no terminal: a question would never be answered.
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(settings.length),
  });
  for (const [index, [name, value]] of settings.entries()) {
    own[`GIT_CONFIG_KEY_${index}`] = name;
    own[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  const end = (folder: string, args: string[]): Promise<ChildEnd> =>
    runToEnd({
      command: 'git',
      args: ['-C', folder, ...args],
      environment: own,
      folder: '/',
      input: '',
      timeoutMs: 10 * 60_000,
      mostBytes: 16 * 1024 * 1024,
    });
  return {
    end,
    async run(folder, args) {
      const ended = await end(folder, args);
      if (ended.code === 0 && ended.overran === undefined) return ended.stdout.toString('utf8');
      throw new UserError(
        `git ${args[0] ?? ''} ${whyOf(ended)}`,
        `Try it by hand in ${folder}: git ${args[0] ?? ''}.`,
      );
    },
  };
}
