import type { Command } from 'commander';
import { printOut } from '../../core/host/host.ts';
import { logLine } from '../../core/text/log-line.ts';
import { lint } from './lint.ts';

/** `forgecrew lint` */
export function addLint(program: Command): void {
  program
    .command('lint')
    .description(
      'Check sprint documents, vault documents, agents and forgecrew.toml with the parsers that the roles use; also usable as a pre-commit check.',
    )
    .argument(
      '<file...>',
      'sprint documents (Markdown); vault actions, formulas, policy, agents and forgecrew.toml (TOML)',
    )
    .action((files: string[]) => {
      process.exitCode = lint(files, (line) => printOut(`${logLine(line)}\n`));
    });
}
