import { codeOf } from '../errors.ts';
import type { Backend } from './backends.ts';

/**
 * Where a role runs. One small port: what the host tells a step, and how the step speaks to the host.
 * A host acts itself, because Forgejo Actions is spoken to through a library that prints and writes files; what it
 * prints for people it prints with the function it was given.
 */
export interface Host {
  name: 'forgejo-actions' | 'woodpecker' | 'terminal';
  facts: HostFacts;
  /** A setting as it was given, or undefined; the empty text counts as not given. */
  setting(name: string): string | undefined;
  /** The names of all settings that were given, so that a misspelt one is not ignored. */
  givenSettings(): string[];
  /** Tokens that the host made for this run: never an account of our own. */
  automaticTokens: string[];
  /** Prints what `body` prints under a title, foldable where the host can. The title is one plain line. */
  group(title: string, body: () => void): void;
  /** Has the host hide a secret from now on. Prints nothing where printing the secret would show it. */
  hide(secret: string): void;
  /** Where a step may leave files for the later steps of its job, on hosts where those get outputs. */
  temporaryFolder?: string;
  /** Hands a value to later steps, where the host can; short, because it may be repeated in the log. */
  output(name: string, value: string): void;
  /** Shows Markdown on the page of the run, where the host can. */
  summary(markdown: string): Promise<void>;
}

export interface HostFacts {
  forgeUrl?: string;
  /** The repository CI runs for, as owner/name. */
  repository?: string;
  defaultBranch?: string;
  /** The branch that was pushed, or that cron runs on. */
  branch?: string;
  commit?: string;
  /** As the host names it: push, schedule, cron, manual, pull_request ... */
  event?: string;
  /** Whose comment, written or changed, started this run; absent where none did. */
  commentBy?: string;
  /** Whether the pipeline (and the checkout) may be a pull request's own copy, so that nothing in it was merged. */
  isPullRequest: boolean;
  /**
   * Whether whoever started this run may have chosen its environment. On Woodpecker a restart, and a start by hand, may set
   * every variable, settings among them.
   */
  isEnvironmentChosen: boolean;
  /** Where the checkout is. */
  workspace: string;
  /** Further folders of the runner that hold what belongs to this run: an agent must find nothing there. */
  runnerFolders?: string[];
  /** The commit by which the pipeline names what runs here, where it names one. */
  pinnedCommit?: string;
  /** The page of this run, for links. */
  runUrl?: string;
  /** Where the Woodpecker is that this step runs on. */
  woodpeckerUrl?: string;
  /** What runs, and what it was started with, for a role that has to know which run it is part of. */
  run?: RunFacts;
}

/** The run that a step belongs to. */
export interface RunFacts {
  backend: Backend;
  /** The id of the run on Forgejo, the number of the pipeline in its repository on Woodpecker. */
  id: number;
  /** The name of the workflow's file on Forgejo, the workflow's name on Woodpecker. */
  workflow: string;
  /** Which workflow of its pipeline it is: a matrix makes several of one name. Only Woodpecker has such. */
  workflowNumber?: number;
  /** Whether it is the first time that this runs: not a rerun, and not a restart of another run. */
  isFirst: boolean;
  /** Whether somebody started it through the API or by hand. */
  isManual: boolean;
  /** What it was started with, where the host tells; Woodpecker does not tell a plugin. */
  inputs?: Record<string, string>;
}

/** The environment, as `process.env` has it. */
export type Environment = Record<string, string | undefined>;

/** Prints one line. */
export type Print = (line: string) => void;

/** Whether it was said that what this process prints is lost. */
let isLost = false;

/**
 * Whoever reads what this process prints may stop reading, as `head` does, or a terminal that is closed: that is no failure of
 * its own. Where a log cannot be written any more (a full disk), the work goes on to its end and is no success: nobody can read
 * what was done.
 */
export function outliveReaders(): void {
  process.stdout.on('error', lose);
  process.stderr.on('error', () => undefined);
}

/** Prints a text as it is. Every print of this process goes through here: where output is a file, a full disk throws at once. */
export function printOut(text: string): void {
  try {
    process.stdout.write(text);
  } catch (error) {
    lose(error);
  }
}

function lose(error: unknown): void {
  const code = codeOf(error);
  if (code === 'EPIPE' || code === 'EIO' || isLost) return;
  isLost = true;
  process.once('exit', () => {
    process.exitCode = 1;
  });
  try {
    process.stderr.write(
      `What is printed here cannot be written any more (${code}${code === 'ENOSPC' ? ': the disk is full' : ''}). The run goes on without, and ends red.\n`,
    );
  } catch {
    // Both may be the same full disk: the exit code is all that is left to tell it.
  }
}

/** A variable's value, where the empty text counts as absent: hosts export names without values. */
export function present(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

/** Settings given as environment variables with a prefix. */
export function settingsFrom(
  environment: Environment,
  prefix: string,
): Pick<Host, 'setting' | 'givenSettings'> {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(prefix) || present(value) === undefined) continue;
    // Woodpecker and shells have `_` where the setting has `-`; the Forgejo runner keeps the hyphen.
    given.set(name.slice(prefix.length).toLowerCase().replaceAll('_', '-'), value ?? '');
  }
  return { setting: (name) => given.get(name), givenSettings: () => [...given.keys()] };
}

/** Facts whose value is known, so that an absent one is an absent property. */
export function known(facts: { [K in keyof HostFacts]: HostFacts[K] | undefined }): HostFacts {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== undefined),
  ) as unknown as HostFacts;
}
