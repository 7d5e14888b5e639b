import { Option } from 'commander';
import { repositoryShape, repositoryWords } from '../core/accounts.ts';
import type { ChangeName } from '../core/change.ts';
import { codeOf, UserError } from '../core/errors.ts';
import { printOut } from '../core/host/host.ts';
import type { Role, State } from '../core/role.ts';
import type { FlowSettings } from '../core/run.ts';
import { sourceCommit } from '../core/source-commit.ts';
import { logLine, quoted } from '../core/text/log-line.ts';
import type { ForgeAccess } from './forge.ts';

/** Said where the options of a command are not right. */
export const optionsRemedy =
  'The --help of the command lists its options. The token of the forge is taken from FORGECREW_FORGE_TOKEN, that of Woodpecker from FORGECREW_WOODPECKER_TOKEN.';

/** Runs what asks a forge, and turns what a person can mend into a line and exit code 2. */
export function asking(work: (say: (line: string) => void) => Promise<boolean | number>): Promise<void> {
  return coded(async (say) => {
    const result = await work(say);
    return typeof result === 'number' ? result : result ? 0 : 1;
  });
}

/** The same for what knows its exit code. */
export async function coded(work: (say: (line: string) => void) => Promise<number>): Promise<void> {
  const say = (line: string): void => printOut(`${logLine(line)}\n`);
  try {
    process.exitCode = await work(say);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const line of [...error.message.split('\n'), error.remedy]) if (line !== '') say(line);
    process.exitCode = 2;
  }
}

/**
 * Runs a command that is a role: read, plan, print, apply, as in CI, in this terminal. Ends with 2 where it could not even
 * look, and with 1 where something is not as it should be.
 */
export async function command<S extends FlowSettings, T extends State, K extends ChangeName>(
  load: () => Promise<Role<S, T, K>>,
  given: Record<string, string | undefined>,
): Promise<void> {
  await coded(async () => {
    const workingDirectory = currentFolder();
    const [role, { execute }] = await Promise.all([load(), import('../core/run.ts')]);
    const args = Object.entries(given).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [`--${name}=${value}`],
    );
    const { code, report } = await execute(role, {
      environment: {
        FORGECREW_FORGE_TOKEN: process.env.FORGECREW_FORGE_TOKEN,
        // Only for a command that has the setting: any other would refuse what it does not know.
        ...('woodpecker-token' in role.settings
          ? { FORGECREW_WOODPECKER_TOKEN: process.env.FORGECREW_WOODPECKER_TOKEN }
          : {}),
      },
      args,
      workingDirectory,
      print: (line) => printOut(`${line}\n`),
      now: () => new Date(),
      commit: sourceCommit(process.argv[1]),
      settingsRemedy: optionsRemedy,
    });
    return report === undefined || report.rounds.length === 0 ? 2 : code;
  });
}

/** The folder that the command was started in. Throws, with a remedy, where it was removed meanwhile. */
export function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new UserError(
      `The current folder cannot be told (${codeOf(error)}): it was removed or moved.`,
      'Go to a folder that is there, and run this again.',
    );
  }
}

/** The option that says which forge a command asks. */
export function forgeUrlOption(): Option {
  return new Option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)').default(
    process.env.FORGECREW_FORGE_URL,
  );
}

/** The options of a command that asks a forge. */
export interface ForgeOptions {
  opsRepo: string;
  forgeUrl?: string;
}

/** What it asks then: the token stands in no option, where every list of processes would show it. */
export function forgeOf({ opsRepo, forgeUrl }: ForgeOptions): ForgeAccess {
  if (forgeUrl === undefined || forgeUrl === '')
    throw new UserError('--forge-url is missing.', 'Give it as an option, or as FORGECREW_FORGE_URL.');
  // It becomes a part of addresses: what is none would ask for something else.
  if (!repositoryShape.test(opsRepo))
    throw new UserError(`--ops-repo is ${quoted(opsRepo)}.`, `Give it as ${repositoryWords}.`);
  const token = process.env.FORGECREW_FORGE_TOKEN ?? '';
  if (token === '')
    throw new UserError(
      'FORGECREW_FORGE_TOKEN is missing.',
      'The --help of the command says what the token needs.',
    );
  return { forgeUrl, repository: opsRepo, token };
}
