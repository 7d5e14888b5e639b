import * as z from 'zod/mini';
import { repositoryShape, repositoryWords } from '../accounts.ts';
import { documentName } from '../document-name.ts';
import { backends } from '../host/backends.ts';
import { type Parsed, parseToml } from '../toml.ts';
import { type AskedAction, secretName, tiers } from './action.ts';
import { readPattern } from './pattern.ts';

export const formulaFolder = 'vault/formulas';

/** What runs is told these by the dispatcher itself; no input of a formula may be called so. */
const ownInputs = ['action', 'nonce', 'mounts', 'model', 'tools'];

const list = z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.maxLength(50));
const input = z.strictObject({
  required: z.optional(z.boolean()),
  one_of: z.optional(z.array(z.string().check(z.maxLength(4000))).check(z.minLength(1), z.maxLength(200))),
  /** See `readPattern` for what may stand in it. */
  pattern: z.optional(z.string().check(z.maxLength(200))),
  max_length: z.optional(z.int().check(z.gte(1), z.lte(4000))),
});

export const formulaSchema = z.strictObject({
  description: z.string().check(z.maxLength(4000)),
  secrets: z.array(secretName).check(z.maxLength(50)),
  timeout_minutes: z.int().check(z.gte(1), z.lte(1440)),
  tier: z.optional(z.enum(tiers)),
  mounts: z.optional(list),
  model: z.optional(list),
  tools: z.optional(list),
  inputs: z.optional(z.record(z.string().check(z.regex(/^[a-z][a-z0-9_-]{0,62}$/)), input)),
  run: z.strictObject({
    backend: z.enum(backends),
    repo: z.optional(z.string().check(z.regex(repositoryShape, repositoryWords))),
    workflow: z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, 'the name of a workflow file')),
    ref: z.optional(z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}$/, 'a branch'))),
  }),
});

/** What may run: `vault/formulas/<name>.toml`, read at the base branch only. */
export type Formula = z.infer<typeof formulaSchema> & { name: string; file: string };

/** A formula, or its faults with their places: TOML, its schema, and patterns that cannot take long. */
export function parseFormula(file: string, bytes: Uint8Array): Parsed<Formula> {
  const parsed = parseToml(file, bytes, formulaSchema, ({ inputs }, fault) => {
    for (const [key, { pattern }] of Object.entries(inputs ?? {})) {
      const path = ['inputs', key];
      if (ownInputs.includes(key))
        fault(path, `"inputs.${key}": the dispatcher gives an input of this name itself`);
      const read = pattern === undefined ? undefined : readPattern(pattern);
      if (read?.kind === 'fault') fault([...path, 'pattern'], `"inputs.${key}.pattern": ${read.message}`);
    }
  });
  return parsed.ok ? { ok: true, document: { ...parsed.document, name: documentName(file), file } } : parsed;
}

/** Why a formula does not allow what an action asks of it; empty when it does. Declaring a secret is consenting to it. */
export function disagreements(action: AskedAction, formula: Formula): string[] {
  const wrong: string[] = [];
  const difference = (mine: string[], theirs: string[]): string[] =>
    mine.filter((item) => !theirs.includes(item));
  const extra = difference(action.secrets, formula.secrets);
  const missing = difference(formula.secrets, action.secrets);
  if (extra.length > 0) wrong.push(`secrets that formula ${formula.name} does not bind: ${extra.join(', ')}`);
  if (missing.length > 0)
    wrong.push(`secrets that formula ${formula.name} binds are not declared: ${missing.join(', ')}`);
  if (new Set(action.secrets).size !== action.secrets.length) wrong.push('a secret is named twice');
  if ((action.timeout_minutes ?? 0) > formula.timeout_minutes)
    wrong.push(`timeout_minutes is above the formula's ${formula.timeout_minutes}`);
  for (const [field, mine, theirs] of [
    ['mounts', action.mounts, formula.mounts],
    ['tools', action.tools, formula.tools],
    ['model', action.model === undefined ? [] : [action.model], formula.model],
  ] as const) {
    const unlisted = difference([...(mine ?? [])], [...(theirs ?? [])]);
    if (unlisted.length > 0)
      wrong.push(`${field} not allowed by formula ${formula.name}: ${unlisted.join(', ')}`);
  }
  const inputs = action.inputs ?? {};
  const declared = formula.inputs ?? {};
  for (const name of Object.keys(inputs))
    if (!Object.hasOwn(declared, name))
      wrong.push(`input ${name} is not declared by formula ${formula.name}`);
  for (const [name, rule] of Object.entries(declared)) {
    const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (value === undefined) {
      if (rule.required === true) wrong.push(`input ${name} is required by formula ${formula.name}`);
      continue;
    }
    if (rule.one_of !== undefined && !rule.one_of.includes(value))
      wrong.push(`input ${name}: expected ${rule.one_of.join(' or ')}`);
    if (rule.max_length !== undefined && Array.from(value).length > rule.max_length)
      wrong.push(`input ${name}: at most ${rule.max_length} characters`);
    if (rule.pattern !== undefined && !fits(rule.pattern, value))
      wrong.push(`input ${name}: does not match ${rule.pattern}`);
  }
  return wrong;
}

/** A pattern that cannot be read lets nothing through; a formula with one is refused before this is asked. */
function fits(pattern: string, value: string): boolean {
  const read = readPattern(pattern);
  return read.kind === 'pattern' && read.matches(value);
}
