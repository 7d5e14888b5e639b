import type { Person, Seeder } from '../../embedded-forge/seed.ts';
import { chapter, note, paint } from './stage.ts';

// What the scenes of the stories are played on. A story sets up a factory of its own, as small as it can be; a test plays the same
// scenes on what `forgecrew init` made, where every role is started with what its pipeline says.

/** How a run of a role is started, where it is not by the clock. */
export interface Start {
  /** Of the step, where a pipeline has several of one role. */
  mode?: string;
  /** Settings of this one run, which a person gives. */
  more?: Record<string, string>;
  /** The run of a formula's workflow, for its gate. */
  run?: { id: number; workflow: string; commit: string; inputs: Record<string, string> };
}

/** A factory, whoever made it. */
export interface Works {
  url: string;
  seed: Seeder;
  ops: string;
  project: string;
  /** Administers both repositories. */
  admin: Person;
  /** Two people with write access, of whom one may be the admin, and one without any. */
  ada: Person;
  bob: Person;
  stranger: Person;
  /** Of an account, by what it is called in the documents. */
  login(name: string): string;
  /** How a workflow names a role. */
  uses(role: string): string;
  /** Starts a role with what its pipeline says, and tells its exit code. */
  start(role: string, how?: Start): Promise<number | null>;
  /** People set something in the pipeline of a role, or take it away. */
  set(role: string, settings: Record<string, string | null>): Promise<void>;
  /** People change files of the ops repo, or take them away; what decides as well. */
  land(files: Record<string, string | null>): Promise<void>;
  /** People merge what an account asks for in the ops repo; tells how many those were. */
  merge(login: string): Promise<number>;
  /** Lets so many milliseconds go by for everybody. */
  wait(milliseconds: number): Promise<void>;
  /** Ends a workflow's run; undefined where a runner does. */
  settleRun: ((id: number, status: 'success' | 'failure') => void) | undefined;
  tell: Tell;
}

/** Where a story is told. */
export interface Tell {
  chapter(text: string): void;
  note(text: string): void;
  /** A text from the forge, or of a role. */
  show(text: string): void;
}

export const aloud: Tell = {
  chapter,
  note,
  show(text) {
    for (const line of text.trimEnd().split('\n')) console.log(`   ${paint('2', '│')} ${line}`);
  },
};

/** A file of the ops repo's main, or of another branch of it. */
export async function textIn({ seed, ops }: Works, file: string, ref = 'main'): Promise<string> {
  const { status, body } = await seed.api('GET', `/repos/${ops}/contents/${file}?ref=${ref}`);
  if (status !== 200) throw new Error(`${file} at ${ref} was answered ${status}`);
  return Buffer.from((body as { content: string }).content, 'base64').toString('utf8');
}

/** A call that has to be answered with a success. */
export async function asked<T>(
  { seed }: Pick<Works, 'seed'>,
  method: string,
  where: string,
  { body, by }: { body?: unknown; by?: Person } = {},
): Promise<T> {
  const answer = await seed.api(method, where, body, by?.token);
  if (answer.status > 299)
    throw new Error(`${method} ${where} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as T;
}

/** What Woodpecker tells a step that cron starts in the ops repo. */
export function cronStep(
  { url, ops }: Pick<Works, 'url' | 'ops'>,
  workspace: string,
): Record<string, string> {
  return {
    CI: 'woodpecker',
    CI_FORGE_URL: url,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_COMMIT_BRANCH: 'main',
    CI_PIPELINE_EVENT: 'cron',
    CI_WORKSPACE: workspace,
  };
}

/** Settings as a step of Woodpecker is given them. */
export function pluginSettings(settings: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      `PLUGIN_${name.toUpperCase().replaceAll('-', '_')}`,
      value ?? '',
    ]),
  );
}

/** Says what did not come out as it should, if anything did not. */
export function expectAll(wanted: Record<string, unknown>, found: Record<string, unknown>): void {
  const wrong = Object.entries(wanted).filter(([name, value]) => found[name] !== value);
  if (wrong.length > 0)
    throw new Error(
      `it did not end as it should (${wrong.map(([name, value]) => `${name}: ${String(found[name])} instead of ${String(value)}`).join(', ')}); see the lines above`,
    );
}
