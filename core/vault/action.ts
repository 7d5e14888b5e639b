import * as z from 'zod/mini';
import { documentName } from '../document-name.ts';
import type { Fault } from '../errors.ts';
import { type Parsed, parseToml } from '../toml.ts';

/** From least to most that can go wrong. */
export const tiers = ['low', 'medium', 'high'] as const;
export type Tier = (typeof tiers)[number];

export const vaultActions = 'vault/actions';

/** An id is a file name, a part of a branch's name, and what every record is called after. */
export const actionId = /^[a-z0-9][a-z0-9-]{0,62}$/;
const name = z.string().check(z.regex(actionId, 'lower-case letters, digits and hyphens, at most 63'));
/** As CI hosts name secrets. */
export const secretName = z
  .string()
  .check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'a name of letters, digits and underscores'));
const short = z.string().check(z.maxLength(4000));
const list = z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.maxLength(50));
const unblocks = z.array(z.string().check(z.regex(/^#\d{1,9}$/, 'issues as "#12"'))).check(z.maxLength(100));

const asked = z.strictObject({
  id: z.optional(name),
  formula: name,
  context: short,
  secrets: z.array(secretName).check(z.maxLength(50)),
  timeout_minutes: z.optional(z.int().check(z.gte(1), z.lte(1440))),
  blast_radius: z.optional(z.enum(tiers)),
  unblocks: z.optional(unblocks),
  mounts: z.optional(list),
  model: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  tools: z.optional(list),
  inputs: z.optional(z.record(z.string(), z.string().check(z.maxLength(4000)))),
});

const human = z.strictObject({
  id: z.optional(name),
  context: z.optional(short),
  unblocks: z.optional(unblocks),
  action_required: z.strictObject({ description: z.string() }),
});

/** Either kind, as it stands in the file. */
export const vaultActionSchema = z.union([asked, human]);

/** A request to run one formula: `vault/actions/<id>.toml`. What may be asked for, the formula says. */
export type AskedAction = Omit<z.infer<typeof asked>, 'id'> & { kind: 'formula'; id: string; file: string };
/** A request to a person: nothing runs, and it never stands in the way of others. */
export type HumanAction = Omit<z.infer<typeof human>, 'id'> & { kind: 'human'; id: string; file: string };
export type VaultAction = AskedAction | HumanAction;

/** Reads an action; its file name is its id. Throws nothing: what is wrong comes back with its place. */
export function parseVaultAction(file: string, bytes: Uint8Array): Parsed<VaultAction> {
  const named = documentName(file);
  // Which of the two it is decides what is expected of it; text alone cannot make it the other.
  const parsed = parseToml<z.infer<typeof asked> | z.infer<typeof human>>(
    file,
    bytes,
    (data) => ('action_required' in data ? human : asked),
    ({ id }, fault) => {
      if (id !== undefined && id !== named) fault(['id'], `"id" is ${id}, but the file is ${named}.toml`);
    },
  );
  const faults: Fault[] = parsed.ok ? [] : [...parsed.faults];
  if (!actionId.test(named))
    faults.unshift({
      file,
      line: 0,
      column: 0,
      message: 'the file name is the id: lower-case letters, digits and hyphens, at most 63, and .toml',
    });
  if (!parsed.ok || faults.length > 0) return { ok: false, faults };
  const { document } = parsed;
  return {
    ok: true,
    document:
      'action_required' in document
        ? { ...document, kind: 'human', id: named, file }
        : { ...document, kind: 'formula', id: named, file },
  };
}
