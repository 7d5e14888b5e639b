import type { Command } from 'commander';
import { type FactoryOptions, ofFactory, settingsOfFactory } from '../factory/options.ts';
import { command } from '../run-command.ts';

/** `forgecrew agents add` */
export function addAgentsAdd(agents: Command): void {
  ofFactory(
    agents
      .command('add')
      .description(
        'Declare one more agent: its manifest, its label, and the account that agents work as, where there is none. Shows the plan; --apply carries it out. What is there is left as it is.',
      )
      .argument('<engine>', 'the program that works: claude, codex, opencode or command'),
    { withRoles: false },
  )
    .option('--name <name>', 'what it is called; without it, as its engine')
    .option('--model <name>', 'the model, as the engine names it')
    .option('--url <url>', 'where the model is, for the pipeline that starts agents')
    .option('--api <name>', 'what the model there speaks: anthropic or openai')
    .option('--engine-command <parts>', 'the program and its arguments, with commas between them')
    .option('--apply', 'carry the plan out', false)
    .addHelpText(
      'after',
      '\nThe tokens are those of init: FORGECREW_FORGE_TOKEN of an admin of both repositories, best of a site admin, and FORGECREW_WOODPECKER_TOKEN.',
    )
    .action(
      (
        engine: string,
        options: FactoryOptions & {
          name?: string;
          model?: string;
          url?: string;
          api?: string;
          engineCommand?: string;
          apply: boolean;
        },
      ) =>
        command(async () => (await import('./role.ts')).agentsAdd, {
          ...settingsOfFactory(options),
          engine,
          name: options.name,
          model: options.model,
          url: options.url,
          api: options.api,
          'engine-command': options.engineCommand,
          'dry-run': String(!options.apply),
        }),
    );
}
