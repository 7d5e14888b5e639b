import type { Command } from 'commander';
import { printOut } from '../../core/host/host.ts';
import { coded, forgeUrlOption } from '../run-command.ts';

/** `forgecrew provenance` */
export function addProvenance(program: Command): void {
  const provenance = program
    .command('provenance')
    .description(
      'Show what is known of every round in which an agent worked on an issue, from the records in the state repo; --verify tells whether they can be believed, offline from clones.',
    )
    .argument('<issue>', 'the issue, as owner/repository#number')
    .option(
      '--verify <file>',
      'a file with the public key of provenance-key; several, if it was replaced',
      (file: string, before: string[]) => [...before, file],
      [] as string[],
    )
    .option('--state <folder>', 'a clone of the state repo')
    .option('--repository <folder>', 'a clone of the project')
    .option('--ops <folder>', 'a clone of the ops repo')
    .option(
      '--state-repo <owner/name>',
      "the state repo, to read it from the forge; default: the token account's own",
    )
    .option('--json', 'print it as JSON', false)
    .addOption(forgeUrlOption())
    .addHelpText(
      'after',
      '\nEnds with 0 if all of it fits, with 1 if something does not, and with 2 if something could not be checked: a clone that was not given counts as that.\nWithout --state the records are read from the forge, with the token in FORGECREW_FORGE_TOKEN; it needs read:repository and read:user.',
    )
    .action(
      async (
        issue: string,
        options: {
          verify: string[];
          state?: string;
          repository?: string;
          ops?: string;
          stateRepo?: string;
          json: boolean;
          forgeUrl?: string;
        },
      ) => {
        const { provenance: show } = await import('./provenance.ts');
        await coded((say) =>
          show(
            {
              issue,
              keys: options.verify,
              state: options.state,
              repository: options.repository,
              ops: options.ops,
              forge:
                options.forgeUrl === undefined || options.forgeUrl === ''
                  ? undefined
                  : { forgeUrl: options.forgeUrl, token: process.env.FORGECREW_FORGE_TOKEN ?? '' },
              stateRepository: options.stateRepo,
              json: options.json,
              path: process.env.PATH ?? '',
            },
            say,
          ),
        );
      },
    );

  provenance
    .command('keygen')
    .description('Make an Ed25519 key pair for provenance-key.')
    .option('--private <file>', 'a new file for the private key, which only its owner may read')
    .option('--public <file>', 'a new file for the public key; it is printed otherwise')
    .option('--print-private', 'print the private key instead', false)
    .action((options: { private?: string; public?: string; printPrivate: boolean }) =>
      coded(async () => {
        const { keygen } = await import('./keygen.ts');
        keygen(options, printOut);
        return 0;
      }),
    );
}
