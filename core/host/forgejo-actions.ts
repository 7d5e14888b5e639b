import { appendFileSync, readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { type Environment, type Host, known, present, type RunFacts, settingsFrom } from './host.ts';

const payload = z.object({
  repository: z.nullish(z.object({ default_branch: z.string() })),
  /** Of a workflow that was started through the API or by hand. */
  inputs: z.nullish(z.record(z.string(), z.unknown())),
});
type Payload = z.infer<typeof payload>;

/** `pull_request_target` runs the base branch's workflow; the other pull request events run the file of the request. */
const fromPullRequest = /^pull_request(?!_target)/;

/** What the event says; a schedule says nothing. */
function payloadOf(path: string | undefined): Payload | undefined {
  if (path === undefined) return undefined;
  const parsed = payload.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  return parsed.success ? parsed.data : undefined;
}

function runOf(environment: Environment, inputs: Payload['inputs']): RunFacts | undefined {
  const id = Number(present(environment.GITHUB_RUN_ID));
  if (!Number.isSafeInteger(id)) return undefined;
  // `owner/name/.forgejo/workflows/backup.yml@refs/heads/main`; GITHUB_WORKFLOW is empty there.
  const file = (present(environment.GITHUB_WORKFLOW_REF) ?? '').replace(/@.*$/s, '').split('/').at(-1) ?? '';
  return {
    backend: 'forgejo-workflow',
    id,
    workflow: file,
    isFirst: (present(environment.GITHUB_RUN_ATTEMPT) ?? '1') === '1',
    isManual: environment.GITHUB_EVENT_NAME === 'workflow_dispatch',
    inputs: Object.fromEntries(
      Object.entries(inputs ?? {}).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
  };
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
  const said = payloadOf(present(environment.GITHUB_EVENT_PATH));
  return {
    name: 'forgejo-actions',
    ...settingsFrom(environment, 'INPUT_'),
    facts: known({
      forgeUrl: server,
      repository,
      defaultBranch: said?.repository?.default_branch,
      branch: environment.GITHUB_REF_TYPE === 'branch' ? present(environment.GITHUB_REF_NAME) : undefined,
      commit: present(environment.GITHUB_SHA),
      event,
      isPullRequest: fromPullRequest.test(event ?? ''),
      isEnvironmentChosen: false,
      workspace: present(environment.GITHUB_WORKSPACE) ?? process.cwd(),
      runUrl:
        server !== undefined && repository !== undefined && run !== undefined
          ? `${server.replace(/\/+$/, '')}/${repository}/actions/runs/${run}`
          : undefined,
      run: runOf(environment, said?.inputs),
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
      const delimiter = `forgecrew_${crypto.randomUUID()}`;
      appendFileSync(file, `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
    },
  };
}
