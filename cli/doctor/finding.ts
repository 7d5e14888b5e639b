import * as z from 'zod/mini';

// What `forgecrew doctor --json` prints. A field is never taken away or given another meaning within a version.

const text = z.string();

export const findingSchema = z.strictObject({
  /** What was looked at: an area, and within it what; the same in every run. */
  id: text,
  /** `unknown`: it could not be checked, which is never the same as that all is well. */
  state: z.enum(['ok', 'broken', 'unknown']),
  what: text,
  /** Who has to act; null where nobody has to. */
  who: z.nullable(text),
  /** The command or the click that mends it. */
  mend: z.nullable(text),
  /** Why it could not be checked; null where it could. What could not be checked for one reason has it in the same words. */
  why: z.nullable(text),
});
export type Finding = z.infer<typeof findingSchema>;

export const checkupSchema = z.strictObject({
  /** Of this format. */
  version: z.literal(1),
  forgecrew: text,
  forge: text,
  ops_repo: text,
  project_repo: text,
  ci: text,
  at: text,
  counts: z.strictObject({ ok: z.int(), broken: z.int(), unknown: z.int() }),
  findings: z.array(findingSchema),
});
export type Checkup = z.infer<typeof checkupSchema>;

/** What was asked, or why it could not be found out, and what mends that where it is known. */
export type Asked<T> = { kind: 'known'; value: T } | Unknown;
export interface Unknown {
  kind: 'unknown';
  why: string;
  mend?: string;
  /** What a repository or an account is called now, where it was asked for by an old name. */
  renamedTo?: string;
}

export function known<T>(value: T): Asked<T> {
  return { kind: 'known', value };
}

export function unknown(why: string): Unknown {
  return { kind: 'unknown', why };
}

/** What follows from something that was asked; nothing follows from what is not known. */
export function follow<T, U>(asked: Asked<T>, work: (value: T) => U): Asked<U> {
  return asked.kind === 'known' ? known(work(asked.value)) : asked;
}

export function ok(id: string, what: string): Finding {
  return { id, state: 'ok', what, who: null, mend: null, why: null };
}

export function broken(id: string, what: string, { who, mend }: { who: string; mend: string }): Finding {
  return { id, state: 'broken', what, who, mend, why: null };
}

/** How the sentence of a finding ends that could not be checked; a line for people says so at its beginning. */
export function uncheckedEnd(why: string | null): string {
  return ` could not be checked: ${why}`;
}

export function unchecked(
  id: string,
  what: string,
  why: string,
  mend = 'run it again with the token of somebody who may ask this, best of a site admin, or once the server answers',
): Finding {
  return {
    id,
    state: 'unknown',
    what: `${what}${uncheckedEnd(why)}`,
    who: 'whoever runs this command',
    mend,
    why,
  };
}

/** A fault of something, or undefined where there is none. */
export type Trouble = { what: string; who: string; mend: string } | undefined;

/** One thing that was asked, as a finding: right, wrong, or not known. */
export function finding<T>(
  id: string,
  what: string,
  asked: Asked<T>,
  examine: (value: T) => Trouble,
): Finding {
  if (asked.kind === 'unknown') return unchecked(id, what, asked.why, asked.mend);
  const trouble = examine(asked.value);
  return trouble === undefined ? ok(id, what) : broken(id, trouble.what, trouble);
}

/** 0: all is well; 1: something has to be mended; 2: nothing is known to be broken, and something could not be checked. */
export function exitCode({ counts }: Checkup): 0 | 1 | 2 {
  return counts.broken > 0 ? 1 : counts.unknown > 0 ? 2 : 0;
}
