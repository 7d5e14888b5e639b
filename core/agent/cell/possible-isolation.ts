import { spawn } from 'node:child_process';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { plain } from '../../text/log-line.ts';
import { type LocalIsolation, localIsolations } from './cell.ts';
import { findProgram } from './find-program.ts';
import { bwrapArguments, infoDescriptor, launcher, type SystemFolder, type Tools } from './launch.ts';
import { prlimitArguments, usualLimits } from './limits.ts';
import { placeTrouble } from './place-trouble.ts';

/** High enough that no account of a host has them, low enough for most containers. */
const usualUids = { first: 70_000, count: 256 };

export interface TriedIsolation {
  isolation: LocalIsolation;
  works: boolean;
  /** A whole sentence. */
  why: string;
}

/** The programs on `PATH` that cells are built with; undefined for each that this machine does not have. */
export function findTools(): Tools {
  return {
    bwrap: findProgram('bwrap'),
    setpriv: findProgram('setpriv'),
    prlimit: findProgram('prlimit'),
    script: findProgram('script'),
    bash: findProgram('bash'),
  };
}

/** The folders of the host that programs need and that hold nothing of anybody, as they stand on this machine. */
export function systemFolders(): SystemFolder[] {
  const names = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'usr', 'nix/store'];
  // Not the whole of /etc: what services keep there, they do not always close.
  const settings = [
    ...['alternatives', 'ca-certificates', 'ca-certificates.conf', 'ssl', 'pki', 'crypto-policies'],
    ...['hosts', 'resolv.conf', 'nsswitch.conf', 'host.conf', 'gai.conf', 'protocols', 'services'],
    ...['ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'ld-musl-x86_64.path', 'ld-musl-aarch64.path'],
    ...['localtime', 'timezone', 'mime.types', 'os-release', 'debian_version', 'alpine-release'],
  ].map((name) => `etc/${name}`);
  return [...names, ...settings].flatMap((name) => {
    const path = `/${name}`;
    try {
      const isFolderLink = lstatSync(path).isSymbolicLink() && !name.startsWith('etc/');
      return [isFolderLink ? { path, link: readlinkSync(path) } : { path }];
    } catch {
      return [];
    }
  });
}

/** Whether this bwrap knows an option. */
export async function bwrapKnows(bwrap: string, option: string): Promise<boolean> {
  return (await attempt([bwrap, '--help'])).text.includes(option);
}

/** Tries each isolation on this machine, best first, for cells that are made in a folder. */
export async function possibleIsolation(
  uids = usualUids,
  folder = path.join(tmpdir(), 'forgecrew-cells-XXXXXX'),
): Promise<{ best: LocalIsolation; tried: TriedIsolation[] }> {
  const tools = findTools();
  // Of all of them the same, and no isolation helps against it.
  const trouble = placeTrouble(folder);
  if (trouble !== undefined)
    return {
      best: 'none',
      tried: localIsolations.map((isolation) => ({ isolation, works: false, why: trouble })),
    };
  const tried: TriedIsolation[] = [];
  for (const isolation of localIsolations)
    tried.push({ isolation, ...(await tryIsolation(isolation, tools, uids.first)) });
  return { best: tried.find(({ works }) => works)?.isolation ?? 'none', tried };
}

/** Tries one isolation with a program that does nothing. */
export async function tryIsolation(
  isolation: LocalIsolation,
  tools: Tools,
  uid: number,
): Promise<{ works: boolean; why: string }> {
  if (isolation === 'none') return { works: true, why: 'It needs nothing, and keeps nothing out.' };
  const isRoot = process.getuid?.() === 0;
  if (isolation === 'user' && !isRoot)
    return {
      works: false,
      why: 'This step does not run as root, so it cannot start programs as another user.',
    };
  const needed = [
    ...(isolation === 'bwrap' ? (['bwrap'] as const) : []),
    ...(isRoot ? (['setpriv'] as const) : []),
    'prlimit' as const,
  ];
  const missing = needed.find((name) => tools[name] === undefined);
  if (missing !== undefined)
    return {
      works: false,
      why: `${missing} is not installed; it comes with ${missing === 'bwrap' ? 'bubblewrap' : 'util-linux'}.`,
    };
  const own = isRoot ? { uid, gid: uid } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const chain = launcher({
    isolation,
    tools,
    user: isRoot ? own : undefined,
    bwrap: bwrapArguments({
      network: 'none',
      ...own,
      system: systemFolders(),
      readOnly: [],
      writable: [],
      folder: '/',
      closesNamespaces: tools.bwrap !== undefined && (await bwrapKnows(tools.bwrap, '--disable-userns')),
    }),
    prlimit: prlimitArguments(usualLimits, readFileSync('/proc/self/limits', 'utf8')),
  });
  const { code, text } = await attempt([...chain, '/bin/sh', '-c', 'exec id -u']);
  if (code === 0 && text.trim() === String(own.uid)) return { works: true, why: 'It was tried and works.' };
  const said = plain(text.trim().split('\n').at(-1) ?? '').slice(0, 200);
  return {
    works: false,
    why: `It was tried and failed${said === '' ? '' : `: ${said}`}. ${
      isolation === 'bwrap'
        ? 'Containers usually forbid namespaces, and some systems keep them from users that are not root.'
        : `This container may lack the capabilities for it, or the uid ${uid}.`
    }`,
  };
}

function attempt(command: string[]): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve) => {
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
      // The last one for what bwrap says of the cell: were it not open, bwrap would write into something of its own and hang.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, 10_000);
    (child.stdio[infoDescriptor] as Readable).resume();
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        text = (text + chunk).slice(-64 * 1024);
      });
    child.once('error', (error) => resolve({ code: null, text: error.message }));
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, text });
    });
  });
}
