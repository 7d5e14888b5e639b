import type { Command } from 'commander';
import { command, type ForgeOptions, forgeUrlOption } from '../run-command.ts';

/** `forgecrew protect` */
export function addProtect(program: Command): void {
  program
    .command('protect')
    .description(
      "Show how the ops repo's main branch and the branches of records are protected, who can do what, and what the vault needs; set it with --apply.",
    )
    .requiredOption('--ops-repo <owner/name>', 'the repository')
    .option('--record-repo <owner/name>', 'where records are kept, when not there as well')
    .requiredOption(
      '--dispatcher <login>',
      'the account of vault-dispatch, the only one that may push to main',
    )
    .requiredOption('--gatekeeper <login>', 'the account of the gates')
    .option('--bots <logins>', 'accounts of agents, with commas between them', '')
    .option('--apply', 'set what is missing', false)
    .option('--solo', 'let the only person of the repository merge without an approval', false)
    .option(
      '--accept-records',
      'protect a branch although records stand there that others could have written: you have looked at them',
      false,
    )
    .addOption(forgeUrlOption())
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN; it has to be of an admin of the repository, with read:repository and read:user, or write:repository to apply.',
    )
    .action(
      (
        options: ForgeOptions & {
          recordRepo?: string;
          dispatcher: string;
          gatekeeper: string;
          bots: string;
          apply: boolean;
          solo: boolean;
          acceptRecords: boolean;
        },
      ) =>
        command(async () => (await import('./role.ts')).protect, {
          'forge-url': options.forgeUrl,
          'ops-repo': options.opsRepo,
          'record-repo': options.recordRepo,
          dispatcher: options.dispatcher,
          gatekeeper: options.gatekeeper,
          bots: options.bots,
          apply: String(options.apply),
          solo: String(options.solo),
          'accept-records': String(options.acceptRecords),
        }),
    );
}
