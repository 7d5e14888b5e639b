import path from 'node:path';
import {
  type Environment,
  type Host,
  known,
  type Print,
  present,
  type RunFacts,
  settingsFrom,
} from './host.ts';

/** A restart makes a pipeline of its own, with the number of the one it restarts as its parent. */
function isFirstRun(environment: Environment): boolean {
  const isZero = (value: string | undefined): boolean => (present(value) ?? '0') === '0';
  return isZero(environment.CI_PIPELINE_PARENT) && isZero(environment.CI_PIPELINE_RERUNS);
}

function runOf(environment: Environment): RunFacts | undefined {
  const id = Number(present(environment.CI_PIPELINE_NUMBER));
  if (!Number.isSafeInteger(id)) return undefined;
  const workflowNumber = Number(present(environment.CI_WORKFLOW_NUMBER));
  return {
    backend: 'woodpecker-pipeline',
    id,
    workflow: present(environment.CI_WORKFLOW_NAME) ?? '',
    ...(Number.isSafeInteger(workflowNumber) ? { workflowNumber } : {}),
    isFirst: isFirstRun(environment),
    isManual: environment.CI_PIPELINE_EVENT === 'manual',
  };
}

/** The home of a pipeline beside its checkout, as the local backend makes it: the credentials of the clone stand there. */
function runnerFolders({ HOME, CI_WORKSPACE }: Environment): string[] | undefined {
  const home = present(HOME);
  const workspace = present(CI_WORKSPACE);
  return home !== undefined && workspace !== undefined && path.dirname(home) === path.dirname(workspace)
    ? [home]
    : undefined;
}

/**
 * A plugin step on Woodpecker (woodpecker-ci.org, "Creating plugins" and "Environment variables").
 * Empty values are not exported at all; settings arrive as `PLUGIN_*`; there are no groups and no outputs.
 */
export function woodpecker(environment: Environment, print: Print): Host {
  const event = present(environment.CI_PIPELINE_EVENT);
  return {
    name: 'woodpecker',
    ...settingsFrom(environment, 'PLUGIN_'),
    facts: known({
      forgeUrl: present(environment.CI_FORGE_URL),
      repository: present(environment.CI_REPO),
      defaultBranch: present(environment.CI_REPO_DEFAULT_BRANCH),
      // On a pull request CI_COMMIT_BRANCH is the branch it wants to go to; of a release it is what whoever made it wrote there.
      branch: event === 'tag' || event === 'release' ? undefined : present(environment.CI_COMMIT_BRANCH),
      commit: present(environment.CI_COMMIT_SHA),
      event,
      isPullRequest: event?.startsWith('pull_request') === true,
      // Only what a push or cron starts for the first time has the environment that the server gave it.
      isEnvironmentChosen: !(['push', 'cron'].includes(event ?? '') && isFirstRun(environment)),
      workspace: present(environment.CI_WORKSPACE) ?? process.cwd(),
      runnerFolders: runnerFolders(environment),
      runUrl: present(environment.CI_PIPELINE_URL),
      woodpeckerUrl: present(environment.CI_SYSTEM_URL),
      run: runOf(environment),
    }),
    automaticTokens: [],
    group(title, body) {
      print(title);
      body();
    },
    // Woodpecker knows no command that hides a value: it would be printed, and stand in the log.
    hide: () => undefined,
    output: () => undefined,
    summary: async () => undefined,
  };
}
