import type { Command } from 'commander';
import { type FactoryOptions, ofFactory, settingsOfFactory } from '../factory/options.ts';
import { asking } from '../run-command.ts';

/** `forgecrew doctor` */
export function addDoctor(program: Command): void {
  ofFactory(
    program
      .command('doctor')
      .description(
        'Look at a whole factory and say what is wrong, who has to act, and what mends it. Nothing is written anywhere.',
      ),
  )
    .option('--solo', 'one person works here alone, and that is wanted', false)
    .option('--disk', 'as a step of CI: also the disk of this machine, and what docker keeps there', false)
    .option('--all', 'also list what is as it should be', false)
    .option('--json', 'as JSON, for programs', false)
    .addHelpText(
      'after',
      '\nThe token is taken from FORGECREW_FORGE_TOKEN, best of a site admin; with that of an admin of both repositories (read:repository, read:issue, read:organization and read:user) what the token of an account may do is asked with that token itself: FORGECREW_FILER_TOKEN, FORGECREW_AUDIT_TOKEN and so on. Ends with 0 if all is well, 1 if something is broken, and 2 if something could not be checked.',
    )
    .action((options: FactoryOptions & { solo: boolean; disk: boolean; all: boolean; json: boolean }) =>
      asking(async (say) => {
        const { doctor, settings } = await import('./run.ts');
        const code = await doctor(
          {
            given: {
              ...settingsOfFactory(options),
              solo: String(options.solo),
              disk: String(options.disk),
              ...tokensFrom(process.env, settings),
            },
            json: options.json,
            all: options.all,
            now: () => new Date(),
            environment: process.env,
          },
          say,
        );
        return code;
      }),
    );
}

/** Tokens that the doctor may be given, each as FORGECREW_..., so that none stands in a list of processes. */
function tokensFrom(environment: NodeJS.ProcessEnv, settings: object): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.keys(settings)
      .filter((name) => name.endsWith('-token'))
      .map((name) => [name, environment[`FORGECREW_${name.toUpperCase().replaceAll('-', '_')}`]]),
  );
}
