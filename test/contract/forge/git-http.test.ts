import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';

onEveryForge('git over HTTP', ({ api, bot, fresh, seed, url }) => {
  it('clones what the API wrote, and the API reads what was pushed', async () => {
    const name = await fresh('git');
    await seed.putFile(bot, name, 'a.md', 'by the API\n');
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-git-'));
    // Asynchronous, because the embedded forge answers from this very process.
    const git = async (...args: string[]): Promise<string> => {
      return new Promise((done, failed) => {
        execFile(
          'git',
          args,
          {
            cwd: folder,
            env: {
              PATH: process.env.PATH,
              HOME: folder,
              GIT_TERMINAL_PROMPT: '0',
              GIT_CONFIG_NOSYSTEM: '1',
            },
          },
          (error, stdout) => (error === null ? done(stdout) : failed(error)),
        );
      });
    };
    const address = `${url().replace('://', `://${bot.login}:${bot.token}@`)}/${name}.git`;

    await git('clone', '-q', address, '.');
    writeFileSync(path.join(folder, 'b.md'), 'by git\n');
    await git('add', '.');
    await git(
      '-c',
      `user.name=${bot.login}`,
      '-c',
      'user.email=bot@example.test',
      'commit',
      '-q',
      '-m',
      'by git',
    );
    await git('push', '-q', 'origin', 'HEAD:main');
    // As a runner asks that clones an action.
    const withoutEnding = await git('ls-remote', address.replace(/\.git$/, ''), 'refs/heads/main');

    expect(withoutEnding).toBe(await git('ls-remote', address, 'refs/heads/main'));
    expect(withoutEnding).toContain('refs/heads/main');
    expect((await api<{ content: string }>(bot, 'GET', `/repos/${name}/contents/b.md`)).body.content).toBe(
      base64('by git\n'),
    );
    rmSync(folder, { recursive: true });
  });
});
