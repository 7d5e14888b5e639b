import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../errors.ts';
import type { CellOptions, LocalCell, Network, Program } from './cell.ts';
import { clearFolders } from './clear.ts';
import { clearIpc } from './clear-ipc.ts';
import { admit } from './door.ts';
import { type Belonging, endAllOf, markVariable } from './end-all.ts';
import { environmentOf, pathOf, unsafeVariable } from './environment.ts';
import { makeCellFolder, makeFolders, prepareBase } from './folders.ts';
import { refusalOf } from './gaps.ts';
import { bwrapArguments, insideOf, launcher, setprivArguments } from './launch.ts';
import { prlimitArguments, usualLimits } from './limits.ts';
import { placeNode } from './node-link.ts';
import { giveTo } from './own.ts';
import { placeFile } from './place-file.ts';
import { bwrapKnows, findTools, systemFolders, tryIsolation } from './possible-isolation.ts';
import { finishProgram, killProgram, type Running, startOnTerminal, startProgram } from './programs.ts';
import {
  enterWithTerminal,
  terminalChain,
  terminalEnvironment,
  terminalScript,
  terminalTrouble,
} from './terminal.ts';
import { takeUid, type UidLock } from './uid-lock.ts';

/** One place for the whole host, gone with the next boot. */
const usualLocks = '/run/forgecrew/uids';

/** Folders that everybody may write: an agent at `user` may leave something there for the next one with its uid. */
const sharedFolders = ['/tmp', '/var/tmp', '/dev/shm', '/run/lock'];

/** Makes a cell. Throws, with a remedy, where this machine cannot give what is asked for. */
export async function openCell(options: CellOptions): Promise<LocalCell> {
  const { isolation, network, base, uids } = options;
  const refusal = refusalOf(isolation, network);
  if (refusal !== undefined)
    throw new UserError(refusal, 'Set the network to "open", or run the role on a host where bwrap works.');
  const tools = findTools();
  prepareBase(base);
  const us = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const hasOwnUser = us.uid === 0 && isolation !== 'none';
  const folder = makeCellFolder(base);
  let lock: UidLock | undefined;
  try {
    lock = hasOwnUser ? takeUid(options.locks ?? usualLocks, uids, folder) : undefined;
    // With a uid that is ours by now: what the try starts takes a moment to be gone, and would look like somebody else's.
    const { works, why } = await tryIsolation(isolation, tools, lock?.uid ?? uids.first);
    if (!works) throw new UserError(`The isolation ${isolation} does not work here. ${why}`);
    return await furnish(options, { folder, lock, tools });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    lock?.release();
    throw error;
  }
}

interface Site {
  folder: string;
  lock: UidLock | undefined;
  tools: ReturnType<typeof findTools>;
}

async function furnish(options: CellOptions, { folder, lock, tools }: Site): Promise<LocalCell> {
  const { isolation, network } = options;
  const isBwrap = isolation === 'bwrap';
  const uid = lock?.uid ?? process.getuid?.() ?? 0;
  const gid = lock?.uid ?? process.getgid?.() ?? 0;
  const asUser =
    lock === undefined || tools.setpriv === undefined
      ? []
      : [tools.setpriv, ...setprivArguments(uid, gid), '--'];
  const mark = randomBytes(16).toString('hex');
  const belonging: Belonging =
    lock !== undefined
      ? { kind: 'user', uid, asUser }
      : isBwrap
        ? { kind: 'namespace' }
        : { kind: 'mark', mark };
  // What a run that died with this uid left: its processes first, they could reach what comes now.
  if (lock !== undefined && lock.left.length > 0) {
    await endAllOf(belonging, [], 0);
    await clearIpc({ uid: lock.uid, asUser });
  }
  const folders = makeFolders(folder, uid, gid);
  const { cell: _, temporary, ...outside } = folders;
  const inside = insideOf(isolation, outside);
  const system = systemFolders();
  const extra = (options.readOnly ?? []).filter((item) => existsSync(item));
  const isVisible = (place: string): boolean =>
    !isBwrap || [...system.map((item) => item.path), ...extra].some((item) => isWithin(place, item));
  const node = path.join(outside.bin, 'node');
  placeNode(node, (file) =>
    isBwrap ? system.some((item) => isWithin(file, item.path)) : lock === undefined,
  );
  for (const left of lock?.left ?? []) await removeFolder(left, asUser, node);
  const limits = { ...usualLimits, ...options.limits };
  const closesNamespaces =
    tools.bwrap !== undefined && isBwrap && (await bwrapKnows(tools.bwrap, '--disable-userns'));
  const accounts = isBwrap ? writeAccounts(folder, uid, gid) : [];
  const chainFor = (start: string, net: Network, hasTerminal: boolean): string[] =>
    launcher({
      isolation,
      tools,
      user: lock === undefined ? undefined : { uid, gid },
      bwrap: bwrapArguments({
        network: net,
        uid,
        gid,
        system: [...system, ...extra.map((item) => ({ path: item }))],
        readOnly: [[outside.bin, inside.bin], [outside.door, inside.door], ...accounts],
        writable: [
          [outside.workspace, inside.workspace],
          [outside.home, inside.home],
          [temporary, '/tmp'],
        ],
        folder: start,
        closesNamespaces,
        hasTerminal,
      }),
      prlimit: prlimitArguments(limits, readFileSync('/proc/self/limits', 'utf8')),
    });
  const ours = environmentOf(
    inside,
    isBwrap ? '/tmp' : temporary,
    pathOf(inside.bin, process.env.PATH, isVisible),
  );
  const running: Running[] = [];
  let hasStarted = false;
  // Its uid may be another cell's by then.
  let isGone = false;
  const start = (program: Program): Running => {
    if (isGone) throw new Error('The cell was removed.');
    const unsafe = unsafeVariable(program.environment);
    if (unsafe !== undefined)
      throw new UserError(
        `The variable ${unsafe} would act on the programs that take an agent's rights away.`,
      );
    const given = program.folder ?? inside.workspace;
    const hasTerminal = program.hasTerminal === true;
    const chain = chainFor(given, program.network ?? network, hasTerminal);
    const environment = {
      ...ours,
      ...(hasTerminal ? terminalEnvironment(process.env) : {}),
      ...program.environment,
      ...(isolation === 'none' ? { [markVariable]: mark } : {}),
    };
    let next: Running;
    if (hasTerminal) {
      const trouble = terminalTrouble(tools);
      if (trouble !== undefined)
        throw new UserError(`It cannot be shown here: ${trouble}.`, 'Install util-linux.');
      // Beside the folders of the cell, where only we read it.
      const file = path.join(folder, 'terminal.sh');
      const command = [...chain, ...enterWithTerminal(tools), given, program.command, ...program.args];
      writeFileSync(file, terminalScript(command, lock?.uid), { mode: 0o600 });
      next = startOnTerminal(terminalChain(tools, file), { environment, isBwrap });
    } else next = startProgram({ chain, program, environment, folder: given, isBwrap });
    running.push(next);
    if (program.isOurs !== true && !hasStarted) {
      hasStarted = true;
      writeFileSync(path.join(folder, startedMark), '');
    }
    return next;
  };
  const endAll: LocalCell['endAll'] = async (graceMs) => {
    if (isGone) return { terminated: 0, killed: 0 };
    const count = await endAllOf(belonging, running, graceMs);
    running.length = 0;
    return count;
  };
  return {
    isolation,
    network,
    hasOurLoopback: network === 'open',
    uid,
    gid,
    inside,
    outside,
    door: { folder: outside.door, mode: 0o600, admit: (name) => admit({ uid, gid, outside }, name) },
    place: (name, text, mode) => placeFile(path.join(outside.bin, name), text, mode),
    start: (program) => start(program).started,
    run(program, runLimits) {
      const running = start(program);
      return finishProgram(running.started, () => killProgram(running), runLimits);
    },
    async own() {
      if (hasStarted) throw new Error('Programs of the cell ran already, so its folders are theirs.');
      if (lock === undefined) return;
      for (const item of [outside.workspace, outside.home]) await giveTo(item, uid, gid);
    },
    endAll,
    async remove() {
      if (isGone) return;
      await endAll(0);
      if (lock !== undefined && !isBwrap) {
        await clearIpc({ uid: lock.uid, asUser });
        await clearFolders({ asUser, node, own: [], shared: sharedFolders });
      }
      await removeFolder(folder, asUser, node);
      isGone = true;
      // Last: whoever takes the uid next finds nothing of this one.
      lock?.release();
    },
  };
}

/** Beside the folders of a cell once a program of the agent's has run there; only we can write it. */
const startedMark = 'started';

/**
 * Removes the folder of a cell: what was the agent's with the agent's rights, the rest with ours. One that was killed before its
 * folders were the agent's has files of ours in them, and nothing of an agent.
 */
async function removeFolder(folder: string, asUser: string[], node: string): Promise<void> {
  if (!existsSync(folder)) return;
  const own = ['workspace', 'home', 'tmp']
    .map((name) => path.join(folder, name))
    .filter((item) => existsSync(item));
  try {
    await clearFolders({ asUser, node: asUser.length === 0 ? process.execPath : node, own, shared: [] });
  } catch (error) {
    if (existsSync(path.join(folder, startedMark))) throw error;
  }
  await rm(folder, { recursive: true, force: true });
}

/** A list of accounts with nobody of the host in it, for programs that look up who they are. */
function writeAccounts(folder: string, uid: number, gid: number): [string, string][] {
  const passwd = path.join(folder, 'passwd');
  const group = path.join(folder, 'group');
  placeFile(passwd, `agent:x:${uid}:${gid}:agent:/cell/home:/bin/sh\n`, 0o644);
  placeFile(group, `agent:x:${gid}:\n`, 0o644);
  return [
    [passwd, '/etc/passwd'],
    [group, '/etc/group'],
  ];
}

function isWithin(place: string, folder: string): boolean {
  return place === folder || place.startsWith(`${folder}/`);
}
