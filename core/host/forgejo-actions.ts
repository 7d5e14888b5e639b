import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { type Environment, type Host, known, present, settingsFrom } from './host.ts';

const payload = z.object({ repository: z.nullish(z.object({ default_branch: z.string() })) });

/** `pull_request_target` runs the base branch's workflow; the other pull request events run the file of the request. */
const fromPullRequest = /^pull_request(?!_target)/;

/** The default branch as the event says it; a schedule says nothing. */
function defaultBranchOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const parsed = payload.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  return parsed.success ? (parsed.data.repository?.default_branch ?? undefined) : undefined;
}

/**
 * A step on a Forgejo runner. Inputs arrive as `INPUT_*` with their hyphens; `GITHUB_*` names exist on every
 * version, `FORGEJO_*` only on newer ones. `::error::` and friends are shown as plain text there, so they are not used.
 */
export function forgejoActions(environment: Environment): Host {
  const event = present(environment.GITHUB_EVENT_NAME);
  const server = present(environment.GITHUB_SERVER_URL);
  const repository = present(environment.GITHUB_REPOSITORY);
  const run = present(environment.GITHUB_RUN_NUMBER);
  return {
    name: 'forgejo-actions',
    ...settingsFrom(environment, 'INPUT_'),
    facts: known({
      forgeUrl: server,
      repository,
      defaultBranch: defaultBranchOf(present(environment.GITHUB_EVENT_PATH)),
      branch: environment.GITHUB_REF_TYPE === 'branch' ? present(environment.GITHUB_REF_NAME) : undefined,
      commit: present(environment.GITHUB_SHA),
      event,
      isPullRequest: fromPullRequest.test(event ?? ''),
      workspace: present(environment.GITHUB_WORKSPACE) ?? process.cwd(),
      runUrl:
        server !== undefined && repository !== undefined && run !== undefined
          ? `${server.replace(/\/+$/, '')}/${repository}/actions/runs/${run}`
          : undefined,
    }),
    automaticTokens: [environment.GITHUB_TOKEN, environment.FORGEJO_TOKEN].flatMap(
      (token) => present(token) ?? [],
    ),
    group: (title) => ({ begin: [`::group::${title}`], end: ['::endgroup::'] }),
    // The runner reads the command and hides the value from then on; it never shows this line itself.
    hide: (secret) =>
      secret
        .split(/\r?\n/)
        .filter((line) => line !== '')
        .map((line) => `::add-mask::${line.replaceAll('%', '%25')}`),
    output(name, value) {
      const file = present(environment.GITHUB_OUTPUT);
      if (file === undefined) return;
      // A delimiter nobody can guess, so that no value can end its own block and begin another output.
      const delimiter = `forgecrew_${randomUUID()}`;
      appendFileSync(file, `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
    },
  };
}
