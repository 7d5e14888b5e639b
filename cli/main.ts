import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { formatFault } from '../core/errors.ts';
import { parseSprint } from '../core/ops/sprint.ts';
import { logLine } from '../core/plain.ts';
import { version } from '../core/version.ts';

const program = new Command('forgecrew')
  .description('Agent roles for a self-hosted forge, run by its own CI.')
  .version(version)
  .showHelpAfterError();

program
  .command('lint')
  .description('Check sprint documents with the parser that files them; also usable as a pre-commit check.')
  .argument('<file...>', 'sprint documents (Markdown)')
  .action((files: string[]) => {
    process.exitCode = lint(files, (line) => process.stdout.write(`${logLine(line)}\n`));
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
    const parsed = parseSprint(file, bytes);
    if (parsed.kind === 'faulty') {
      for (const fault of parsed.faults) say(formatFault(fault));
      code = Math.max(code, 1);
    } else if (parsed.kind === 'no-block') {
      say(`${file}: no filer block, nothing to check`);
    } else {
      const { entries, vision } = parsed.sprint;
      say(
        `${file}: ${entries.length} ${entries.length === 1 ? 'entry' : 'entries'} for vision #${vision}, valid`,
      );
    }
  }
  return code;
}

program.parse();
