import type { Command } from 'commander';
import { command, forgeUrlOption } from '../run-command.ts';

/** `forgecrew propose` */
export function addPropose(program: Command): void {
  program
    .command('propose')
    .description(
      'Propose an action in a comment on an issue or pull request. The role escalation shows it to people where the account is one of its proposers.',
    )
    .argument('<type>', 'issue-create, pr-create or ci-run')
    .requiredOption('--repository <owner/name>', 'where the issue or pull request is')
    .requiredOption('--issue <number>', 'its number')
    .requiredOption('--payload <json>', 'what exactly, as JSON')
    .option('--id <name>', 'names the proposal: with one id it is proposed once')
    .option('--dry-run', 'print the plan and change nothing', false)
    .addOption(forgeUrlOption())
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN; it needs write:issue and read:user.',
    )
    .action(
      (
        type: string,
        options: {
          repository: string;
          issue: string;
          payload: string;
          id?: string;
          dryRun: boolean;
          forgeUrl?: string;
        },
      ) =>
        command(async () => (await import('./role.ts')).propose, {
          'forge-url': options.forgeUrl,
          repository: options.repository,
          issue: options.issue,
          type,
          payload: options.payload,
          id: options.id,
          'dry-run': String(options.dryRun),
        }),
    );
}
