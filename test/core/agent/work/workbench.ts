import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cloneForAgent, cloneForUs } from '../../../../core/agent/work/clone.ts';
import { usualLimits } from '../../../../core/agent/work/limits.ts';
import type { WorkCell } from '../../../../core/agent/work/receive.ts';
import { type Taken, type TakeOptions, takeWork } from '../../../../core/agent/work/take.ts';
import { runToEnd } from '../../../../core/child.ts';
import { type Git, openGit } from '../../../../core/git.ts';
import { createMask } from '../../../../core/mask.ts';
import type { EmbeddedForge } from '../../../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../../../embedded-forge/seed.ts';
import { startTestForge } from '../../../embedded.ts';

// What tests of an agent's work stand on: a forge with a repository and a fork, our clone, the agent's, and a stand-in for the
// cell that keeps nothing apart. What is tested here has to hold whatever a cell keeps out.

export const author = { name: 'Crew', email: 'crew@example.test', at: '2026-11-26T00:00:00Z' };
export const programs = process.env.PATH ?? '';

export interface Workbench {
  forge: EmbeddedForge;
  seed: Seeder;
  alice: Person;
  /** Our own account, which may only read alice's repository. */
  crew: Person;
  git: Git;
  base: string;
  /** Folders: everything, our clone, the agent's. */
  folder: string;
  ours: string;
  agent: string;
  cell: WorkCell;
  /** A place that something hostile would leave a mark at, if it ran; where is told by the list. */
  marks(): string[];
  markFolder: string;
  /** Takes the agent's work as it stands, or what a bent cell says. */
  take(over?: Partial<TakeOptions>): Promise<Taken>;
  /** Runs git as the agent would, in its folder. */
  asAgent(...args: string[]): string;
  write(file: string, content: string | Uint8Array): void;
  close(): Promise<void>;
}

export async function openWorkbench(
  files: Record<string, string> = { 'README.md': '# Project\n', 'src/a.txt': 'a\n' },
): Promise<Workbench> {
  const forge = await startTestForge();
  const seed = seeder(forge.url, forge.adminToken);
  const alice = await seed.createUser('alice', allScopes);
  const crew = await seed.createUser('crew', allScopes);
  await seed.createRepository(alice, 'project');
  let base = '';
  for (const [file, content] of Object.entries(files))
    base = await seed.putFile(alice, 'alice/project', file, content);
  await seed.api('POST', '/repos/alice/project/forks', {}, crew.token);
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-work-'));
  const git = await openGit({
    path: programs,
    folder: path.join(folder, 'git'),
    forge: { url: forge.url, token: crew.token },
  });
  const ours = path.join(folder, 'ours.git');
  const agent = path.join(folder, 'agent');
  const markFolder = path.join(folder, 'marks');
  mkdirSync(markFolder);
  await cloneForUs(git, { repository: 'alice/project', commit: base, folder: ours });
  await cloneForAgent(git, { from: ours, commit: base, folder: agent, branch: 'crew/7-mend-it', author });
  let rounds = 0;
  const take = async (over: Partial<TakeOptions>): Promise<Taken> => {
    rounds += 1;
    const round = path.join(folder, `round-${rounds}`);
    mkdirSync(round);
    return takeWork(git, {
      cell: openStandIn(agent),
      programs,
      base,
      ours,
      folder: round,
      isDone: true,
      message: 'Mend it\n',
      author,
      protectedPaths: [],
      limits: usualLimits,
      mask: createMask(),
      clock: () => performance.now(),
      ...over,
    });
  };
  return {
    forge,
    seed,
    alice,
    crew,
    git,
    base,
    take: (over = {}) => take(over),
    folder,
    ours,
    agent,
    cell: openStandIn(agent),
    markFolder,
    marks: () => execFileSync('ls', [markFolder]).toString().split('\n').filter(Boolean),
    asAgent: (...args) => agentGit(agent, args),
    write(file, content) {
      const full = path.join(agent, file);
      mkdirSync(path.dirname(full), { recursive: true });
      writeFileSync(full, content);
    },
    async close() {
      await forge.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Git as the agent has it: with everything that it wrote into its own configuration. */
export function agentGit(folder: string, args: string[], input: string | Uint8Array = ''): string {
  return execFileSync('git', args, {
    cwd: folder,
    input,
    env: {
      PATH: programs,
      HOME: folder,
      GIT_AUTHOR_DATE: '2026-11-26T01:00:00Z',
      GIT_COMMITTER_DATE: '2026-11-26T01:00:00Z',
      GIT_AUTHOR_NAME: 'Agent',
      GIT_AUTHOR_EMAIL: 'agent@example.test',
      GIT_COMMITTER_NAME: 'Agent',
      GIT_COMMITTER_EMAIL: 'agent@example.test',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
    .toString()
    .trim();
}

/** A stand-in for a cell: it runs programs in the agent's folder, with what bounds they are given. */
export function openStandIn(folder: string): WorkCell {
  return {
    inside: { workspace: folder, home: folder },
    async run({ command, args, environment, folder: where, input }, { timeoutMs, mostBytes }) {
      return runToEnd({
        command,
        args,
        // So that what an agent planted can tell where it runs.
        environment: { ...environment, IN_CELL: '1' },
        folder: where ?? folder,
        input: input ?? '',
        timeoutMs,
        mostBytes,
      });
    },
  };
}

/** A cell whose agent answers whatever it likes instead of what it is asked for. */
export function answering(
  bytes: Uint8Array,
  over: Partial<Awaited<ReturnType<WorkCell['run']>>> = {},
): WorkCell {
  return {
    inside: { workspace: '/', home: '/' },
    run: async () => ({ code: 0, signal: null, stdout: Buffer.from(bytes), stderr: '', ...over }),
  };
}

/** A tree of exactly these entries, whatever git would say of them. */
export function treeOf(
  folder: string,
  entries: [mode: string, name: string | Buffer, object: string][],
): string {
  const bytes = Buffer.concat(
    entries.map(([mode, name, object]) =>
      Buffer.concat([
        Buffer.from(`${mode} `),
        Buffer.from(name),
        Buffer.from([0]),
        Buffer.from(object, 'hex'),
      ]),
    ),
  );
  return agentGit(folder, ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], bytes);
}

export function blobOf(folder: string, content: string | Uint8Array): string {
  return agentGit(folder, ['hash-object', '-w', '--stdin'], content);
}

/** A bundle of one commit with this tree, as the agent's side may send it, beside what its folder holds. */
export function bundleOf(folder: string, tree: string, ...parents: string[]): Buffer {
  const commit = agentGit(folder, [
    'commit-tree',
    ...parents.flatMap((parent) => ['-p', parent]),
    '-m',
    'x',
    tree,
  ]);
  agentGit(folder, ['update-ref', '--no-deref', 'HEAD', commit]);
  return execFileSync(
    'git',
    [
      '-c',
      'pack.threads=1',
      'bundle',
      'create',
      '--quiet',
      '-',
      'HEAD',
      ...parents.map((parent) => `^${parent}`),
    ],
    { cwd: folder, env: { PATH: programs, HOME: folder }, maxBuffer: 1 << 30 },
  );
}
