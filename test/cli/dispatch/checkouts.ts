import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type OwnGit, openOwnGit } from '../../../cli/dispatch/own-git.ts';

// Real repositories on this machine: one that stands for the forge's, and a person's clone of it. The clone's remote has the
// address of a forge, which the person's configuration says to fetch from the folder.

export const address = 'https://forge.test/acme/widgets';

export interface Checkouts {
  folder: string;
  forge: string;
  checkout: string;
  worktreeRoot: string;
  git: OwnGit;
  environment: Record<string, string>;
  /** Runs git as the person does, in the clone or another folder; what it prints, without the end of the line. */
  run(args: string[], folder?: string): string;
  /** Commits a file in the clone or a worktree; the commit. */
  commit(file: string, content: string, folder?: string): string;
  close(): void;
}

export function openCheckouts(): Checkouts {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'forgecrew-checkouts-')));
  const forge = path.join(folder, 'forge.git');
  const checkout = path.join(folder, 'widgets');
  const config = path.join(folder, 'gitconfig');
  writeFileSync(
    config,
    `[user]\n\tname = Ada\n\temail = ada@example.test\n[init]\n\tdefaultBranch = main\n[url "file://${forge}"]\n\tinsteadOf = ${address}\n`,
  );
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    GIT_CONFIG_GLOBAL: config,
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const run = (args: string[], where = checkout): string =>
    execFileSync('git', args, { cwd: where, env: environment, encoding: 'utf8', stdio: 'pipe' }).replace(
      /\n$/,
      '',
    );
  const commit = (file: string, content: string, where = checkout): string => {
    mkdirSync(path.dirname(path.join(where, file)), { recursive: true });
    writeFileSync(path.join(where, file), content);
    run(['add', '--', file], where);
    run(['commit', '--quiet', '-m', `Change ${file}`], where);
    return run(['rev-parse', 'HEAD'], where);
  };
  run(['init', '--quiet', '--bare', forge], folder);
  run(['init', '--quiet', checkout], folder);
  run(['remote', 'add', 'origin', address]);
  commit('README.md', '# Widgets\n');
  run(['push', '--quiet', '-u', 'origin', 'main']);
  return {
    folder,
    forge,
    checkout,
    worktreeRoot: path.join(folder, 'worktrees'),
    git: openOwnGit(environment),
    environment,
    run,
    commit,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
