import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DispatchEntry } from '../../../cli/dispatch/entry.ts';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import { type DispatchRig, startDispatching, workerHead } from '../../dispatching.ts';
import { type OnGithub, startOnGithub } from '../../on-github.ts';

let own: DispatchRig;
let on: OnGithub;
beforeEach(async () => {
  own = await startDispatching();
  on = await startOnGithub(own);
});
afterEach(async () => {
  await on.close();
  await own.close();
});

const { best } = await possibleIsolation({ first: 70_000, count: 256 });
const isolates = it.skipIf(best === 'none');
const done = `${workerHead}forge('signal-done', 'success', '--summary', 'Done.');`;
const logOf = ({ log_path: file }: DispatchEntry): string => readFileSync(file, 'utf8');

describe('a dispatch of an issue on GitHub', () => {
  isolates(
    'runs its worker apart, from the clone of the person, and puts its work on a branch there',
    async () => {
      const issue = on.issue();
      on.github.addComment(issue, on.owner, 'Four lines, please.');
      own.declare(
        `${workerHead}console.log('ISSUE ' + forge('read-issue')); console.log('SAID ' + forge('read-comments')); console.log('ENV ' + JSON.stringify(process.env)); commit('poem.txt', 'Roses are red.\\n'); forge('post-comment', '--body', 'I am on it.'); forge('signal-done', 'success', '--summary', 'I wrote it.');`,
      );

      const entry = await own.dispatch({ reference: `owner/elsewhere#${issue.number}` });

      expect(entry).toMatchObject({
        platform: 'github',
        posture: 'isolated',
        ref: 'owner/elsewhere#1',
        url: 'https://github.com/owner/elsewhere/issues/1',
        branch: 'dispatch/1-write-a-poem',
        base_branch: 'trunk',
        checkout: on.checkout,
        outcome: 'success',
        why: 'I wrote it.',
      });
      expect(readFileSync(path.join(entry.worktree ?? '', 'poem.txt'), 'utf8')).toBe('Roses are red.\n');
      expect(await own.git(['rev-parse', 'HEAD'], entry.worktree ?? '')).toBe(entry.head);
      const [, comment] = issue.comments;
      expect(comment).toMatchObject({
        user: { login: 'octo-crew' },
        body: expect.stringMatching(/^I am on it\./),
      });
      const log = logOf(entry);
      expect(log).toContain('ISSUE {"number":1,"title":"Write a poem","body":"In poem.txt.","state":"open"}');
      expect(log).toContain('Four lines, please.');
      expect(log).not.toMatch(/FORGECREW_[A-Z_]*(?:TOKEN|KEY)/);
      for (const token of [on.worker.token, own.rig.worker.token]) expect(log).not.toContain(token);
    },
  );

  it('needs no forge at all where the configuration has none', async () => {
    const issue = on.issue();
    own.declare(done);
    delete own.environment.FORGECREW_FORGE_TOKEN;
    const from = own.rig.forge.requests.length;

    const entry = await own.dispatch({ reference: on.addressOf(issue), trustMe: true });

    expect(entry.outcome).toBe('success');
    expect(own.rig.forge.requests.slice(from)).toEqual([]);
  });

  it('sends the token of each host to that host alone', async () => {
    const issue = on.issue();
    own.declare(
      `${workerHead}forge('post-comment', '--body', 'x'); forge('signal-done', 'success', '--summary', 'x');`,
    );
    await own.makeStateRepo();
    on.configure(`state-repo = "${own.rig.state}"\n`);
    const from = own.rig.forge.requests.length;

    await own.dispatch({ reference: `elsewhere#${issue.number}`, trustMe: true });

    expect(new Set(on.github.requests.map(({ authorization }) => authorization))).toEqual(
      new Set([`Bearer ${on.worker.token}`]),
    );
    const asked = own.rig.forge.requests.slice(from);
    expect(asked.length).toBeGreaterThan(3);
    expect(JSON.stringify(asked)).not.toContain(on.worker.token);
  });

  it('is begun in a process of its own by the command line', async () => {
    own.declare(done);
    const issue = on.issue();

    const begun = await own.cli(['dispatch', 'headless', '--trust-me', `owner/elsewhere#${issue.number}`]);

    expect(begun).toMatchObject({
      code: 0,
      text: expect.stringContaining('owner/elsewhere#1: Write a poem'),
    });
    await own.until(() => own.entries()[0]?.outcome != null, 'the end of the dispatch');
    expect(own.entries()).toMatchObject([{ platform: 'github', outcome: 'success' }]);
  });

  it('ends its worker once the issue is moved to another repository, whose text it is never shown', async () => {
    const issue = on.issue();
    const other = on.github.addRepository(on.owner, 'secrets');
    const moved = on.github.addIssue(other, on.owner, { number: issue.number, body: 'Not for you.' });
    const go = path.join(own.folder, 'go');
    own.declare(
      `${workerHead}while (!fs.existsSync('${go}')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); for (const tool of ['read-issue', 'read-comments', 'post-comment']) console.log('SAID ' + spawnSync('forge', [tool, ...(tool === 'post-comment' ? ['--body', 'x'] : [])]).stderr); forge('signal-done', 'success', '--summary', 'x');`,
    );

    const entry = await own.dispatch(
      { reference: on.addressOf(issue), trustMe: true },
      {
        begun: () => {
          issue.movedTo = moved;
          writeFileSync(go, '');
        },
      },
    );

    const log = logOf(entry);
    expect(log).toContain('or it was moved to another one');
    expect(log).not.toContain('Not for you.');
    expect(moved.comments).toEqual([]);
  });
});
