import type { Command } from 'commander';
import { logLine } from '../../core/text/log-line.ts';
import { addAgentsAdd } from '../agents-add/command.ts';
import { asking, currentFolder, type ForgeOptions, forgeOf, forgeUrlOption } from '../run-command.ts';
import { addWake } from '../wake/command.ts';

/** `forgecrew agents`, with all that is asked about agents */
export function addAgents(program: Command): void {
  const agents = program
    .command('agents')
    .description('Which issues agents work on, and which agents are declared.');

  agents
    .command('list', { isDefault: true })
    .description('List issues in work and declared agents, from the state repo and the ops repo.')
    .requiredOption('--ops-repo <owner/name>', 'where the agents are declared')
    .option(
      '--state-repo <owner/name>',
      "where forge-agent keeps its state; forgecrew-state of the token's account",
    )
    .option('--all', 'also what has ended, the newest first', false)
    .option('--json', 'as JSON, for programs', false)
    .option('--label-prefix <name>', 'as in the settings of forge-agent, for what comes next')
    .option('--bots <logins>', 'the same')
    .option('--on-red', 'the same', false)
    .addOption(forgeUrlOption())
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN; it needs read:repository, read:issue for what comes next, and read:user where --state-repo is not given.',
    )
    .action(
      (
        options: ForgeOptions & {
          stateRepo?: string;
          all: boolean;
          json: boolean;
          labelPrefix?: string;
          bots?: string;
          onRed: boolean;
        },
      ) =>
        asking(async (say) => {
          const { listAgents } = await import('./list.ts');
          const { stateRepo, all, json } = options;
          const settings = {
            'label-prefix': options.labelPrefix,
            bots: options.bots,
            'on-red': String(options.onRed),
          };
          return listAgents({ ...forgeOf(options), stateRepo, all, json, settings }, say);
        }),
    );

  addWake(agents);

  agents
    .command('try')
    .description(
      'Run one agent on one issue on this machine, as forge-agent would. Nothing is written on the forge: what would be is shown, and the work is a patch file.',
    )
    .argument('<name>', 'the agent, which need not be enabled')
    .argument('<issue>', 'as owner/name#12, or a number with --project-repo')
    .requiredOption('--ops-repo <owner/name>', 'where the agent is declared')
    .option('--project-repo <owner/name>', 'the repository of the issue')
    .option('--profile <name>', 'a profile of the manifest')
    .option('--patch <file>', 'where the work is written to; <name>-<number>.patch in the current folder')
    .option('--json', 'print the record of the run as JSON, and the log on stderr', false)
    .option('--strangers', 'also show the agent comments of people who may not write', false)
    .option('--allow-unisolated', 'allow an agent whose manifest says isolation = "none"', false)
    .option('--bots <logins>', 'accounts whose words do not count, with commas between them')
    .option('--deadline <time>', 'how long all of it may take, such as 90s or 3h')
    .option('--agent-uids <range>', 'user ids that the agent may have, such as 70000-70255')
    .option('--engine-url <url>', 'where the model is')
    .option('--engine-api <name>', 'what it speaks: anthropic or openai')
    .option('--max-output-tokens <number>', 'the longest answer the agent may ask its model for')
    .addOption(forgeUrlOption())
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN; it needs read:repository, read:issue and read:user, and never more. The key for the model is taken from FORGECREW_ENGINE_KEY. Neither reaches the agent.',
    )
    .action(
      (
        agent: string,
        issue: string,
        options: ForgeOptions & {
          projectRepo?: string;
          profile?: string;
          patch?: string;
          json: boolean;
          strangers: boolean;
          allowUnisolated: boolean;
          bots?: string;
          deadline?: string;
          agentUids?: string;
          engineUrl?: string;
          engineApi?: string;
          maxOutputTokens?: string;
        },
      ) =>
        asking(async (say) => {
          const { tryAgent } = await import('./try.ts');
          return tryAgent(
            {
              agent,
              issue,
              profile: options.profile,
              patch: options.patch,
              json: options.json,
              settings: {
                'forge-url': forgeOf(options).forgeUrl,
                'ops-repo': options.opsRepo,
                'project-repo': options.projectRepo,
                strangers: String(options.strangers),
                'allow-unisolated': String(options.allowUnisolated),
                bots: options.bots,
                deadline: options.deadline,
                'agent-uids': options.agentUids,
                'engine-url': options.engineUrl,
                'engine-api': options.engineApi,
                'max-output-tokens': options.maxOutputTokens,
              },
              environment: process.env,
              folder: currentFolder(),
            },
            {
              log: options.json ? (line) => process.stderr.write(`${logLine(line)}\n`) : say,
              print: say,
            },
          );
        }),
    );

  addAgentsAdd(agents);
}
