import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { type Fault, formatFault, UserError } from '../core/errors.ts';
import { parseFormula } from '../core/ops/formula.ts';
import { parsePolicy } from '../core/ops/policy.ts';
import { parseSprint } from '../core/ops/sprint.ts';
import { parseVaultAction } from '../core/ops/vault-action.ts';
import { logLine } from '../core/plain.ts';
import { version } from '../core/version.ts';

const program = new Command('forgecrew')
  .description('Agent roles for a self-hosted forge, run by its own CI.')
  .version(version)
  .showHelpAfterError();

program
  .command('lint')
  .description(
    'Check sprint documents and vault documents with the parsers that the roles use; also usable as a pre-commit check.',
  )
  .argument('<file...>', 'sprint documents (Markdown); vault actions, formulas and policy (TOML)')
  .action((files: string[]) => {
    process.exitCode = lint(files, (line) => process.stdout.write(`${logLine(line)}\n`));
  });

program
  .command('explain')
  .description('Tell the whole life of one vault action, from the forge alone.')
  .argument('<id>', 'the id of the action')
  .requiredOption('--ops-repo <owner/name>', 'where the action is')
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
  .addHelpText('after', '\nThe token is taken from FORGECREW_FORGE_TOKEN; it needs read:repository.')
  .action(async (id: string, options: { opsRepo: string; forgeUrl?: string }) => {
    const say = (line: string): void => void process.stdout.write(`${logLine(line)}\n`);
    // Only here is the forge asked: checking a document loads none of this.
    const { explain, required } = await import('./explain.ts');
    try {
      const known = await explain(
        {
          id,
          repository: options.opsRepo,
          forgeUrl: required(options.forgeUrl, '--forge-url'),
          token: process.env.FORGECREW_FORGE_TOKEN ?? '',
        },
        say,
      );
      process.exitCode = known ? 0 : 1;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      for (const line of [error.message, error.remedy]) if (line !== '') say(line);
      process.exitCode = 2;
    }
  });

/** Prints one line per fault, or one per good document; 1 when there is any fault, 2 when a file cannot be read. */
function lint(files: string[], say: (line: string) => void): number {
  let code = 0;
  for (const file of files) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      say(`${file}: cannot be read (${error instanceof Error && 'code' in error ? error.code : error})`);
      code = 2;
      continue;
    }
    const { faults, said } = file.endsWith('.toml') ? checkVault(file, bytes) : checkSprint(file, bytes);
    for (const fault of faults) say(formatFault(fault));
    if (faults.length > 0) code = Math.max(code, 1);
    else say(`${file}: ${said}`);
  }
  return code;
}

function checkSprint(file: string, bytes: Uint8Array): { faults: Fault[]; said: string } {
  const parsed = parseSprint(file, bytes);
  if (parsed.kind === 'faulty') return { faults: parsed.faults, said: '' };
  if (parsed.kind === 'no-block') return { faults: [], said: 'no filer block, nothing to check' };
  const { entries, vision } = parsed.sprint;
  return {
    faults: [],
    said: `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'} for vision #${vision}, valid`,
  };
}

/** Which document of the vault a file is, its place says: `policy.toml`, below `formulas/`, otherwise an action. */
function checkVault(file: string, bytes: Uint8Array): { faults: Fault[]; said: string } {
  const [kind, parsed] =
    path.basename(file) === 'policy.toml'
      ? ['policy', parsePolicy(file, bytes)]
      : path.basename(path.dirname(path.resolve(file))) === 'formulas'
        ? ['formula', parseFormula(file, bytes)]
        : ['action', parseVaultAction(file, bytes)];
  return { faults: parsed.ok ? [] : parsed.faults, said: `${kind}, valid` };
}

await program.parseAsync();
