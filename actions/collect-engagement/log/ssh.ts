import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '../../../core/errors.ts';
import { neededForSsh, type SshSecrets, type SshSource } from './ssh-address.ts';
import type { Bytes } from './streams.ts';

export interface SshSettings extends SshSecrets {
  deadlineMs: number;
}

/**
 * The command that a key without restriction would run. A restricted key runs its own command instead, whatever is
 * asked: when this number comes back, the key may do more than read a log.
 */
const unrestricted = 93;

/**
 * Streams a log through the system's OpenSSH client: no shell, no terminal, no agent, no forwarding, no configuration
 * but this, and only a host whose key is known. Ends with a `UserError` when the connection, the host key, the key or
 * the remote command fails, so that a log that was cut off is never taken for a whole one.
 */
export async function* readSsh(source: SshSource, settings: SshSettings): Bytes {
  const { key, knownHosts } = neededForSsh(settings);
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-ssh-'));
  try {
    const child = spawn(
      'ssh',
      argumentsOf(source, fileOf(key, folder, 'key'), fileOf(knownHosts, folder, 'known_hosts')),
      {
        // What it needs of the environment is where programs are; secrets of this run are no business of it.
        env: { PATH: process.env.PATH, HOME: folder },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: settings.deadlineMs,
      },
    );
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = `${stderr}${chunk.toString('utf8')}`.slice(-4000);
    });
    const ended = new Promise<{ code: number | null; error?: Error }>((resolve) => {
      child.once('error', (error) => resolve({ code: null, error }));
      child.once('close', (code) => resolve({ code }));
    });
    try {
      yield* child.stdout;
      const { code, error } = await ended;
      if (code !== 0)
        throw failure(source, { code, error, timedOut: child.killed, stderr: withoutHints(stderr, folder) });
    } finally {
      child.kill();
      await ended;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function argumentsOf({ user, host, port }: SshSource, key: string, knownHosts: string): string[] {
  const options = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: `"${knownHosts}"`,
    GlobalKnownHostsFile: '/dev/null',
    UpdateHostKeys: 'no',
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    IdentityFile: `"${key}"`,
    PreferredAuthentications: 'publickey',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    ClearAllForwardings: 'yes',
    PermitLocalCommand: 'no',
    ControlMaster: 'no',
    ControlPath: 'none',
    ConnectTimeout: '20',
    ServerAliveInterval: '15',
    ServerAliveCountMax: '4',
    LogLevel: 'ERROR',
  };
  return [
    '-F',
    'none',
    '-T',
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    '-p',
    String(port),
    '-l',
    user,
    '--',
    host,
    `exit ${unrestricted}`,
  ];
}

/** A setting that holds a file's text becomes a file that only we can read; one that holds a path is that file. */
function fileOf(setting: string, folder: string, name: string): string {
  const given = setting.trim();
  if (!/\s/.test(given)) {
    if (!existsSync(given))
      throw new UserError(
        `source: the file that ssh-${name.replace('_', '-')} names is not there.`,
        'Give its text, or the path of a file that this step can read.',
      );
    return given;
  }
  const file = path.join(folder, name);
  // OpenSSH refuses a key whose last line is not ended, which is what most secret stores make of it.
  writeFileSync(file, `${setting.replaceAll('\r\n', '\n').trimEnd()}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return file;
}

/** What ssh said, without its hints to change our own files, which are gone by the time that somebody reads them. */
function withoutHints(stderr: string, folder: string): string {
  return stderr
    .split('\n')
    .filter((line) => !line.includes(folder) && !/^\s*(?:remove with:|ssh-keygen )/.test(line))
    .join('\n');
}

/** What stands before the key of who may read the log and nothing else; the README explains each part. */
const restriction = `restrict,command="bash -o pipefail -c 'zcat -f /var/log/caddy/access*.log* | zstd -q -c'"`;

interface Ended {
  code: number | null;
  error: Error | undefined;
  timedOut: boolean;
  stderr: string;
}

function failure({ user, host, port }: SshSource, { code, error, timedOut, stderr }: Ended): UserError {
  const where = `${user}@${host}:${port}`;
  if (error !== undefined && 'code' in error && error.code === 'ENOENT')
    return new UserError(
      'ssh is not installed where this runs.',
      'Install the OpenSSH client in the image of this step.',
    );
  if (error !== undefined) return new UserError(`ssh could not be started: ${error.message}.`);
  const words = stderr
    .trim()
    .split(/\s*\n\s*/)
    .slice(-3)
    .join(' ');
  if (timedOut)
    return new UserError(`${where}: the log did not end before the deadline.`, 'Raise the setting deadline.');
  if (code === unrestricted) {
    return new UserError(
      `${where}: the key is not restricted: it may run any command there, and did.`,
      `Put ${restriction} before the key in authorized_keys on that machine, with the paths of all its logs.`,
    );
  }
  if (/host key verification failed|identification has changed|no .{1,40} host key is known/i.test(stderr)) {
    return new UserError(
      `${where}: its host key is not the one in ssh-known-hosts; nothing was sent. ${words}`,
      'If the machine was set up anew, compare its key on the machine itself, then put the new line into ssh-known-hosts.',
    );
  }
  if (/permission denied/i.test(stderr))
    return new UserError(
      `${where}: the key was not accepted. ${words}`,
      `Put the public half of ssh-key into the authorized_keys of ${user}.`,
    );
  return new UserError(
    `${where}: ssh ended with ${code ?? 'a signal'}. ${words === '' ? 'It said nothing.' : `It said: ${words}`}`,
    'The log may be cut off, so nothing of it counts. Run the role again when the machine answers.',
  );
}
