import type { Command } from 'commander';
import { command, type ForgeOptions, forgeUrlOption } from '../run-command.ts';

/** `forgecrew agents wake` */
export function addWake(agents: Command): void {
  agents
    .command('wake')
    .description(
      'Ask a frozen agent for another round: the next run of forge-agent wakes it, and its rounds begin anew.',
    )
    .argument('<issue>', 'the issue, as owner/name#12')
    .requiredOption('--ops-repo <owner/name>', 'where the agents are declared')
    .requiredOption('--prompt <text>', 'what the agent is told')
    .option(
      '--state-repo <owner/name>',
      "where forge-agent keeps its state; forgecrew-state of the token's account",
    )
    .option('--dry-run', 'print the plan and change nothing', false)
    .addOption(forgeUrlOption())
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN; its account has to write to the state repo, and it needs write:repository, read:issue and read:user.',
    )
    .action(
      (issue: string, options: ForgeOptions & { prompt: string; stateRepo?: string; dryRun: boolean }) =>
        command(async () => (await import('./role.ts')).wake, {
          'forge-url': options.forgeUrl,
          'ops-repo': options.opsRepo,
          'state-repo': options.stateRepo,
          issue,
          prompt: options.prompt,
          'dry-run': String(options.dryRun),
        }),
    );
}
