import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Git } from '../../git.ts';
import { whyOf } from '../../git.ts';
import { plain } from '../../text/log-line.ts';
import { readBundleHead } from './bundle.ts';
import { makeBare } from './clone.ts';
import type { Limits } from './limits.ts';
import type { Refusal } from './refusal.ts';

/** The part of a cell that is needed here: a program runs in it, and what it prints comes through a pipe. */
export interface WorkCell {
  inside: { workspace: string; home: string };
  run(
    program: {
      command: string;
      args: string[];
      environment: Record<string, string>;
      folder?: string;
      input?: string | Uint8Array;
    },
    limits: { timeoutMs: number; mostBytes: number; signal?: AbortSignal },
  ): Promise<{
    code: number | null;
    signal: string | null;
    stdout: Buffer;
    stderr: string;
    overran?: 'time' | 'size' | 'signal';
  }>;
}

/**
 * What runs on the agent's side, as the agent: everything here may be bent by it, so nothing here protects anybody. It commits
 * what is uncommitted and writes what stands between the base and HEAD to its output; nothing where that is nothing.
 */
const script = `
set -eu
base=$1
g() { git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c commit.gpgSign=false -c gc.auto=0 "$@"; }
# Of a git that was ended with the agent.
rm -f "$(g rev-parse --git-path index.lock)"
g add --all
g diff --cached --quiet || g commit --quiet --no-verify --message 'Left uncommitted'
[ "$(g rev-parse HEAD)" != "$base" ] || exit 0
g bundle create --quiet - "$base..HEAD"
`;

export type Received = { kind: 'nothing' } | { kind: 'bundle'; file: string; bytes: Buffer } | Refused;
export interface Refused {
  kind: 'refused';
  refusals: Refusal[];
}

/**
 * Receives an agent's work as a bundle, through the pipe of a program that runs in its cell, into a file of ours. No path of
 * the agent's is ever opened: as root we would follow a link there to wherever it leads.
 */
export async function receive(
  cell: WorkCell,
  { base, programs, into, limits }: { base: string; programs: string; into: string; limits: Limits },
): Promise<Received> {
  const ended = await cell.run(
    {
      command: 'sh',
      args: ['-c', script, 'sh', base],
      environment: {
        PATH: programs,
        HOME: cell.inside.home,
        LC_ALL: 'C',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_TERMINAL_PROMPT: '0',
      },
      folder: cell.inside.workspace,
    },
    { timeoutMs: limits.receiveMs, mostBytes: limits.bundleBytes },
  );
  if (ended.overran === 'size')
    return refusedFor({
      rule: 'too-large',
      said: `The work is larger than ${limits.bundleBytes} bytes as a bundle. A folder that should be in .gitignore may be the reason.`,
    });
  if (ended.overran === 'time')
    return refusedFor({
      rule: 'bundle',
      said: `The work was not handed over within ${Math.round(limits.receiveMs / 1000)} s.`,
    });
  if (ended.code !== 0)
    return refusedFor({
      rule: 'bundle',
      said: `The work could not be handed over: in the agent's folder git ended with ${ended.code === null ? 'a signal' : `code ${ended.code}`}.${gitSaid(ended.stderr)}`,
    });
  if (ended.stdout.length === 0) return { kind: 'nothing' };
  writeFileSync(into, ended.stdout, { mode: 0o600, flag: 'wx' });
  return { kind: 'bundle', file: into, bytes: ended.stdout };
}

/** Why, in git's own words, which the agent may have chosen: whole or not at all, since a secret is not found in half of it. */
function gitSaid(stderr: string): string {
  const lines = stderr.trim().split('\n');
  const line = lines.find((text) => /^(?:error|fatal): /.test(text)) ?? lines[0] ?? '';
  return line === '' || line.length > 200 ? '' : ` It said: ${plain(line)}`;
}

/** Work that is not taken, with each reason. */
export function refusedFor(...refusals: Refusal[]): Refused {
  return { kind: 'refused', refusals };
}

/** A repository of ours in which the work of an agent stands, with everything else borrowed from our clone. */
export interface Quarantine {
  kind: 'quarantine';
  folder: string;
  tip: string;
}

/**
 * Reads a bundle's objects into a repository of their own, where every one of them is checked and every one that they refer to
 * has to be there. Our clone is only read.
 */
export async function quarantine(
  git: Git,
  {
    bytes,
    base,
    ours,
    folder,
    limits,
  }: { bytes: Buffer; base: string; ours: string; folder: string; limits: Limits },
): Promise<Quarantine | Refused> {
  const head = readBundleHead(bytes, base);
  if ('refused' in head) return refusedFor(head.refused);
  if (head.objects > limits.objects)
    return refusedFor({
      rule: 'too-many',
      said: `The work has ${head.objects} objects; at most ${limits.objects} are taken.`,
    });
  await makeBare(git, folder, base);
  writeFileSync(path.join(folder, 'objects', 'info', 'alternates'), `${path.resolve(ours, 'objects')}\n`);
  const bounded = { timeoutMs: limits.readMs, mostMemoryKiB: limits.memoryKiB };
  const indexed = await git.end(folder, {
    args: ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${limits.bundleBytes}`],
    input: bytes.subarray(head.packAt),
    ...bounded,
  });
  if (indexed.code !== 0)
    return refusedFor({
      rule: 'bundle',
      said: `The objects of the work did not pass git's checks. Git ${whyOf(indexed)}`,
    });
  // The pack may be whole and still refer to what is nowhere.
  const connected = await git.end(folder, {
    args: ['rev-list', '--objects', '--quiet', '--end-of-options', head.tip, `^${base}`],
    ...bounded,
  });
  if (connected.code !== 0)
    return refusedFor({
      rule: 'bundle',
      said: `The work is not whole: something that it refers to is missing. Git ${whyOf(connected)}`,
    });
  const onBase = await git.end(folder, {
    args: ['merge-base', '--is-ancestor', '--end-of-options', base, head.tip],
    ...bounded,
  });
  if (onBase.code !== 0)
    return refusedFor({
      rule: 'history',
      said: 'The work does not stand on the commit that the agent was given: its history was rewritten or begins elsewhere.',
    });
  return { kind: 'quarantine', folder, tip: head.tip };
}
