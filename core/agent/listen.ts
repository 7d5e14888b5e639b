import type { Server } from 'node:net';
import { UserError } from '../errors.ts';

/**
 * Listens on a socket that nobody but those whom `mode` names can connect to, from its first moment on. By the umask, and not by
 * changing the mode afterwards: whoever may write the folder could have put a link to another file there by then.
 */
export function listenAt(server: Server, path: string, mode: number): Promise<void> {
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
