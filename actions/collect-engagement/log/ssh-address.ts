import { UserError } from '../../../core/errors.ts';

/** A log on another machine: `ssh://user@host[:port]`. Which file it is, the machine's own restricted key says. */
export interface SshSource {
  user: string;
  host: string;
  port: number;
}

/** What reading over SSH takes, each as text or as the path of a file that holds it. */
export interface SshSecrets {
  key: string | undefined;
  knownHosts: string | undefined;
}

/** Whether a source is meant to be read over SSH. */
export function isSshAddress(source: string): boolean {
  return source.startsWith('ssh://');
}

/** Reads an address; throws a `UserError` with what was expected. Nothing of it may look like an option to ssh. */
export function parseSshSource(source: string): SshSource {
  const found =
    /^ssh:\/\/([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?\/?$/.exec(
      source,
    );
  const port = Number(found?.[3] ?? 22);
  if (found === null || port < 1 || port > 65_535) {
    throw new UserError(
      `source: expected ssh://user@host or ssh://user@host:port, without password and path, got one of ${source.length} characters.`,
      'Which log is read stands in the authorized_keys of the other machine, before the key.',
    );
  }
  return { user: found[1] ?? '', host: (found[2] ?? '').replace(/^\[|\]$/g, ''), port };
}

/** The key and the known hosts; throws a `UserError` that names what is missing. */
export function neededForSsh({ key, knownHosts }: SshSecrets): { key: string; knownHosts: string } {
  if (key !== undefined && knownHosts !== undefined) return { key, knownHosts };
  const missing = [
    ...(key === undefined ? ['ssh-key'] : []),
    ...(knownHosts === undefined ? ['ssh-known-hosts'] : []),
  ];
  throw new UserError(
    `source: ssh needs ${missing.join(' and ')}.`,
    'The key comes from a CI secret; the known hosts are what `ssh-keyscan` prints, compared with the machine itself.',
  );
}
