import type { Command } from 'commander';
import { type FactoryOptions, ofFactory, settingsOfFactory } from '../factory/options.ts';
import { command } from '../run-command.ts';

/** `forgecrew upgrade` */
export function addUpgrade(program: Command): void {
  ofFactory(
    program
      .command('upgrade')
      .description(
        'Ask with one pull request to move a factory to the version of forgecrew that runs this command. Shows the plan; --apply carries it out.',
      )
      .argument('<version>', 'that version, such as 0.2.0'),
  )
    .option('--solo', 'one person works here alone, and that is wanted', false)
    .option('--apply', 'carry the plan out', false)
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN, that for Woodpecker from FORGECREW_WOODPECKER_TOKEN. It has to be of an admin of both repositories, with write:repository, read:issue, read:organization and read:user.',
    )
    .action((version: string, options: FactoryOptions & { solo: boolean; apply: boolean }) =>
      command(async () => (await import('./role.ts')).upgrade, {
        ...settingsOfFactory(options),
        version,
        solo: String(options.solo),
        'dry-run': String(!options.apply),
      }),
    );
}
