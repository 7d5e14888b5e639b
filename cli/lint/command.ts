import type { Command } from 'commander';
import { logLine } from '../../core/text/log-line.ts';
import { lint } from './lint.ts';

/** `forgecrew lint` */
export function addLint(program: Command): void {
  program
    .command('lint')
    .description(
      'Check the documents of an ops repo with the parsers that the roles use: all of them below a folder, or single files; also usable as a pre-commit check.',
    )
    .argument(
      '<path...>',
      'a folder of an ops repo; or sprint documents and the prerequisite tree (Markdown), vault actions, formulas, policies, agents and forgecrew.toml (TOML)',
    )
    .action((files: string[]) => {
      process.exitCode = lint(files, (line) => process.stdout.write(`${logLine(line)}\n`));
    });
}
