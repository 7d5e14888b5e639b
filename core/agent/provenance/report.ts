import * as z from 'zod/mini';
import { runRecordSchema } from '../run-record.ts';

// What `forgecrew provenance --json` prints: every round of an issue, and what a look at them found. Pure.

/** What is looked at, in this order for each round. */
export const checks = [
  'file',
  'place',
  'signature',
  'order',
  'operations',
  'base',
  'commit',
  'manifest',
  'history',
  'entry',
] as const;

export const findingSchema = z.strictObject({
  /** `not-checked` is never as good as `fits`: nobody looked. */
  verdict: z.enum(['fits', 'does-not-fit', 'not-checked']),
  /** `null`: of the issue as a whole. */
  round: z.nullable(z.int()),
  check: z.enum(checks),
  said: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;

export const provenanceReport = z.strictObject({
  /** Of this format. */
  version: z.literal(1),
  issue: z.string(),
  /** Where the records were read: a commit of the state repo, in a clone or at the forge. */
  source: z.strictObject({ kind: z.enum(['clone', 'forge']), commit: z.string() }),
  rounds: z.array(
    z.strictObject({
      file: z.string(),
      /** Of the whole file; what the next record has to name. */
      digest: z.string(),
      /** Whose signature it says it carries; only a verification tells whether that is so. */
      keyid: z.nullable(z.string()),
      /** `null` where the file is no record. */
      record: z.nullable(runRecordSchema),
    }),
  ),
  /** `null` where nothing was to be verified. */
  verification: z.nullable(
    z.strictObject({
      /** The keys that are trusted. */
      keys: z.array(z.string()),
      outcome: z.enum(['fits', 'does-not-fit', 'not-all-checked']),
      /** The first that does not fit. */
      first: z.nullable(findingSchema),
      findings: z.array(findingSchema),
    }),
  ),
});
export type ProvenanceReport = z.infer<typeof provenanceReport>;

/** What the findings say together; pure. */
export function outcomeOf(findings: readonly Finding[]): {
  outcome: 'fits' | 'does-not-fit' | 'not-all-checked';
  first: Finding | null;
} {
  const first = findings.find(({ verdict }) => verdict === 'does-not-fit') ?? null;
  if (first !== null) return { outcome: 'does-not-fit', first };
  const isWhole = findings.length > 0 && findings.every(({ verdict }) => verdict === 'fits');
  return { outcome: isWhole ? 'fits' : 'not-all-checked', first };
}
