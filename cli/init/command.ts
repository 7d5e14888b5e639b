import type { Command } from 'commander';
import { type FactoryOptions, ofFactory, settingsOfFactory } from '../factory/options.ts';
import { command } from '../run-command.ts';

/** `forgecrew init` */
export function addInit(program: Command): void {
  ofFactory(
    program
      .command('init')
      .description(
        'Make two repositories a factory: accounts, rights, labels, files, pipelines, secrets and rules. Shows the plan; --apply carries it out. What is there is left as it is.',
      ),
  )
    .option('--people <logins>', 'accounts of people that get write access to both')
    .option(
      '--example',
      'make the project repo a small project with one vision, to see the factory at work',
      false,
    )
    .option('--solo', 'protect main although one person alone could never be approved', false)
    .option('--apply', 'carry the plan out', false)
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN, that for Woodpecker from FORGECREW_WOODPECKER_TOKEN. It has to be of an admin of both repositories; a site admin can also make accounts and tokens.',
    )
    .action(
      (options: FactoryOptions & { people?: string; example: boolean; solo: boolean; apply: boolean }) =>
        command(async () => (await import('./role.ts')).init, {
          ...settingsOfFactory(options),
          people: options.people,
          example: String(options.example),
          solo: String(options.solo),
          'dry-run': String(!options.apply),
        }),
    );
}
