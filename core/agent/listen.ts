import type { Server } from 'node:net';
import { UserError } from '../errors.ts';

/** The longest path of a socket that every system of its kind takes, in bytes. */
const longestSocketPath = process.platform === 'linux' ? 107 : 103;

/** Why a socket cannot stand at a path because of its length; undefined where it can. */
export function lengthTrouble(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  return bytes > longestSocketPath
    ? `The path of a socket would have ${bytes} bytes (${path}), and at most ${longestSocketPath} are possible.`
    : undefined;
}

/**
 * Listens on a socket that nobody but those whom `mode` names can connect to, from its first moment on. By the umask, and not by
 * changing the mode afterwards: whoever may write the folder could have put a link to another file there by then.
 */
export function listenAt(server: Server, path: string, mode: number): Promise<void> {
  // Node cuts a longer one off without a word: the socket would stand somewhere else, perhaps in a folder that is open to others.
  const trouble = lengthTrouble(path);
  if (trouble !== undefined)
    return Promise.reject(
      new UserError(trouble, 'Name a shorter agent-folder, or a shorter TMPDIR where that is not set.'),
    );
  return new Promise((done, failed) => {
    const fail = (error: NodeJS.ErrnoException): void => failed(refused(path, error));
    server.once('error', fail);
    const before = process.umask(0o777 & ~mode);
    try {
      // Node makes the socket before this returns.
      server.listen(path, () => {
        server.removeListener('error', fail);
        done();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** What stands there already, or that the folder is gone, may be the agent's doing: that ends its run, and is no defect of ours. */
function refused(path: string, error: NodeJS.ErrnoException): Error {
  if (error.code === undefined) return error;
  return Object.assign(
    new UserError(
      `No socket can be made at ${path}: ${error.code}.`,
      'Something else stands there, or its folder is gone. Nothing but this run may write there before its agent works.',
    ),
    { code: error.code },
  );
}
