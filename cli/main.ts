import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { agentsFolder, parseManifest, promptTrouble } from '../core/agent/manifest.ts';
import type { ChangeName } from '../core/change.ts';
import { crewFile, parseCrewFile } from '../core/crew-file.ts';
import { type Fault, formatFault, UserError } from '../core/errors.ts';
import { escalationPolicyFile, parseEscalationPolicy } from '../core/escalation/policy.ts';
import { outliveReaders } from '../core/host/host.ts';
import type { Role, State } from '../core/role.ts';
import type { FlowSettings } from '../core/run.ts';
import { sourceCommit } from '../core/source-commit.ts';
import { parseSprint } from '../core/sprint/sprint.ts';
import { logLine } from '../core/text/log-line.ts';
import { parseVaultAction } from '../core/vault/action.ts';
import { parseFormula } from '../core/vault/formula.ts';
import { parsePolicy } from '../core/vault/policy.ts';
import { versionText } from '../core/version.ts';
import { addDispatch } from './dispatch/commands.ts';
import type { ForgeAccess } from './forge.ts';

outliveReaders();

const commit = sourceCommit(process.argv[1]);
const program = new Command('forgecrew')
  .description('Agent roles for a self-hosted forge, run by its own CI.')
  .version(versionText(commit))
  .showHelpAfterError();

program
  .command('lint')
  .description(
    'Check sprint documents, vault documents, agents and forgecrew.toml with the parsers that the roles use; also usable as a pre-commit check.',
  )
  .argument(
    '<file...>',
    'sprint documents (Markdown); vault actions, formulas, policy, agents and forgecrew.toml (TOML)',
  )
  .action((files: string[]) => {
    process.exitCode = lint(files, (line) => process.stdout.write(`${logLine(line)}\n`));
  });

/** Runs what asks a forge, and turns what a person can mend into a line and exit code 2. */
function asking(work: (say: (line: string) => void) => Promise<boolean | number>): Promise<void> {
  return coded(async (say) => {
    const result = await work(say);
    return typeof result === 'number' ? result : result ? 0 : 1;
  });
}

/** The same for what knows its exit code. */
async function coded(work: (say: (line: string) => void) => Promise<number>): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${logLine(line)}\n`);
  try {
    process.exitCode = await work(say);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const line of [error.message, error.remedy]) if (line !== '') say(line);
    process.exitCode = 2;
  }
}

/**
 * Runs a command that is a role: read, plan, print, apply, as in CI, in this terminal. Ends with 2 where it could not even
 * look, and with 1 where something is not as it should be.
 */
async function command<S extends FlowSettings, T extends State, K extends ChangeName>(
  load: () => Promise<Role<S, T, K>>,
  given: Record<string, string | undefined>,
): Promise<void> {
  const [role, { execute }] = await Promise.all([load(), import('../core/run.ts')]);
  const args = Object.entries(given).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`--${name}=${value}`],
  );
  const { code, report } = await execute(role, {
    environment: {
      FORGECREW_FORGE_TOKEN: process.env.FORGECREW_FORGE_TOKEN,
      // Only for a command that has the setting: any other would refuse what it does not know.
      ...('woodpecker-token' in role.settings
        ? { FORGECREW_WOODPECKER_TOKEN: process.env.FORGECREW_WOODPECKER_TOKEN }
        : {}),
    },
    args,
    workingDirectory: process.cwd(),
    print: (line) => process.stdout.write(`${line}\n`),
    now: () => new Date(),
    commit,
  });
  process.exitCode = report === undefined || report.rounds.length === 0 ? 2 : code;
}

interface ForgeOptions {
  opsRepo: string;
  forgeUrl?: string;
}

function forgeOf({ opsRepo, forgeUrl }: ForgeOptions): ForgeAccess {
  if (forgeUrl === undefined || forgeUrl === '')
    throw new UserError('--forge-url is missing.', 'Give it as an option, or as FORGECREW_FORGE_URL.');
  return { forgeUrl, repository: opsRepo, token: process.env.FORGECREW_FORGE_TOKEN ?? '' };
}

// What asks a forge is loaded only when it is asked for: checking a document needs none of it.
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
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
  .addHelpText(
    'after',
    '\nThe token is taken from FORGECREW_FORGE_TOKEN; it needs read:repository and read:issue. That of an admin of the repository also sees who is an admin and which files are protected.',
  )
  .action((id: string, options: ForgeOptions & { recordRepo?: string; dispatcher?: string; bots: string }) =>
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

program
  .command('protect')
  .description(
    "Show how the ops repo's main branch and the branches of records are protected, who can do what, and what the vault needs; set it with --apply.",
  )
  .requiredOption('--ops-repo <owner/name>', 'the repository')
  .option('--record-repo <owner/name>', 'where records are kept, when not there as well')
  .requiredOption('--dispatcher <login>', 'the account of vault-dispatch, the only one that may push to main')
  .requiredOption('--gatekeeper <login>', 'the account of the gates')
  .option('--bots <logins>', 'accounts of agents, with commas between them', '')
  .option('--apply', 'set what is missing', false)
  .option('--solo', 'let the only person of the repository merge without an approval', false)
  .option(
    '--accept-records',
    'protect a branch although records stand there that others could have written: you have looked at them',
    false,
  )
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
  .addHelpText(
    'after',
    '\nThe token is taken from FORGECREW_FORGE_TOKEN; it has to be of an admin of the repository, with read:repository and read:user, or write:repository to apply.',
  )
  .action(
    (
      options: ForgeOptions & {
        recordRepo?: string;
        dispatcher: string;
        gatekeeper: string;
        bots: string;
        apply: boolean;
        solo: boolean;
        acceptRecords: boolean;
      },
    ) =>
      command(async () => (await import('./protect/role.ts')).protect, {
        'forge-url': options.forgeUrl,
        'ops-repo': options.opsRepo,
        'record-repo': options.recordRepo,
        dispatcher: options.dispatcher,
        gatekeeper: options.gatekeeper,
        bots: options.bots,
        apply: String(options.apply),
        solo: String(options.solo),
        'accept-records': String(options.acceptRecords),
      }),
  );

program
  .command('policy')
  .description(
    'Let policy, formulas and their workflows be changed by merges (open), or by nobody again (close). An issue on the ops repo keeps who did that, and when.',
  )
  .argument('<what>', 'open or close')
  .requiredOption('--ops-repo <owner/name>', 'the repository')
  .option('--reason <text>', 'why it is opened; it stands in the issue')
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
  .addHelpText(
    'after',
    '\nThe token is taken from FORGECREW_FORGE_TOKEN; it has to be of an admin of the repository, with write:repository, write:issue and read:user.',
  )
  .action((what: string, options: ForgeOptions & { reason?: string }) =>
    command(async () => (await import('./policy/role.ts')).policy, {
      'forge-url': options.forgeUrl,
      'ops-repo': options.opsRepo,
      what,
      reason: options.reason,
    }),
  );

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
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
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
      command(async () => (await import('./propose/role.ts')).propose, {
        'forge-url': options.forgeUrl,
        repository: options.repository,
        issue: options.issue,
        type,
        payload: options.payload,
        id: options.id,
        'dry-run': String(options.dryRun),
      }),
  );

program
  .command('escalation-init')
  .description('Make the private repository in which the role escalation keeps its records.')
  .requiredOption('--record-repo <owner/name>', 'the repository; its owner is the account of the role')
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
  .addHelpText(
    'after',
    '\nThe token is taken from FORGECREW_FORGE_TOKEN; it has to be of the account of the role, with write:user, write:repository and read:user. Revoke it afterwards: the role needs less.',
  )
  .action((options: { recordRepo: string; forgeUrl?: string }) =>
    command(async () => (await import('./escalation-init/role.ts')).escalationInit, {
      'forge-url': options.forgeUrl,
      'record-repo': options.recordRepo,
    }),
  );

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
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
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
        const { listAgents } = await import('./agents/list.ts');
        const { stateRepo, all, json } = options;
        const settings = {
          'label-prefix': options.labelPrefix,
          bots: options.bots,
          'on-red': String(options.onRed),
        };
        return listAgents({ ...forgeOf(options), stateRepo, all, json, settings }, say);
      }),
  );

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
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
  .addHelpText(
    'after',
    '\nThe token is taken from FORGECREW_FORGE_TOKEN; its account has to write to the state repo, and it needs write:repository, read:issue and read:user.',
  )
  .action((issue: string, options: ForgeOptions & { prompt: string; stateRepo?: string; dryRun: boolean }) =>
    command(async () => (await import('./wake/role.ts')).wake, {
      'forge-url': options.forgeUrl,
      'ops-repo': options.opsRepo,
      'state-repo': options.stateRepo,
      issue,
      prompt: options.prompt,
      'dry-run': String(options.dryRun),
    }),
  );

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
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
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
        const { tryAgent } = await import('./agents/try.ts');
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
            folder: process.cwd(),
          },
          {
            log: options.json ? (line) => process.stderr.write(`${logLine(line)}\n`) : say,
            print: say,
          },
        );
      }),
  );
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
  .option('--forge-url <url>', 'where the forge is (or FORGECREW_FORGE_URL)', process.env.FORGECREW_FORGE_URL)
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
      const { provenance: show } = await import('./provenance/provenance.ts');
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
      const { keygen } = await import('./provenance/keygen.ts');
      keygen(options, (text) => void process.stdout.write(text));
      return 0;
    }),
  );

/** The options that say which factory it is. */
function ofFactory(command: Command, { withRoles = true }: { withRoles?: boolean } = {}): Command {
  const named = command
    .requiredOption('--ops-repo <owner/name>', 'where the documents of the factory live')
    .requiredOption('--project-repo <owner/name>', 'where the code and its issues live')
    .option('--ci <name>', 'which CI runs the roles: forgejo or woodpecker');
  return (
    withRoles ? named.option('--roles <names>', 'the roles that work there, with commas between them') : named
  )
    .option('--accounts <names>', 'logins that are not the usual ones, such as filer=ops-filer')
    .option('--forgecrew-repo <owner/name>', 'for Forgejo Actions: where runners find forgecrew')
    .option('--forgecrew-folder <path>', 'for Woodpecker: where forgecrew is on its agents')
    .option('--woodpecker-url <url>', 'where Woodpecker is')
    .option(
      '--forge-url <url>',
      'where the forge is (or FORGECREW_FORGE_URL)',
      process.env.FORGECREW_FORGE_URL,
    );
}

interface FactoryOptions extends ForgeOptions {
  projectRepo: string;
  ci?: string;
  roles?: string;
  accounts?: string;
  forgecrewRepo?: string;
  forgecrewFolder?: string;
  woodpeckerUrl?: string;
}

function settingsOfFactory(options: FactoryOptions): Record<string, string | undefined> {
  return {
    'forge-url': options.forgeUrl,
    'ops-repo': options.opsRepo,
    'project-repo': options.projectRepo,
    ci: options.ci,
    roles: options.roles,
    accounts: options.accounts,
    'forgecrew-repo': options.forgecrewRepo,
    'forgecrew-folder': options.forgecrewFolder,
    'woodpecker-url': options.woodpeckerUrl,
  };
}

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
  .action((options: FactoryOptions & { people?: string; example: boolean; solo: boolean; apply: boolean }) =>
    command(async () => (await import('./init/role.ts')).init, {
      ...settingsOfFactory(options),
      people: options.people,
      example: String(options.example),
      solo: String(options.solo),
      'dry-run': String(!options.apply),
    }),
  );

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
  .option('--model <name>', 'the model, as the engine names it; every engine but command needs one')
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
      command(async () => (await import('./agents-add/role.ts')).agentsAdd, {
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
    command(async () => (await import('./upgrade/role.ts')).upgrade, {
      ...settingsOfFactory(options),
      version,
      solo: String(options.solo),
      'dry-run': String(!options.apply),
    }),
  );

/** Tokens that the doctor may be given, each as FORGECREW_..., so that none stands in a list of processes. */
function tokensFrom(environment: NodeJS.ProcessEnv, settings: object): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.keys(settings)
      .filter((name) => name.endsWith('-token'))
      .map((name) => [name, environment[`FORGECREW_${name.toUpperCase().replaceAll('-', '_')}`]]),
  );
}

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
      const { doctor, settings } = await import('./doctor/run.ts');
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

addDispatch(program, coded);

/** Prints one line per fault, or one per good document; 1 when there is any fault, 2 when a file cannot be read. */
function lint(files: string[], say: (line: string) => void): number {
  let code = 0;
  for (const file of files) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      say(`${file}: cannot be read (${error instanceof Error && 'code' in error ? error.code : error})`);
      code = 2;
      continue;
    }
    const { faults, summary } = file.endsWith('.toml') ? checkToml(file, bytes) : checkSprint(file, bytes);
    for (const fault of faults) say(formatFault(fault));
    if (faults.length > 0) code = Math.max(code, 1);
    else say(`${file}: ${summary}`);
  }
  return code;
}

function checkSprint(file: string, bytes: Uint8Array): { faults: Fault[]; summary: string } {
  const parsed = parseSprint(file, bytes);
  if (parsed.kind === 'faulty') return { faults: parsed.faults, summary: '' };
  if (parsed.kind === 'no-block') return { faults: [], summary: 'no filer block, nothing to check' };
  const { entries, vision } = parsed.sprint;
  return {
    faults: [],
    summary: `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'} for vision #${vision}, valid`,
  };
}

/** Which document a file is, its place says: `forgecrew.toml`, `escalation/policy.toml`, `policy.toml`, in `agents/` or `formulas/`, otherwise an action. */
function checkToml(file: string, bytes: Uint8Array): { faults: Fault[]; summary: string } {
  const folder = path.basename(path.dirname(path.resolve(file)));
  if (folder === agentsFolder) return checkAgent(file, bytes);
  const [kind, parsed] =
    path.basename(file) === crewFile
      ? ['what holds for all roles', parseCrewFile(file, bytes)]
      : path.resolve(file).endsWith(`/${escalationPolicyFile}`)
        ? ['policy of escalation', parseEscalationPolicy(file, bytes)]
        : path.basename(file) === 'policy.toml'
          ? ['policy', parsePolicy(file, bytes)]
          : folder === 'formulas'
            ? ['formula', parseFormula(file, bytes)]
            : ['action', parseVaultAction(file, bytes)];
  return { faults: parsed.ok ? [] : parsed.faults, summary: `${kind}, valid` };
}

/** A manifest, and the file of its prompt, which the role reads from beside it. */
function checkAgent(file: string, bytes: Uint8Array): { faults: Fault[]; summary: string } {
  const parsed = parseManifest(file, bytes);
  if (!parsed.ok) return { faults: parsed.faults, summary: '' };
  const { prompt_file: promptFile } = parsed.document;
  if (promptFile === undefined) return { faults: [], summary: 'agent, valid' };
  const found = statSync(path.join(path.dirname(file), promptFile), { throwIfNoEntry: false });
  const trouble = promptTrouble(promptFile, found?.isFile() === true ? found.size : undefined);
  return {
    faults: trouble === undefined ? [] : [{ file, line: 0, column: 0, message: trouble }],
    summary: 'agent, valid',
  };
}

void program.parseAsync();
