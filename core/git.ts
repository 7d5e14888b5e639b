import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import type { ConnectionOptions } from './api/connection.ts';
import { type ChildEnd, runToEnd } from './child.ts';
import { UserError } from './errors.ts';
import { makeFolder } from './make-folder.ts';
import { plain, quoted } from './text/log-line.ts';

// Git as a program of ours: with nothing of the machine's or a user's configuration, with nothing in a repository that could
// run something, with the forge as the only place it may reach, and bounded in time, output and memory.

/** The forge, as git reaches it. */
export interface ForgeRemote {
  url: string;
  token: string;
  /** Proxies and certificates, as the rest of the run has them. */
  connection?: ConnectionOptions;
}

export interface GitOptions {
  /** The PATH by which git is found. */
  path: string;
  /** A folder that nobody but us may write: git's home, and where the forge's certificates are kept. */
  folder: string;
  forge?: ForgeRemote;
}

/** Whose name a commit carries, and when it says it was made. */
export interface Signature {
  name: string;
  email: string;
  /** RFC 3339; the same commit made again is then the same. */
  at: string;
}

export interface GitCall {
  args: string[];
  input?: string | Uint8Array;
  /** What it may reach beside its own repository; `files` are repositories of ours on this machine. */
  reach?: 'nothing' | 'forge' | 'files';
  author?: Signature;
  committer?: Signature;
  /** Files are written here; absent: it touches none. */
  workTree?: string;
  timeoutMs?: number;
  mostBytes?: number;
  /** For what reads objects of somebody else: it is ended by the system when it wants more than this. */
  mostMemoryKiB?: number;
}

/** Git, set up once for a run. */
export interface Git {
  /** Runs it on a repository of ours (a git folder, or null for none), whatever its exit code. */
  end(repository: string | null, call: GitCall): Promise<ChildEnd>;
  /** The same; anything but success is an error that says what was tried. */
  run(repository: string | null, call: GitCall): Promise<Buffer>;
  /** Where a repository of the forge is. Throws where the run has no forge. */
  urlOf(repository: string): string;
  folder: string;
}

const minute = 60_000;
const megabyte = 1024 * 1024;

/** Faults of old commits that hurt nobody: without this the history of many a real project could not be fetched at all. */
const harmlessFaults = [
  'badTimezone',
  'missingEmail',
  'missingNameBeforeEmail',
  'missingSpaceBeforeDate',
  'missingSpaceBeforeEmail',
  'zeroPaddedDate',
  'zeroPaddedFilemode',
];

/** What holds for every call. It comes after the configuration of a repository, so nothing there changes it. */
const settings: readonly [name: string, value: string][] = [
  // Each of these names a program that git would start.
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.sshCommand', 'false'],
  ['core.askPass', ''],
  ['core.pager', 'cat'],
  ['core.editor', 'false'],
  ['core.alternateRefsCommand', 'true'],
  ['credential.helper', ''],
  ['diff.external', ''],
  ['gpg.program', 'false'],
  ['commit.gpgSign', 'false'],
  ['push.gpgSign', 'false'],
  // Files of the machine that change what is read or written.
  ['core.attributesFile', '/dev/null'],
  ['core.excludesFile', '/dev/null'],
  // The places it may reach are said with each call, in GIT_ALLOW_PROTOCOL; this is for what does not ask there.
  ['protocol.allow', 'never'],
  ['http.followRedirects', 'false'],
  ['http.sslVerify', 'true'],
  ['http.lowSpeedLimit', '1000'],
  ['http.lowSpeedTime', '60'],
  ['transfer.bundleURI', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['push.recurseSubmodules', 'no'],
  ['submodule.recurse', 'false'],
  ['fetch.fsckObjects', 'true'],
  ['transfer.fsckObjects', 'true'],
  ...harmlessFaults.map((fault): [string, string] => [`fetch.fsck.${fault}`, 'ignore']),
  // What a file system would take for `.git`, whichever it is.
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['core.symlinks', 'true'],
  ['core.autocrlf', 'false'],
  ['core.quotePath', 'true'],
  // No work of its own in the background, and memory that can be told beforehand.
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['fetch.writeCommitGraph', 'false'],
  ['core.bigFileThreshold', '4m'],
  ['core.packedGitWindowSize', '16m'],
  ['core.packedGitLimit', '128m'],
  ['pack.threads', '1'],
  ['index.threads', 'false'],
  // Our own clones hand out any commit that they are asked for.
  ['uploadpack.allowAnySHA1InWant', 'true'],
  ['advice.detachedHead', 'false'],
];

/** The least that knows GIT_CONFIG_COUNT: an older one would leave out all of the settings above without a word. */
const leastVersion = [2, 31] as const;

/** Sets git up. Throws, with a remedy, where there is none, or one too old to be held in. */
export async function openGit(options: GitOptions): Promise<Git> {
  makeFolder(options.folder, 0o700);
  const certificates = writeCertificates(options);
  const end = (repository: string | null, call: GitCall): Promise<ChildEnd> => {
    const bounded = call.mostMemoryKiB !== undefined;
    const args = [...(repository === null ? [] : [`--git-dir=${repository}`]), ...call.args];
    return runToEnd({
      command: bounded ? 'sh' : 'git',
      args: bounded ? ['-c', 'ulimit -v "$0" && exec git "$@"', String(call.mostMemoryKiB), ...args] : args,
      environment: environmentOf(options, call, certificates),
      folder: options.folder,
      input: call.input ?? '',
      timeoutMs: call.timeoutMs ?? 10 * minute,
      mostBytes: call.mostBytes ?? 16 * megabyte,
    });
  };
  const git: Git = {
    end,
    async run(repository, call) {
      const ended = await end(repository, call);
      if (ended.code === 0 && ended.overran === undefined) return ended.stdout;
      throw call.reach === 'forge' ? remoteError(ended, call) : localError(ended, call);
    },
    urlOf(repository) {
      if (options.forge === undefined) throw new Error('this run has no forge that git could reach');
      return `${options.forge.url.replace(/\/+$/, '')}/${repository}.git`;
    },
    folder: options.folder,
  };
  const version = (await git.run(null, { args: ['version'], timeoutMs: minute })).toString('utf8').trim();
  const [major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  if (major < leastVersion[0] || (major === leastVersion[0] && minor < leastVersion[1]))
    throw new UserError(
      `${quoted(version)} is too old: its configuration cannot be given by environment, and a repository's own could run programs.`,
      `Install git ${leastVersion.join('.')} or newer where this step runs.`,
    );
  return git;
}

/** The forge's certificates beside the usual ones, as a file: git takes what it is given for all that there are. */
function writeCertificates({ folder, forge }: GitOptions): string | undefined {
  const ca = forge?.connection?.ca;
  if (ca === undefined || ca === '') return undefined;
  const file = path.join(folder, 'certificates.pem');
  writeFileSync(file, [ca, ...rootCertificates].join('\n'), { mode: 0o600 });
  return file;
}

/** The whole environment of a call; nothing of ours is in it. */
function environmentOf(
  { path: programs, folder, forge }: GitOptions,
  { reach = 'nothing', author, committer, workTree }: GitCall,
  certificates: string | undefined,
): Record<string, string> {
  const config = [...settings];
  const environment: Record<string, string> = {
    PATH: programs,
    HOME: folder,
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_SSH_COMMAND: 'false',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    // A name that is nothing allows nothing.
    GIT_ALLOW_PROTOCOL: { nothing: 'none', forge: 'http:https', files: 'file' }[reach],
    ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
    ...signed('AUTHOR', author),
    ...signed('COMMITTER', committer),
  };
  if (reach === 'forge' && forge !== undefined) {
    // By environment and for this address alone: arguments can be read by every process of the machine.
    const header = Buffer.from(`x-access-token:${forge.token}`).toString('base64');
    config.push([`http.${forge.url.replace(/\/+$/, '')}/.extraHeader`, `Authorization: Basic ${header}`]);
    if (certificates !== undefined) config.push(['http.sslCAInfo', certificates]);
    const { httpProxy, httpsProxy, noProxy } = forge.connection?.proxy ?? {};
    if (httpProxy !== undefined) environment.http_proxy = httpProxy;
    const secure = httpsProxy ?? httpProxy;
    if (secure !== undefined) environment.https_proxy = secure;
    if (noProxy !== undefined) environment.no_proxy = noProxy;
  }
  environment.GIT_CONFIG_COUNT = String(config.length);
  for (const [index, [name, value]] of config.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = name;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}

function signed(role: 'AUTHOR' | 'COMMITTER', by: Signature | undefined): Record<string, string> {
  if (by === undefined) return {};
  return { [`GIT_${role}_NAME`]: by.name, [`GIT_${role}_EMAIL`]: by.email, [`GIT_${role}_DATE`]: by.at };
}

/** Why the forge was not reached, or did not do it. */
export type RemoteFault = 'unreachable' | 'unauthorised' | 'missing' | 'moved' | 'refused';

/** A remote that did not do what it was asked for. */
export class RemoteError extends UserError {
  override name = 'RemoteError';
  readonly fault: RemoteFault;

  constructor(fault: RemoteFault, message: string, remedy: string) {
    super(message, remedy);
    this.fault = fault;
  }
}

/** What git says of a remote, sorted; its words are those of `LC_ALL=C`. Pure. */
export function remoteFaultOf(said: string): RemoteFault {
  if (/returned error: 40[13]\b|Authentication failed|terminal prompts disabled/.test(said))
    return 'unauthorised';
  if (/returned error: 404\b|repository '.*' not found/.test(said)) return 'missing';
  if (/returned error: 30\d\b|redirect/i.test(said)) return 'moved';
  if (
    /returned error: 5\d\d\b|unable to access|Could not resolve|early EOF|hung up|RPC failed|unexpected disconnect/i.test(
      said,
    )
  )
    return 'unreachable';
  return 'refused';
}

const remedies: Readonly<Record<RemoteFault, string>> = {
  unreachable: 'Run it again once the forge can be reached from where this step runs.',
  unauthorised:
    'Give forge-token the scope write:repository, and its account the right to read this repository, or for a push to write it.',
  missing: 'Check the name of the repository, and that the account of forge-token may read it.',
  moved: 'The token follows no redirection: give forge-url and the repository the names that they have now.',
  refused: 'Look at what the forge says: a rule for this branch or a limit of the forge may be the reason.',
};

function remoteError(ended: ChildEnd, { args }: GitCall): RemoteError {
  const fault = ended.overran === undefined ? remoteFaultOf(ended.stderr) : 'unreachable';
  return new RemoteError(fault, `${whatOf(args)} with the forge ${whyOf(ended)}`, remedies[fault]);
}

function localError(ended: ChildEnd, { args }: GitCall): UserError {
  return new UserError(`${whatOf(args)} ${whyOf(ended)}`, 'Look at the disk and the memory of this machine.');
}

function whatOf([command = '']: string[]): string {
  return `git ${command}`;
}

/** How it ended, with its own last words where it had some. */
export function whyOf({ code, signal, stderr, overran }: ChildEnd): string {
  if (overran === 'time') return 'took too long, so it was ended.';
  if (overran === 'size') return 'printed too much, so it was ended.';
  const lines = stderr.trim().split('\n');
  const told = plain(
    lines.find((line) => /^(?:fatal|error|remote): /.test(line)) ?? lines.at(-1) ?? '',
  ).slice(0, 300);
  return `ended with ${signal ?? `code ${code}`}.${told === '' ? '' : ` It said: ${told}`}`;
}

export interface Push {
  /** A repository of ours on this machine. */
  from: string;
  /** `null`: the ref is deleted. */
  commit: string | null;
  /** `owner/name` at the forge. */
  repository: string;
  ref: string;
  /** Where the ref stands; null: nowhere; `any`: wherever it stands. */
  expects: string | null | 'any';
}

/** How a push went; `there`: the ref stood at this commit already. */
export type PushOutcome =
  | { kind: 'pushed' }
  | { kind: 'there' }
  | { kind: 'stale' }
  | { kind: 'refused'; said: string };

/**
 * Pushes one commit to one ref, which has to stand where it was seen. A push that got lost on the way is tried again: when it
 * did arrive, the ref is found at the commit. Throws where the forge cannot be reached.
 */
export async function push(git: Git, { from, commit, repository, ref, expects }: Push): Promise<PushOutcome> {
  const call: GitCall = {
    args: [
      'push',
      '--porcelain',
      '--no-verify',
      expects === 'any' ? '--force' : `--force-with-lease=${ref}:${expects ?? ''}`,
      '--end-of-options',
      git.urlOf(repository),
      `${commit ?? ''}:${ref}`,
    ],
    reach: 'forge',
  };
  for (let tries = 1; ; tries += 1) {
    const ended = await git.end(from, call);
    const outcome = pushOutcomeOf(ended.stdout.toString('utf8'), ended.stderr);
    if (outcome !== undefined) return outcome;
    const error = remoteError(ended, call);
    if (error.fault !== 'unreachable' || tries === 3) throw error;
  }
}

/** What `git push --porcelain` printed about the one ref; undefined when it never came so far. Pure. */
export function pushOutcomeOf(printed: string, said: string): PushOutcome | undefined {
  const line = /^([ +*=!-])\t[^\t\n]*\t(.*)$/m.exec(printed);
  // What was to be deleted, and is gone.
  if (/remote ref does not exist/.test(`${printed}\n${said}`)) return { kind: 'there' };
  if (line === null) return undefined;
  const [, flag, summary = ''] = line;
  if (flag === '=') return { kind: 'there' };
  if (flag !== '!') return { kind: 'pushed' };
  // Between the look and the write another one was quicker: git says so before, the forge when it locks the ref.
  if (
    /stale info|fetch first|non-fast-forward|cannot lock ref|is at [0-9a-f]+ but expected|already exists/i.test(
      `${summary}\n${said}`,
    )
  )
    return { kind: 'stale' };
  const remote = said
    .split('\n')
    .filter((text) => text.startsWith('remote: '))
    .map((text) => text.slice(8).trim())
    .filter((text) => text !== '');
  return { kind: 'refused', said: plain([summary, ...remote].join(' ')).slice(0, 400) };
}
