import type { Command } from 'commander';
import { printOut } from '../../core/host/host.ts';
import { quoted } from '../../core/text/log-line.ts';
import { coded, currentFolder } from '../run-command.ts';

/** The modes, in two lines each. */
const modeLines = [
  'headless   A worker on its own, apart from this terminal; it never asks.',
  '           Prints its pid and its log, and how to follow it.',
  "watch      The program's own screen in this terminal, working by itself.",
  '           You see what it does and may step in.',
  'consult    The same, and it is told to bring judgement calls up with you.',
  '           For work in which somebody has to decide.',
  'cascade    As headless, and its worker may dispatch others: 3 deep, 8 in all.',
  '           For an issue whose parts are issues of their own.',
];

interface ModeOptions {
  agent?: string;
  profile?: string;
  isolation?: string;
  prompt?: string;
  trustMe: boolean;
  here?: boolean;
}

/** `forgecrew dispatch` and all that belongs to it; what does the work is loaded when it is asked for. */
export function addDispatch(program: Command): void {
  const local = (say: (line: string) => void) => ({
    environment: process.env,
    folder: currentFolder(),
    say,
    print: printOut,
  });
  const dispatch = program
    .command('dispatch')
    .description(
      'Send an agent at an issue from your own machine, and see what runs, what it claims and what became of it.',
    )
    .argument('[reference]', 'say first how: headless, watch, consult or cascade')
    .allowExcessArguments()
    .action((reference: string | undefined) =>
      coded(async (say) => {
        say(
          reference === undefined || /[#/]/.test(reference)
            ? 'Say how it shall work:'
            : `dispatch has no command ${quoted(reference)}; forgecrew dispatch --help lists them. To send an agent at an issue, say how it shall work:`,
        );
        for (const line of modeLines) say(`  ${line}`);
        say('Such as: forgecrew dispatch headless owner/repo#12');
        return 2;
      }),
    );
  for (const mode of ['headless', 'watch', 'consult', 'cascade'] as const) {
    const own = dispatch
      .command(mode)
      .description(descriptionOf(mode))
      .argument('<reference>', 'the issue: owner/repo#12, repo#12, or its address')
      .option('--agent <name>', "the agent; without it that of the issue's label, or default-agent")
      .option('--profile <name>', 'a profile of its manifest')
      .option('--isolation <name>', 'bwrap or user: nothing weaker than that')
      .option('--prompt <text>', 'what the worker is told beside the issue')
      .option('--trust-me', 'run the worker as you, without isolation and with your own login', false);
    if (mode === 'watch' || mode === 'consult')
      own.option('--here', 'in this terminal, although open-command is set', false);
    own.action((reference: string, options: ModeOptions) =>
      coded(async (say) => {
        const { begin } = await import('./begin.ts');
        return begin({ mode, reference, ...options }, local(say));
      }),
    );
  }
  dispatch
    .command('list')
    .description('What is dispatched, oldest first, and what the forge says of it.')
    .option('--all', 'also what has ended', false)
    .option('--offline', 'ask no forge', false)
    .option('--json', 'as JSON, for programs', false)
    .action((options: { all: boolean; offline: boolean; json: boolean }) =>
      coded(async (say) => {
        const { list } = await import('./list-command.ts');
        return list(options, local(say));
      }),
    );
  dispatch
    .command('conflicts')
    .description('Every running claim that overlaps a path; ends with 1 where there are any.')
    .argument('<path>', 'a path in this repository')
    .option('--json', 'as JSON, for programs', false)
    .action((path: string, options: { json: boolean }) =>
      coded(async (say) => (await import('./local.ts')).showConflicts(path, options, local(say))),
    );
  dispatch
    .command('claim')
    .description('Claim paths for the dispatch whose worktree this is: nobody else gets them while it runs.')
    .argument('<path...>', 'paths in this repository')
    .option('--of <reference>', 'for another dispatch')
    .action((paths: string[], options: { of?: string }) =>
      coded(async (say) => (await import('./local.ts')).claim(paths, { of: options.of }, local(say))),
    );
  dispatch
    .command('logs')
    .description('The log of a dispatch.')
    .argument('<reference>', 'owner/repo#12, repo#12, or the address of the issue')
    .option('-f, --follow', 'also what comes, until it is over', false)
    .action((reference: string, options: { follow: boolean }) =>
      coded(async (say) => (await import('./local.ts')).showLog(reference, options, local(say))),
    );
  dispatch
    .command('stop')
    .description('End a dispatch, after asking. Its worktree stays.')
    .argument('<reference>', 'owner/repo#12, repo#12, or the address of the issue')
    .option('--yes', 'do not ask', false)
    .action((reference: string, options: { yes: boolean }) =>
      coded(async (say) => (await import('./local.ts')).stop(reference, options, local(say))),
    );
  dispatch
    .command('overlap')
    .description('Branches of dispatches that really touch the same lines; ends with 1 where there are any.')
    .action(() => coded(async (say) => (await import('./clear.ts')).showOverlaps(local(say))));
  dispatch
    .command('reap')
    .description(
      'Remove worktrees whose work is integrated; each is named with what was decided and why. Nothing that is not in git goes.',
    )
    .option('--dry-run', 'only say what would be done', false)
    .action((options: { dryRun: boolean }) =>
      coded(async (say) => (await import('./clear.ts')).reapAll(options, local(say))),
    );
  dispatch
    .command('config')
    .description('The configuration, and where each value came from.')
    .action(() => coded(async (say) => (await import('./local.ts')).showConfig(local(say))));
  // The process of a dispatch itself: it reads its order from its standard input.
  dispatch.command('carry-out', { hidden: true }).action(async () => {
    const { carryOut } = await import('./process.ts');
    await carryOut(process.env);
  });
}

function descriptionOf(mode: string): string {
  const at = modeLines.findIndex((line) => line.startsWith(mode));
  return modeLines
    .slice(at, at + 2)
    .map((line) => line.slice(11))
    .join(' ');
}
