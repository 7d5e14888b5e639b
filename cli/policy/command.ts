import type { Command } from 'commander';
import { command, type ForgeOptions, forgeUrlOption } from '../run-command.ts';

/** `forgecrew policy` */
export function addPolicy(program: Command): void {
  program
    .command('policy')
    .description(
      'Let policy, formulas and their workflows be changed by merges (open), or by nobody again (close). An issue on the ops repo keeps who did that, and when.',
    )
    .argument('<what>', 'open or close')
    .requiredOption('--ops-repo <owner/name>', 'the repository')
    .option('--reason <text>', 'why it is opened; it stands in the issue')
    .addOption(forgeUrlOption())
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN; it has to be of an admin of the repository, with write:repository, write:issue and read:user.',
    )
    .action((what: string, options: ForgeOptions & { reason?: string }) =>
      command(async () => (await import('./role.ts')).policy, {
        'forge-url': options.forgeUrl,
        'ops-repo': options.opsRepo,
        what,
        reason: options.reason,
      }),
    );
}
