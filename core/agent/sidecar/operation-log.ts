import { canonicalJson, sha256 } from '../../canonical.ts';
import { plain } from '../../text/log-line.ts';

/** One call of an agent, or a number of refused ones that are no longer listed one by one. */
export interface Operation {
  at: string;
  tool: string;
  /** What it was about: `#5`; empty where it was about nothing that could be told. */
  target: string;
  allowed: boolean;
  /** Why not; or, of an allowed one, how it failed afterwards. */
  why?: string;
  /** SHA-256 of the text as it was written. */
  text?: string;
  /** What the engine calls this use of a tool, as far as it says so. */
  toolUse?: string;
  /** How many calls this entry stands for, where that is not one. */
  count?: number;
  /** The hash of the entry before it. */
  previous: string;
  /** SHA-256 of the canonical JSON of all the rest. */
  hash: string;
}

/** What is told of a call; the log adds when, and the chain. */
export type Told = Omit<Operation, 'at' | 'previous' | 'hash'>;

/** What the first entry's `previous` is. */
export const beforeTheFirst = '0'.repeat(64);

export interface OperationLog {
  readonly entries: readonly Operation[];
  /** The hash of the last entry: whoever keeps it can tell whether entries are missing at the end. */
  readonly head: string;
  add(told: Told): void;
  /** Writes down how many refused calls were not listed. The log is complete after it. */
  settle(): void;
}

export interface LogOptions {
  now: () => Date;
  /** Says one line in the CI log, at once. */
  say: (line: string) => void;
  /** Refused calls beyond this many are counted; one line says so whenever their number has grown tenfold. */
  refusedListed: number;
  /** Hears every entry, for whoever watches over the agent. */
  heard?: ((operation: Operation) => void) | undefined;
}

/** A log in our own memory: an agent has no way to it. Every call is in it, by itself or in a count. */
export function createOperationLog({ now, say, refusedListed, heard }: LogOptions): OperationLog {
  const entries: Operation[] = [];
  let head = beforeTheFirst;
  let refused = 0;
  /** Refused calls that are in no entry yet, and all that were not listed. */
  let uncounted = 0;
  let unlisted = 0;
  const append = (told: Told): void => {
    const rest = { at: now().toISOString(), ...told, previous: head };
    const entry = { ...rest, hash: sha256(canonicalJson(rest)) };
    head = entry.hash;
    entries.push(entry);
    say(operationLine(entry));
    heard?.(entry);
  };
  const flush = (): void => {
    if (uncounted === 0) return;
    append({
      tool: 'refused-calls',
      target: '',
      allowed: false,
      why: `only the first ${refusedListed} refused calls are listed one by one`,
      count: uncounted,
    });
    uncounted = 0;
  };
  return {
    entries,
    get head() {
      return head;
    },
    add(told) {
      if (told.allowed) return append(told);
      refused += 1;
      if (refused <= refusedListed) return append(told);
      uncounted += 1;
      unlisted += 1;
      // 1, 10, 100 ...: a flood of millions is seven lines.
      if (/^10*$/.test(String(unlisted))) flush();
    },
    settle: flush,
  };
}

/** An entry as one plain line. */
function operationLine({ tool, target, allowed, why, count }: Operation): string {
  const what = `${tool}${target === '' ? '' : ` ${target}`}`;
  const times = count === undefined ? '' : ` (${count} more)`;
  const how = allowed ? (why === undefined ? 'allowed' : `failed: ${why}`) : `refused: ${why ?? ''}`;
  return plain(`  agent: ${what}${times}: ${how}`);
}

/** The place of the first entry that does not fit what stands before it, or undefined where the chain holds; pure. */
export function firstBroken(entries: readonly Operation[]): number | undefined {
  let previous = beforeTheFirst;
  for (const [index, { hash, ...rest }] of entries.entries()) {
    if (rest.previous !== previous || sha256(canonicalJson(rest)) !== hash) return index;
    previous = hash;
  }
  return undefined;
}
