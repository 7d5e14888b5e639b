import { appendFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { endGroup, getInput, setOutput, setSecret, startGroup, summary } from '@actions/core';
import { context } from '@actions/github';
import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { type Host, known, present, type RunFacts, settingsFrom } from './host.ts';

const payload = z.object({
  repository: z.nullish(z.object({ default_branch: z.string() })),
  /** Of a workflow that was started through the API or by hand. */
  inputs: z.nullish(z.record(z.string(), z.unknown())),
  /** Whoever did what the event tells. */
  sender: z.nullish(z.object({ login: z.string() })),
});
type Payload = z.infer<typeof payload>;

/** `pull_request_target` runs the base branch's workflow; the other pull request events run the file of the request. */
const fromPullRequest = /^pull_request(?!_target)/;

/** What the event says; a schedule says nothing. */
function payloadOf(): Payload | undefined {
  const file = present(process.env.GITHUB_EVENT_PATH);
  // The toolkit goes on without an event then, as if the run had been started with nothing.
  if (file !== undefined && !existsSync(file))
    throw new UserError(
      'The file of the event, which GITHUB_EVENT_PATH names, is not there.',
      'Start the role as a step of a workflow; the runner writes the file.',
    );
  const parsed = payload.safeParse(context.payload);
  return parsed.success ? parsed.data : undefined;
}

function runOf(inputs: Payload['inputs']): RunFacts | undefined {
  const id = context.runId;
  if (!Number.isSafeInteger(id)) return undefined;
  // `owner/name/.forgejo/workflows/backup.yml@refs/heads/main`; GITHUB_WORKFLOW is empty there.
  const file = (present(process.env.GITHUB_WORKFLOW_REF) ?? '').replace(/@.*$/s, '').split('/').at(-1) ?? '';
  return {
    backend: 'forgejo-workflow',
    id,
    workflow: file,
    // As text: the toolkit reads a number from the start of anything, and what is not surely the first is a rerun.
    isFirst: (present(process.env.GITHUB_RUN_ATTEMPT) ?? '1') === '1',
    isManual: context.eventName === 'workflow_dispatch',
    inputs: Object.fromEntries(
      Object.entries(inputs ?? {}).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
  };
}

/** The repository of the run, as owner/name. The toolkit throws where there is none. */
function repositoryOf(): string | undefined {
  if (present(process.env.GITHUB_REPOSITORY) === undefined) return undefined;
  const { owner, repo } = context.repo;
  return `${owner}/${repo}`;
}

/** An input as it was given; nothing is trimmed, because a secret is what it is to the last byte. */
function inputOf(name: string): string | undefined {
  const given = (spelling: string): string | undefined =>
    present(getInput(spelling, { trimWhitespace: false }));
  // The runner keeps the hyphen; somebody who wrote `_` in a workflow meant the same input.
  return given(name) ?? given(name.replaceAll('-', '_'));
}

/**
 * Where the runner keeps the scripts of this job's steps, with the secrets that they name written out, and its temporary files.
 * On a host everybody may read them unless its umask is stricter than usual.
 */
function runnerFolders(): string[] | undefined {
  const { GITHUB_ENV, GITHUB_EVENT_PATH, RUNNER_TEMP } = process.env;
  const beside = [GITHUB_ENV, GITHUB_EVENT_PATH].flatMap((file) => present(file) ?? []);
  const folders = [
    ...beside.map((file) => path.dirname(file)),
    ...[RUNNER_TEMP].flatMap((folder) => present(folder) ?? []),
  ];
  return folders.length === 0 ? undefined : [...new Set(folders)];
}

/** A full or read-only disk of the runner is no defect of ours. */
function unwritable(what: string, variable: string, error: unknown): UserError {
  return new UserError(
    `What came of the run is said above, but ${what} for later steps could not be written (${error instanceof Error ? error.message : String(error)}).`,
    `The runner names the file for it in ${variable}: make room on its disk, or let the step write there.`,
    { cause: error },
  );
}

/**
 * A step on a Forgejo runner, through the Actions toolkit, which reads this process's environment and prints.
 * `GITHUB_*` names exist on every version, `FORGEJO_*` only on newer ones. The toolkit's `error`, `warning` and
 * `setFailed` are not used: the runner shows those commands as plain text.
 */
export function forgejoActions(): Host {
  // Not the toolkit's: it takes github.com for the server where none is named.
  const server = present(process.env.GITHUB_SERVER_URL);
  const repository = repositoryOf();
  const event = present(context.eventName);
  const said = payloadOf();
  const temporaryFolder = present(process.env.RUNNER_TEMP);
  return {
    name: 'forgejo-actions',
    ...(temporaryFolder === undefined ? {} : { temporaryFolder }),
    setting: inputOf,
    givenSettings: settingsFrom(process.env, 'INPUT_').givenSettings,
    facts: known({
      forgeUrl: server,
      repository,
      defaultBranch: said?.repository?.default_branch,
      branch: /^refs\/heads\/(.+)$/s.exec(present(context.ref) ?? '')?.[1],
      commit: present(context.sha),
      event,
      commentBy: event === 'issue_comment' ? said?.sender?.login : undefined,
      isPullRequest: fromPullRequest.test(event ?? ''),
      isEnvironmentChosen: false,
      workspace: present(process.env.GITHUB_WORKSPACE) ?? process.cwd(),
      runnerFolders: runnerFolders(),
      // A runner may copy an action without its git folder, and what `uses:` pins is what it cloned.
      pinnedCommit: /^[0-9a-f]{40}$/.exec(present(process.env.GITHUB_ACTION_REF) ?? '')?.[0],
      runUrl:
        server !== undefined && repository !== undefined && Number.isSafeInteger(context.runNumber)
          ? `${server.replace(/\/+$/, '')}/${repository}/actions/runs/${context.runNumber}`
          : undefined,
      run: runOf(said?.inputs),
    }),
    automaticTokens: [process.env.GITHUB_TOKEN, process.env.FORGEJO_TOKEN].flatMap(
      (token) => present(token) ?? [],
    ),
    group(title, body) {
      startGroup(title);
      try {
        body();
      } finally {
        endGroup();
      }
    },
    // The runner reads the command and hides the value from then on; it never shows this line itself. A secret of
    // several lines is hidden line by line, as it would be printed.
    hide(secret) {
      for (const line of secret.split(/\r?\n/)) if (line !== '') setSecret(line);
    },
    output(name, value) {
      const file = present(process.env.GITHUB_OUTPUT);
      // Without the file the toolkit would print `::set-output`, and whatever the value holds with it.
      if (file === undefined) return;
      try {
        // The toolkit refuses a file that is not there yet.
        appendFileSync(file, '');
        setOutput(name, value);
      } catch (error) {
        throw unwritable(`the output ${name}`, 'GITHUB_OUTPUT', error);
      }
    },
    async summary(markdown) {
      const file = present(process.env.GITHUB_STEP_SUMMARY);
      // The toolkit throws where the host offers no summary.
      if (file === undefined || !existsSync(file)) return;
      try {
        await summary.addRaw(markdown, true).write();
      } catch (error) {
        throw unwritable('the summary', 'GITHUB_STEP_SUMMARY', error);
      }
    },
  };
}
