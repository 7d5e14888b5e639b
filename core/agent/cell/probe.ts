import * as z from 'zod/mini';
import { UserError } from '../../errors.ts';
import { plain } from '../../text/log-line.ts';
import type { Cell } from './cell.ts';
import { formsOf } from './needles.ts';
import { probeScript } from './probe-script.ts';

/**
 * What the probe met. `secret`: a secret can be read there. `socket`: a socket that gives the host away can be opened.
 * `unsearched`: time or size did not suffice for this place; it is told, and refuses nothing.
 */
export interface Finding {
  kind: 'secret' | 'socket' | 'unsearched';
  /** Never holds a secret. */
  place: string;
}

export interface Given {
  secrets: string[];
  /** Folders and files that are searched as well, and sockets, as a path or `tcp://host:port`, that are tried. */
  extraPlaces: string[];
  /** How long it may take, and how much it may read. */
  timeoutMs?: number;
  mostBytes?: number;
  /** How long the places where hosts usually keep things are searched, after the others. */
  usualMs?: number;
  /** Those places. */
  usual?: readonly string[];
}

/**
 * Whoever reaches one of these can start programs outside of the cell. The system's D-Bus is not among them: every user may
 * connect to it, and what asks for rights there is decided by the services behind it.
 */
const hostSockets = [
  ...['/run/docker.sock', '/var/run/docker.sock', '/run/user/*/docker.sock'],
  ...['/run/podman/podman.sock', '/run/user/*/podman/podman.sock'],
  ...['/run/containerd/containerd.sock', '/run/k3s/containerd/containerd.sock', '/run/crio/crio.sock'],
  ...['/run/buildkit/buildkitd.sock', '/run/user/*/buildkit/buildkitd.sock'],
  ...['/var/lib/lxd/unix.socket', '/var/snap/lxd/common/lxd/unix.socket', '/var/lib/incus/unix.socket'],
  ...['/run/libvirt/libvirt-sock', '/run/systemd/private', '/run/user/*/systemd/private', '/run/user/*/bus'],
  // Docker's own address, as its image for use inside of containers has it.
  ...['tcp://127.0.0.1:2375', 'tcp://127.0.0.1:2376'],
];

/** Where hosts of CI keep what steps share, and people what they should not. */
const usualPlaces = [
  ...['/run', '/var/run', '/dev/shm', '/tmp', '/var/tmp', '/etc', '/root', '/home'],
  ...['/github', '/woodpecker', '/drone', '/builds', '/workspace', '/data', '/mnt', '/srv', '/opt', '/var'],
];

const answer = z.object({
  findings: z.array(z.object({ kind: z.enum(['secret', 'socket']), place: z.string() })),
  unsearched: z.array(z.string()),
  cut: z.object({ count: z.number(), first: z.string() }),
  most: z.boolean(),
});

const mostFileBytes = 64 * 1024 * 1024;

/**
 * Searches, with the rights of the cell and before anything else ran in it, whatever can be read there for secrets, and tries
 * sockets that give the host away. The secrets go through the standard input of the search: arguments, environment and files
 * of it could be read by others. Throws when it does not come to its end.
 */
export async function probe(cell: Cell, given: Given): Promise<Finding[]> {
  const { secrets, extraPlaces, timeoutMs = 60_000, mostBytes = 4 * 1024 ** 3, usualMs = 10_000 } = given;
  const { usual = usualPlaces } = given;
  const { workspace, home, bin, door } = cell.inside;
  const input = JSON.stringify({
    timeoutMs,
    usualMs,
    mostBytes,
    mostFileBytes,
    forms: [...new Set(secrets.flatMap(formsOf))],
    places: [workspace, home, door, ...extraPlaces.filter((place) => place.startsWith('/'))],
    usual: usualMs > 0 ? usual : [],
    sockets: [...hostSockets, ...extraPlaces.filter((place) => place.startsWith('tcp://'))],
  });
  const { code, signal, stdout, stderr, overran } = await cell.run(
    { command: `${bin}/node`, args: ['-e', probeScript], environment: {}, folder: '/', input, isOurs: true },
    // Sockets are tried after the time for searching, each for two seconds at most.
    { timeoutMs: timeoutMs + usualMs + 60_000, mostBytes: 1024 * 1024 },
  );
  const ending = overran === undefined ? (signal ?? `code ${code}`) : `too much ${overran}`;
  if (code !== 0)
    throw new UserError(
      `The search for secrets in the cell did not come to its end (${ending}), so no agent is started. ${plain(stderr.trim().split('\n').at(-1) ?? '').slice(0, 200)}`.trim(),
    );
  return findingsOf(answer.parse(JSON.parse(stdout.toString('utf8'))));
}

function findingsOf({ findings, unsearched, cut, most }: z.infer<typeof answer>): Finding[] {
  const told: Finding[] = [...findings];
  if (most) told.push({ kind: 'unsearched', place: 'more places than are told' });
  for (const place of unsearched) told.push({ kind: 'unsearched', place });
  if (cut.count > 0)
    told.push({
      kind: 'unsearched',
      place: `${cut.count} ${cut.count === 1 ? 'file' : 'files'} of more than ${mostFileBytes / 1024 / 1024} MiB, the first of them ${cut.first}`,
    });
  return told;
}

/** The findings for which no agent may be started. */
export function refusingFindings(findings: Finding[]): Finding[] {
  return findings.filter(({ kind }) => kind !== 'unsearched');
}
