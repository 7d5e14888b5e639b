import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { runToEnd } from '../../core/child.ts';
import { UserError } from '../../core/errors.ts';
import { plain } from '../../core/text/log-line.ts';

/** A file system of this machine, in bytes. */
export interface Disk {
  path: string;
  used: number;
  /** That programs may still fill. */
  free: number;
}

/** The machine that a step runs on. Only looked at: there is no way to take anything away from here. */
export interface Machine {
  disk(path: string): Promise<Disk | undefined>;
  /** What docker prints; throws `UserError` where it cannot be asked, or is slow. */
  docker(args: readonly string[]): Promise<string>;
}

/** More than docker prints about thousands of images. */
const mostOfDocker = 16 * 1024 * 1024;

/** This machine. Docker counts all that it has when it is asked, which can take minutes on a full disk: so it is given some seconds. */
export function thisMachine(environment: NodeJS.ProcessEnv, timeoutMs = 20_000): Machine {
  return {
    async disk(path) {
      // In a container docker's own folder is not there, and its own root is on the same disk.
      if (!existsSync(path)) return undefined;
      const { blocks, bfree, bavail, bsize } = await statfs(path);
      return { path, used: (blocks - bfree) * bsize, free: bavail * bsize };
    },
    async docker(args) {
      const given = [
        'PATH',
        'HOME',
        'DOCKER_HOST',
        'DOCKER_CONTEXT',
        'DOCKER_CONFIG',
        'DOCKER_CERT_PATH',
        'DOCKER_TLS_VERIFY',
      ];
      const end = await runToEnd({
        command: 'docker',
        args: [...args],
        environment: Object.fromEntries(
          given.flatMap((name) => {
            const value = environment[name];
            return value === undefined ? [] : [[name, value]];
          }),
        ),
        folder: '/',
        input: '',
        timeoutMs,
        mostBytes: mostOfDocker,
      });
      if (end.overran === 'time')
        throw new UserError(`docker did not answer within ${Math.round(timeoutMs / 1000)} s`);
      if (end.overran === 'size') throw new UserError('docker said more than is read');
      if (end.code !== 0)
        throw new UserError(`docker says: ${plain(end.stderr.trim().split('\n')[0]?.slice(0, 300) ?? '')}`);
      return end.stdout.toString('utf8');
    },
  };
}
