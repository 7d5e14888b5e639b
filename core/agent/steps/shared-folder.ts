import { chmodSync, closeSync, constants, lstatSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../errors.ts';
import type { Door } from '../cell/cell.ts';
import { placeFile } from '../cell/place-file.ts';
import { glueScript, sharedNames } from './glue.ts';

// The folder that the steps of one pipeline share. The step that prepares makes it, before anything of the agent runs. After
// that the agent can do anything there, so no later step of ours opens, lists, reads or starts what is in it: the step that
// serves makes sockets there, in a folder that it holds open, and that is all.

/** Makes the shared folder anew; gives where the agent's clone goes, and what puts there what its step starts. */
export function makeSharedFolder(folder: string): { clone: string; placeGlue(): void } {
  const facts = lstatSync(path.dirname(folder), { throwIfNoEntry: false });
  if (facts?.isDirectory() !== true)
    throw new UserError(
      `The folder above ${folder} is not there, or is a link.`,
      'Set shared-folder to a folder in what the steps of the pipeline share.',
    );
  // Of an earlier try of this step; a link is taken away itself, and not what it leads to.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const door = path.join(folder, sharedNames.door);
  mkdirSync(door);
  // Whoever the later steps run as: what keeps the agent out of them is that nothing in here is believed.
  chmodSync(door, 0o777);
  chmodSync(folder, 0o755);
  return {
    clone: path.join(folder, sharedNames.clone),
    placeGlue: () => placeFile(path.join(folder, sharedNames.glue), glueScript, 0o644),
  };
}

/** Lets everybody read a clone that the agent's step copies; the umask may have closed it. Links in it stay as they are. */
export async function openToAll(folder: string): Promise<void> {
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    chmodSync(next, 0o755);
    for (const entry of await readdir(next, { withFileTypes: true })) {
      const file = path.join(next, entry.name);
      if (entry.isDirectory()) waiting.push(file);
      else if (entry.isFile()) chmodSync(file, (lstatSync(file).mode & 0o111) === 0 ? 0o644 : 0o755);
    }
  }
}

/**
 * The folder for sockets, held open: each part of the way to it is a folder and no link when it is passed, and whatever is put
 * in the place of one of them afterwards, sockets go into this one.
 */
export function openDoor(workspace: string, folder: string): Door & { close(): void } {
  const inside = path.relative(workspace, path.resolve(workspace, folder));
  const parts = [...inside.split(path.sep).filter((part) => part !== ''), sharedNames.door];
  let held = openSync(workspace, constants.O_RDONLY | constants.O_DIRECTORY);
  for (const part of parts) {
    try {
      const next = openSync(
        `/proc/self/fd/${held}/${part}`,
        constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
      );
      closeSync(held);
      held = next;
    } catch {
      closeSync(held);
      throw new UserError(
        `${path.join(folder, sharedNames.door)} is not there, or a link leads to it.`,
        'The step with mode prepare has to run before this one, in the same workspace and with the same shared-folder.',
      );
    }
  }
  return {
    folder: `/proc/self/fd/${held}`,
    // Whoever the agent's step runs as. Who else comes here is for CI to say: the workspace is of this pipeline alone.
    mode: 0o666,
    // It was made with its mode: to change that later would follow a link that the agent has put there by then.
    admit: () => undefined,
    close: () => closeSync(held),
  };
}
