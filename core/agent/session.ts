import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { sha256 } from '../canonical.ts';
import type { Mask } from '../mask.ts';
import { plain } from '../text/log-line.ts';
import type { AgentEngine, SessionPlace } from './engines/engine.ts';
import { engineOf } from './engines/engines.ts';
import type { SessionNote } from './session-note.ts';
import { giveScript, sessionExits, takeScript } from './session-scripts.ts';
import { packTar, readTar, type SessionFile } from './tar.ts';
import type { WorkCell } from './work/receive.ts';
import { ownSecretIn } from './work/secrets.ts';

// What an engine remembers of its work is taken out of one cell and put into another. It is the agent's own, and as hostile as
// all that it wrote: it comes and goes through pipes of programs that run as the agent, and is only looked at here.

export type ReceivedSession =
  | { kind: 'session'; note: SessionNote; bytes: Buffer }
  /** Its engine keeps none, or it left none. */
  | { kind: 'none'; why: string }
  | { kind: 'refused'; why: string };

export interface SessionLimits {
  /** Packed, and what it may unpack to. */
  packedBytes: number;
  bytes: number;
  files: number;
  /** How long the agent's side may take. */
  ms: number;
}

export const sessionLimits: SessionLimits = {
  packedBytes: 10 * 1024 * 1024,
  bytes: 64 * 1024 * 1024,
  files: 1000,
  ms: 120_000,
};

/** The part of a cell that is needed here. */
export interface SessionCell extends WorkCell {
  inside: WorkCell['inside'] & { bin: string };
}

/** Whose session, of what the manifest says. */
export interface SessionOf {
  engine: AgentEngine['name'];
  command: readonly string[];
  sessionFolder: string | null;
}

const pack = promisify<Buffer, Buffer>(gzip);
const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/**
 * Takes the session out of a cell in which the agent is over, before the cell is removed. `id` is what the engine called it, or
 * ours where it said nothing. What comes is looked at, and made anew: the bytes that are given back are ours.
 */
export async function receiveSession(
  cell: SessionCell,
  { of, id, mask, limits = sessionLimits }: { of: SessionOf; id: string; mask: Mask; limits?: SessionLimits },
): Promise<ReceivedSession> {
  const { session } = engineOf(of.engine);
  if (!session.id.test(id)) return refused('its id is none that this engine gives');
  const source = session.source(placeOf(cell, of, id));
  if (source === null) return { kind: 'none', why: `the manifest names no session_folder` };
  const ended = await cell.run(
    {
      command: `${cell.inside.bin}/node`,
      args: ['-e', takeScript, '--', JSON.stringify(source), String(limits.bytes)],
      environment: session.environment,
      folder: cell.inside.workspace,
    },
    { timeoutMs: limits.ms, mostBytes: limits.packedBytes },
  );
  if (ended.overran === 'size') return refused(`it is larger than ${limits.packedBytes} bytes, packed`);
  if (ended.overran === 'time')
    return refused(`it was not handed over within ${Math.round(limits.ms / 1000)} s`);
  if (ended.code === sessionExits.tooLarge) return refused(`it is larger than ${limits.bytes} bytes`);
  if (ended.code === sessionExits.none) return { kind: 'none', why: `${of.engine} left none` };
  if (ended.code !== 0)
    return refused(
      `what hands it over ended with ${ended.code === null ? 'a signal' : `code ${ended.code}`}`,
    );
  const files = await filesIn(ended.stdout, limits);
  if ('trouble' in files) return refused(files.trouble);
  const trouble = session.trouble(files, id) ?? secretTrouble(files, mask);
  if (trouble !== undefined) return refused(trouble);
  const tar = packTar(files);
  if (tar === undefined) return refused('a name of a file is too long');
  const bytes = await pack(tar);
  if (bytes.length > limits.packedBytes)
    return refused(`it is larger than ${limits.packedBytes} bytes, packed`);
  return {
    kind: 'session',
    note: { engine: of.engine, id, digest: sha256(bytes), size: bytes.length },
    bytes,
  };
}

export type GivenSession = { kind: 'given' } | { kind: 'refused'; why: string };

/**
 * Puts a session into the home of a fresh cell, after `own` and before the engine starts with `isResumed`. `note` is what the
 * state says; `bytes` may be anybody's, and are only taken when they are what the note is about.
 */
export async function giveSession(
  cell: SessionCell,
  given: { of: SessionOf; note: SessionNote; bytes: Buffer; limits?: SessionLimits },
): Promise<GivenSession> {
  const { of, note, bytes, limits = sessionLimits } = given;
  const { session } = engineOf(of.engine);
  if (note.engine !== of.engine) return refused(`it is one of ${note.engine}, and not of ${of.engine}`);
  if (!session.id.test(note.id)) return refused('its id is none that this engine gives');
  if (bytes.length > limits.packedBytes)
    return refused(`it is larger than ${limits.packedBytes} bytes, packed`);
  if (bytes.length !== note.size || sha256(bytes) !== note.digest)
    return refused('its bytes are not those that were kept');
  const files = await filesIn(bytes, limits);
  const trouble = 'trouble' in files ? files.trouble : session.trouble(files, note.id);
  if ('trouble' in files || trouble !== undefined) return refused(trouble ?? '');
  const place = placeOf(cell, of, note.id);
  const bounds = { timeoutMs: limits.ms, mostBytes: 1024 * 1024 };
  const unwritten = await placeInHome(
    cell,
    files.map(({ name, bytes: content }) => ({ to: session.target(place, name), text: content })),
    limits.ms,
  );
  if (unwritten !== undefined) return refused(`it cannot be written: ${unwritten}`);
  const restore = session.restore(place);
  if (restore === null) return { kind: 'given' };
  const { code, stderr } = await cell.run(
    { ...restore, environment: session.environment, folder: cell.inside.workspace },
    bounds,
  );
  return code === 0 ? { kind: 'given' } : refused(`${of.engine} does not take it in: ${lastLine(stderr)}`);
}

/** Writes files into an agent's home, as the agent, where nothing is yet; why that failed, where it did. */
export async function placeInHome(
  cell: SessionCell,
  files: readonly { to: string; text: string | Buffer }[],
  timeoutMs = sessionLimits.ms,
): Promise<string | undefined> {
  if (files.length === 0) return undefined;
  const input = files
    .map(({ to, text }) => JSON.stringify({ to, content: Buffer.from(text).toString('base64') }))
    .join('\n');
  const { code, stderr } = await cell.run(
    { command: `${cell.inside.bin}/node`, args: ['-e', giveScript], environment: {}, input },
    { timeoutMs, mostBytes: 1024 * 1024 },
  );
  return code === 0 ? undefined : lastLine(stderr);
}

function placeOf(cell: SessionCell, of: SessionOf, id: string): SessionPlace {
  return { command: of.command, home: cell.inside.home, id, sessionFolder: of.sessionFolder };
}

async function filesIn(packed: Buffer, limits: SessionLimits): Promise<SessionFile[] | { trouble: string }> {
  let tar: Buffer;
  try {
    // A few bytes can unpack to more than any memory holds. The heads and the ends of the files come on top.
    tar = await unpack(packed, { maxOutputLength: limits.bytes + (limits.files + 2) * 1024 });
  } catch (error) {
    return {
      trouble:
        (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
          ? `it is larger than ${limits.bytes} bytes`
          : 'it is no packed tar archive',
    };
  }
  return readTar(tar, limits.files);
}

/** What the mask does not know, and what was packed or encrypted in a file, is not found. */
function secretTrouble(files: readonly SessionFile[], mask: Mask): string | undefined {
  const found = files.find(
    ({ name, bytes }) =>
      ownSecretIn(name, mask) !== undefined || ownSecretIn(bytes.toString('utf8'), mask) !== undefined,
  );
  return found === undefined ? undefined : 'a secret of this run stands in it';
}

function refused(why: string): { kind: 'refused'; why: string } {
  return { kind: 'refused', why };
}

function lastLine(text: string): string {
  return plain(text.trim().split('\n').at(-1) ?? '').slice(0, 300);
}
