import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { EmbeddedGithub } from '../embedded-github/main.ts';
import type { Account, Issue, Repository } from '../embedded-github/shapes.ts';
import type { DispatchRig } from './dispatching.ts';
import { startTestGithub } from './embedded.ts';

/** A GitHub with the repository `owner/elsewhere`, of which the person of a dispatch rig has a clone. */
export interface OnGithub {
  github: EmbeddedGithub;
  owner: Account & { token: string };
  /** Whose token the person has, and who may write there. */
  worker: Account & { token: string };
  repository: Repository;
  checkout: string;
  /** Writes the configuration anew, with more lines at its top. */
  configure(more?: string, owners?: string[]): void;
  issue(given?: Partial<Issue>): Issue;
  /** Its address in a browser. */
  addressOf(issue: Issue): string;
  /** Runs git in what stands for GitHub's own repository. */
  remoteGit(args: string[]): Promise<string>;
  close(): Promise<void>;
}

export async function startOnGithub(own: DispatchRig): Promise<OnGithub> {
  const github = await startTestGithub();
  const owner = github.addUser('owner');
  const worker = github.addUser('octo-crew');
  const home = path.join(own.folder, 'github');
  const bare = path.join(home, 'owner/elsewhere.git');
  const checkout = path.join(own.folder, 'src/owner/elsewhere');
  // The checkout's remote is github.com, as a person's is; what git fetches from there it finds here.
  appendFileSync(
    path.join(own.folder, 'gitconfig'),
    `[url "file://${home}/"]\n\tinsteadOf = https://github.com/\n`,
  );
  mkdirSync(path.dirname(bare), { recursive: true });
  await own.git(['init', '--quiet', '--bare', '--initial-branch=trunk', bare], own.folder);
  await own.git(['clone', '--quiet', 'https://github.com/owner/elsewhere.git', checkout], own.folder);
  await own.git(['commit', '--quiet', '--allow-empty', '--message', 'Begin'], checkout);
  await own.git(['push', '--quiet', 'origin', 'HEAD:trunk'], checkout);
  const repository = github.addRepository(owner, 'elsewhere', {
    defaultBranch: 'trunk',
    git: bare,
    rights: new Map([[worker.login, 'write']]),
  });
  own.environment.FORGECREW_GITHUB_TOKEN = worker.token;
  const on: OnGithub = {
    github,
    owner,
    worker,
    repository,
    checkout,
    configure: (more = '', owners = ['forge:owner', 'github:owner']) =>
      own.configure(`${more}[github]\napi = "${github.url}"\n`, owners),
    issue: (given = {}) =>
      github.addIssue(repository, owner, { title: 'Write a poem', body: 'In poem.txt.', ...given }),
    addressOf: ({ number }) => `https://github.com/owner/elsewhere/issues/${number}`,
    remoteGit: (args) => own.git(args, bare),
    close: () => github.close(),
  };
  on.configure();
  return on;
}
