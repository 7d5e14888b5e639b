import type { Command } from 'commander';
import { asking, type ForgeOptions, forgeOf, forgeUrlOption } from '../run-command.ts';

/** `forgecrew explain` */
export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('Tell the whole life of one vault action, from the forge alone.')
    .argument('<id>', 'the id of the action')
    .requiredOption('--ops-repo <owner/name>', 'where the action is')
    .option('--record-repo <owner/name>', 'where records are kept, when not there as well')
    .option('--dispatcher <login>', 'the account of vault-dispatch, as its settings have it')
    .option(
      '--bots <logins>',
      'accounts that never approve, with commas between them: the gatekeeper, and the bots of its settings',
      '',
    )
    .addOption(forgeUrlOption())
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN; it needs read:repository and read:issue. That of an admin of the repository also sees who is an admin and which files are protected.',
    )
    .action(
      (id: string, options: ForgeOptions & { recordRepo?: string; dispatcher?: string; bots: string }) =>
        asking(async (say) => {
          const { explain } = await import('./explain.ts');
          return explain(
            {
              ...forgeOf(options),
              id,
              recordRepository: options.recordRepo,
              dispatcher: options.dispatcher,
              bots: options.bots.split(',').flatMap((login) => (login.trim() === '' ? [] : [login.trim()])),
            },
            say,
          );
        }),
    );
}
