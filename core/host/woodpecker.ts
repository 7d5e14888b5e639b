import { type Environment, type Host, known, present, settingsFrom } from './host.ts';

/**
 * A plugin step on Woodpecker (woodpecker-ci.org, "Creating plugins" and "Environment variables").
 * Empty values are not exported at all; settings arrive as `PLUGIN_*`; there are no groups and no outputs.
 */
export function woodpecker(environment: Environment): Host {
  const event = present(environment.CI_PIPELINE_EVENT);
  return {
    name: 'woodpecker',
    ...settingsFrom(environment, 'PLUGIN_'),
    facts: known({
      forgeUrl: present(environment.CI_FORGE_URL),
      repository: present(environment.CI_REPO),
      defaultBranch: present(environment.CI_REPO_DEFAULT_BRANCH),
      // On a pull request CI_COMMIT_BRANCH is the branch it wants to go to.
      branch: present(environment.CI_COMMIT_BRANCH),
      commit: present(environment.CI_COMMIT_SHA),
      event,
      isPullRequest: event?.startsWith('pull_request') === true,
      workspace: present(environment.CI_WORKSPACE) ?? process.cwd(),
      runUrl: present(environment.CI_PIPELINE_URL),
    }),
    automaticTokens: [],
    group: (title) => ({ begin: [title], end: [] }),
    hide: () => [],
    output: () => undefined,
  };
}
