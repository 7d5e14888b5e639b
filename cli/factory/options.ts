import type { Command } from 'commander';
import { type ForgeOptions, forgeUrlOption } from '../run-command.ts';

/** The options that say which factory it is. */
export function ofFactory(command: Command, { withRoles = true }: { withRoles?: boolean } = {}): Command {
  const named = command
    .requiredOption('--ops-repo <owner/name>', 'where the documents of the factory live')
    .requiredOption('--project-repo <owner/name>', 'where the code and its issues live')
    .option('--ci <name>', 'which CI runs the roles: forgejo or woodpecker');
  return (
    withRoles ? named.option('--roles <names>', 'the roles that work there, with commas between them') : named
  )
    .option('--accounts <names>', 'logins that are not the usual ones, such as filer=ops-filer')
    .option('--forgecrew-repo <owner/name>', 'for Forgejo Actions: where runners find forgecrew')
    .option('--checkout-action <address>', 'for Forgejo Actions: where runners take actions/checkout from')
    .option('--forgecrew-folder <path>', 'for Woodpecker: where forgecrew is on its agents')
    .option('--woodpecker-url <url>', 'where Woodpecker is')
    .addOption(forgeUrlOption());
}

export interface FactoryOptions extends ForgeOptions {
  projectRepo: string;
  ci?: string;
  roles?: string;
  accounts?: string;
  forgecrewRepo?: string;
  checkoutAction?: string;
  forgecrewFolder?: string;
  woodpeckerUrl?: string;
}

/** The same as the settings of the commands that are roles. */
export function settingsOfFactory(options: FactoryOptions): Record<string, string | undefined> {
  return {
    'forge-url': options.forgeUrl,
    'ops-repo': options.opsRepo,
    'project-repo': options.projectRepo,
    ci: options.ci,
    roles: options.roles,
    accounts: options.accounts,
    'forgecrew-repo': options.forgecrewRepo,
    'checkout-action': options.checkoutAction,
    'forgecrew-folder': options.forgecrewFolder,
    'woodpecker-url': options.woodpeckerUrl,
  };
}
