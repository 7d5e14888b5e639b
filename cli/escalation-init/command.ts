import type { Command } from 'commander';
import { command, forgeUrlOption } from '../run-command.ts';

/** `forgecrew escalation-init` */
export function addEscalationInit(program: Command): void {
  program
    .command('escalation-init')
    .description('Make the private repository in which the role escalation keeps its records.')
    .requiredOption('--record-repo <owner/name>', 'the repository; its owner is the account of the role')
    .addOption(forgeUrlOption())
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN; it has to be of the account of the role, with write:user, write:repository and read:user. Revoke it afterwards: the role needs less.',
    )
    .action((options: { recordRepo: string; forgeUrl?: string }) =>
      command(async () => (await import('./role.ts')).escalationInit, {
        'forge-url': options.forgeUrl,
        'record-repo': options.recordRepo,
      }),
    );
}
