import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seenHost } from '../../workflow-step.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-host-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const runner = { GITHUB_ACTIONS: 'true' };

function file(name: string, text = ''): string {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
}

describe('a step of a workflow on a Forgejo runner', () => {
  it('has secrets hidden line by line, and its groups folded, in the order they come', async () => {
    const { lines } = await seenHost(runner);

    expect(lines).toEqual([
      '::add-mask::first line',
      '::add-mask::second: 100%25',
      '::group::A title',
      'inside',
      '::endgroup::',
    ]);
  });

  it('hands its outputs to later steps by a file, with an end that no value can know', async () => {
    const output = file('output');

    const { lines } = await seenHost({ ...runner, GITHUB_OUTPUT: output });

    expect(lines.join('\n')).not.toContain('::error::second');
    expect(readFileSync(output, 'utf8')).toMatch(
      /^name<<(ghadelimiter_[0-9a-f-]{36})\nfirst\n::error::second\n\1\n$/,
    );
  });

  it('makes the file of its outputs where the runner only named it', async () => {
    const output = path.join(folder, 'output');

    await seenHost({ ...runner, GITHUB_OUTPUT: output });

    expect(readFileSync(output, 'utf8')).toContain('name<<');
  });

  it('prints no output where the runner takes none', async () => {
    const { lines } = await seenHost({ ...runner, GITHUB_OUTPUT: '' });

    expect(lines.join('\n')).not.toContain('set-output');
    expect(lines.join('\n')).not.toContain('::error::second');
  });

  it('adds to the summary of the run', async () => {
    const summary = file('summary');

    await seenHost({ ...runner, GITHUB_STEP_SUMMARY: summary });

    expect(readFileSync(summary, 'utf8')).toBe('# A heading\nSome text.\n');
  });

  it('goes on without a summary where the runner has none', async () => {
    const summary = path.join(folder, 'summary');

    await seenHost({ ...runner, GITHUB_STEP_SUMMARY: summary });

    expect(existsSync(summary)).toBe(false);
  });

  it('knows the event, the run and what it was started with', async () => {
    const event = file(
      'event.json',
      JSON.stringify({ repository: { default_branch: 'trunk' }, inputs: { target: 'db', deep: { a: 1 } } }),
    );

    const { host } = await seenHost({
      ...runner,
      GITHUB_ACTION_REF: 'b'.repeat(40),
      GITHUB_ENV: '/job/workflow/envs.txt',
      GITHUB_EVENT_NAME: 'workflow_dispatch',
      GITHUB_EVENT_PATH: event,
      GITHUB_REF: 'refs/heads/topic/a',
      GITHUB_REPOSITORY: 'owner/ops',
      GITHUB_RUN_ATTEMPT: '2',
      GITHUB_RUN_ID: '44',
      GITHUB_RUN_NUMBER: '10',
      GITHUB_SERVER_URL: 'https://forge.test/git/',
      GITHUB_SHA: 'a'.repeat(40),
      GITHUB_TOKEN: 'automatic',
      GITHUB_WORKFLOW_REF: 'owner/ops/.forgejo/workflows/backup.yml@refs/heads/main',
      GITHUB_WORKSPACE: '/workspace',
      'INPUT_FORGE-TOKEN': 'token',
      RUNNER_TEMP: '/job/tmp',
    });

    expect(host).toEqual({
      name: 'forgejo-actions',
      automaticTokens: ['automatic'],
      facts: {
        forgeUrl: 'https://forge.test/git/',
        repository: 'owner/ops',
        defaultBranch: 'trunk',
        branch: 'topic/a',
        commit: 'a'.repeat(40),
        event: 'workflow_dispatch',
        isPullRequest: false,
        isEnvironmentChosen: false,
        workspace: '/workspace',
        // The scripts of the steps stand there, with the secrets that they name.
        runnerFolders: ['/job/workflow', path.dirname(event), '/job/tmp'],
        pinnedCommit: 'b'.repeat(40),
        runUrl: 'https://forge.test/git/owner/ops/actions/runs/10',
        run: {
          backend: 'forgejo-workflow',
          id: 44,
          workflow: 'backup.yml',
          isFirst: false,
          isManual: true,
          inputs: { target: 'db', deep: '{"a":1}' },
        },
      },
    });
  });

  it('takes no tag or branch for the commit that the pipeline names', async () => {
    for (const ref of ['v0.1.0', 'main', '', `${'b'.repeat(40)}0`]) {
      const { host } = await seenHost({ ...runner, GITHUB_ACTION_REF: ref });
      expect([ref, host]).toEqual([
        ref,
        { ...(host as object), facts: expect.not.objectContaining({ pinnedCommit: expect.anything() }) },
      ]);
    }
  });

  it('knows nothing that it was not told, and takes no other forge for granted', async () => {
    const { host } = await seenHost({ ...runner, GITHUB_REF: 'refs/tags/v1' });

    expect(host).toEqual({
      name: 'forgejo-actions',
      automaticTokens: [],
      facts: { isPullRequest: false, isEnvironmentChosen: false, workspace: expect.any(String) },
    });
  });

  it('takes an input with its hyphen, and with the underscore somebody wrote, to the last blank', async () => {
    const { given, settings } = await seenHost({
      ...runner,
      GITHUB_SERVER_URL: 'https://forge.test',
      'INPUT_FORGE-TOKEN': 'token',
      'INPUT_RESULT-FILE': 'a file ',
      INPUT_OPS_BRANCH: 'main',
      'INPUT_PROJECT-REPO': '',
    });

    expect(given.sort()).toEqual(['forge-token', 'ops-branch', 'result-file']);
    expect(settings).toMatchObject({ 'result-file': 'a file ', 'ops-branch': 'main' });
    expect(settings).not.toHaveProperty('project-repo');
  });

  it.skipIf(!existsSync('/dev/full'))(
    'says what could not be written where the disk of the runner is full',
    async () => {
      await expect(seenHost({ ...runner, GITHUB_OUTPUT: '/dev/full' })).rejects.toThrow(
        /UserError: What came of the run is said above, but the output name for later steps could not be written \(ENOSPC/,
      );
    },
  );

  it('does not start without the event that it was promised', async () => {
    await expect(seenHost({ ...runner, GITHUB_EVENT_PATH: path.join(folder, 'none') })).rejects.toThrow(
      'The file of the event, which GITHUB_EVENT_PATH names, is not there.',
    );
  });
});

describe.each([
  ['Woodpecker', { CI: 'woodpecker' }],
  ['a terminal', {}],
])('%s', (_, environment) => {
  it('is asked for no command, and prints no secret: it would stand in the log', async () => {
    const { lines } = await seenHost({
      ...environment,
      GITHUB_OUTPUT: file('output'),
      GITHUB_STEP_SUMMARY: file('summary'),
    });

    expect(lines).toEqual(['A title', 'inside']);
    for (const name of ['output', 'summary']) expect(readFileSync(path.join(folder, name), 'utf8')).toBe('');
  });
});
