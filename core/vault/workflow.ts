import type { AskedAction } from './action.ts';
import type { Formula } from './formula.ts';

/** What a workflow's file says of itself. */
export interface WorkflowFacts {
  file: string;
  blob: string;
  /** The inputs it declares; `null` on Woodpecker, which knows none and drops none. */
  inputs: string[] | null;
  /** Those of them that have to be given: required, and without a default. */
  required: string[];
  /** Names of the secrets it uses, in capitals; but the one that a gate needs for itself. */
  secrets: string[];
  gate: Gate;
  /**
   * Names between `${` and `}` on Woodpecker, which puts values there before it reads the file: an input of such a name
   * could rewrite the file. Empty on Forgejo.
   */
  substituted: string[];
  /** What keeps it from being understood. */
  faults: string[];
}

/**
 * Whether nothing of a workflow runs, and none of its secrets is given to anything, before its gate has let it through.
 * `why` is a whole clause for people: "its gate is not the only step of its job".
 */
export type Gate = { kind: 'gated' } | { kind: 'open'; why: string };

/** What a formula would start. */
export interface WorkflowState {
  /** `null` where there is no such file. */
  workflow: WorkflowFacts | null;
  /** Why nothing of it could be started now, or undefined. */
  unreachable: string | undefined;
  place: RunPlace;
  /** Other workflows that start with it: on Woodpecker every one of the repository that takes `manual`. */
  beside: BesideWorkflow[];
}

/** Where a formula's workflow runs. */
export interface RunPlace {
  repository: string;
  /** The branch. */
  ref: string;
  /** What runs: on Forgejo this very commit; on Woodpecker the head of the branch, which this was when it was looked at. */
  commit: string;
  /**
   * `own`: the commit that brought the action itself, on the branch where policy and formula stand.
   * `shown`: the one of another branch that people were shown on the pull request since then (ISO 8601); `head`: where that
   * branch is now.
   * `unshown`: the head of another branch, of which nobody was shown a commit.
   * `head`: the head, because the host runs nothing else.
   */
  pin: { kind: 'own' } | { kind: 'shown'; at: string; head: string } | { kind: 'unshown' } | { kind: 'head' };
}

/** Another workflow of a repository on Woodpecker: one approval starts every one that takes the event `manual`. */
export interface BesideWorkflow {
  file: string;
  /** As Woodpecker calls it. */
  name: string;
  /** Whether it may start with the formula's; true also where that could not be understood. */
  takesManual: boolean;
  /** Whether anything of it is given a secret; true also where that could not be understood. */
  hasSecrets: boolean;
  gate: Gate;
}

const ofForgejo = ['.forgejo/workflows', '.gitea/workflows', '.github/workflows'];
/** The folders that hosts look for workflows in. */
export const workflowFolders: readonly string[] = [...ofForgejo, '.woodpecker'];

/** Where a formula's workflow may be, in the order in which the hosts look. */
export function workflowFiles({ run }: Formula): string[] {
  if (run.backend === 'forgejo-workflow') return ofForgejo.map((folder) => `${folder}/${run.workflow}`);
  const name = workflowName(run);
  return [
    ...['yaml', 'yml'].map((extension) => `.woodpecker/${name}.${extension}`),
    ...(name === 'woodpecker' ? ['.woodpecker.yaml', '.woodpecker.yml'] : []),
  ];
}

/** A workflow as its host calls it: on Woodpecker without the extension of its file. */
export function workflowName(run: { backend: string; workflow: string }): string {
  return run.backend === 'woodpecker-pipeline' ? run.workflow.replace(/\.ya?ml$/, '') : run.workflow;
}

/**
 * Why a formula's workflow cannot be started as the formula says; empty when it can. Forgejo drops an input that the
 * workflow does not declare without a word, so that is one of the reasons. It starts nothing where one is missing that the workflow
 * requires, an empty one too; and because a run is of the commit that brought its action, no later change of the workflow helps.
 */
export function workflowFaults(
  formula: Formula,
  { workflow, unreachable }: WorkflowState,
  /** Without it, whatever an action could ask for. */
  asked?: AskedAction,
): string[] {
  const { run } = formula;
  const away = unreachable === undefined ? [] : [unreachable];
  if (workflow === null)
    return [...away, `there is no workflow ${run.workflow} on the branch it is to run on`];
  const { file, inputs, required, secrets, substituted, faults } = workflow;
  const lists = (['mounts', 'model', 'tools'] as const).filter(
    (name) => (asked === undefined ? formula[name] : asked[name]) !== undefined,
  );
  const always = [...lists, 'action', 'nonce'];
  const given = [...Object.keys(formula.inputs ?? {}), ...always];
  const values = Object.entries(asked?.inputs ?? {});
  const filled =
    asked === undefined
      ? given
      : [...values.flatMap(([name, value]) => (value === '' ? [] : [name])), ...always];
  const missing = required.filter((name) => !filled.includes(name));
  const dropped = inputs === null ? [] : given.filter((name) => !inputs.includes(name));
  // A shell cannot read such a variable.
  const unreadable = inputs === null ? given.filter((name) => name.includes('-')) : [];
  // Woodpecker up to 3.17 puts the values of variables there as text: a value could be a further step.
  const pasted = given.filter((name) => substituted.includes(name));
  const listed = formula.secrets.map((name) => name.toUpperCase());
  const unlisted = secrets.filter((name) => !listed.includes(name));
  const unbound = listed.filter((name) => !secrets.includes(name));
  const fault = (names: string[], what: string): string[] =>
    names.length === 0 ? [] : [`${what} ${names.join(', ')}`];
  return [
    ...away,
    ...faults,
    ...fault(dropped, `workflow ${file} does not declare these inputs, so they would be dropped:`),
    ...fault(
      missing,
      `workflow ${file} requires inputs that ${asked === undefined ? 'its formula does not have' : 'this action does not give'}, so the forge would start nothing:`,
    ),
    ...fault(unreadable, 'on Woodpecker inputs are variables, so their names need underscores:'),
    ...fault(
      pasted,
      `Woodpecker would paste these inputs into the text of workflow ${file} before reading it; write $name without braces:`,
    ),
    ...fault(unlisted, `workflow ${file} uses secrets that its formula does not list:`),
    ...fault(unbound, `workflow ${file} does not use secrets that its formula lists:`),
  ];
}
