import { namesLogin } from '../../core/accounts.ts';
import { formulaFolder } from '../../core/vault/formula.ts';
import { lacking, opsFiles, projectFiles, type WantedFile } from '../factory/layout.ts';
import {
  formulaFiles,
  type Names,
  namesOf,
  type Pipeline,
  pipelinesOf,
  purposeIn,
} from '../factory/pipelines.ts';
import { exampleFiles, isInUse } from './example.ts';
import type { InitSettings, InitState, Side } from './state.ts';

// Which files a repository still lacks: pure.

/** The branch of the one pull request that asks for what main does not take otherwise. */
export const onboardingBranch = 'forgecrew/onboarding';

/** The names that pipelines of this factory are made with. */
export function namesIn(given: InitSettings, { found, release }: Pick<Side, 'found' | 'release'>): Names {
  return namesOf(given, { branch: found?.default_branch, commit: release });
}

/** Where the forge looks for workflows: into the first of these folders that is there, so another one would put it out of use. */
function workflowFolder(paths: readonly string[]): string | undefined {
  return ['.forgejo/workflows', '.gitea/workflows', '.github/workflows'].find((folder) =>
    paths.some((path) => path.startsWith(`${folder}/`)),
  );
}

/** Pipelines that are not there yet, under whatever name people gave theirs. */
export function missingPipelines(given: InitSettings, ops: Side): Pipeline[] {
  const wanted = pipelinesOf(namesIn(given, ops), workflowFolder(ops.paths));
  return lacking(wanted, ops.paths).filter(
    ({ role, purpose }) => !ops.pipelines.some(({ text }) => purposeIn(text, role) === purpose),
  );
}

/** Whether the organisation has labels for issues of the project that the project has not itself. */
export function sharesLabels({ project }: Pick<InitState, 'project'>): boolean {
  return project.sharedLabels.length > 0;
}

/** Whether a vault works in the ops repo, or is to: also where a run names only the roles that it adds. */
export function hasVault({ roles }: InitSettings, { pipelines }: Side): boolean {
  return (
    roles.includes('vault-dispatch') ||
    pipelines.some(({ text }) => purposeIn(text, 'vault-dispatch') === 'work')
  );
}

/** Who may approve what is high: the people who are given write access, and those who have it as owners. */
function approversOf({ people }: InitSettings, { owners }: Side): string[] {
  const own = people.length === 0 ? [] : owners.filter((login) => !namesLogin(people, login));
  return [...people, ...own];
}

/** What a repository lacks. */
export function wantedOf(given: InitSettings, side: Side, isOps: boolean): WantedFile[] {
  if (!isOps) {
    const example = given.example && !isInUse(side) ? lacking(exampleFiles, side.paths) : [];
    return [
      ...example,
      ...lacking(projectFiles(side.name), [...side.paths, ...example.map(({ path }) => path)]),
    ];
  }
  const makesVault = given.roles.includes('vault-dispatch');
  const hasFormula = side.paths.some(
    (path) => path.startsWith(`${formulaFolder}/`) && path.endsWith('.toml'),
  );
  const example =
    makesVault && !hasFormula ? formulaFiles(namesIn(given, side), workflowFolder(side.paths)) : [];
  const files = [
    ...lacking(opsFiles(given, approversOf(given, side)), side.paths),
    ...lacking(example, side.paths),
    ...missingPipelines(given, side),
  ];
  // A folder that gets a file needs none that only keeps it.
  return files.filter(
    ({ path }) =>
      !path.endsWith('/.gitkeep') ||
      !files.some((other) => other.path !== path && other.path.startsWith(path.replace(/\.gitkeep$/, ''))),
  );
}
