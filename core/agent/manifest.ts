import * as z from 'zod/mini';
import { repositoryShape, repositoryWords } from '../accounts.ts';
import { documentName } from '../document-name.ts';
import type { Fault } from '../errors.ts';
import { type Parsed, parseToml } from '../toml.ts';
import { type Isolation, isolations, type Network, networks } from './cell/cell.ts';
import { isProtectedPattern } from './work/protected.ts';

/** Where agents are declared, at the ops repo's branch that counts. */
export const agentsFolder = 'agents';

/** An agent's name is its file's, a part of a label and of a branch. */
export const agentName = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Programs that the role knows how to start as an agent. */
export const agentEngines = ['claude', 'codex', 'opencode', 'command'] as const;
export type AgentEngineName = (typeof agentEngines)[number];

const line = (most: number) =>
  z.string().check(z.minLength(1), z.maxLength(most), z.regex(/^[^\p{Cc}]*$/u, 'one line of text'));
const minutes = (most: number) => z.int().check(z.gte(1), z.lte(most));
const money = z.number().check(z.gt(0), z.lte(100_000));
const price = z.number().check(z.gte(0), z.lte(100_000));
const commands = z.array(line(2000)).check(z.maxLength(20));

/** What a profile may say otherwise. */
const tunable = {
  /** Which program works. */
  engine: z.optional(z.enum(agentEngines)),
  /** The program and its arguments; no shell sees it. Needed for `command`. */
  command: z.optional(
    z
      .array(z.string().check(z.maxLength(8000), z.regex(/^[^\0]*$/, 'text without NUL')))
      .check(z.minLength(1), z.maxLength(50)),
  ),
  /** The model, as the engine names it. */
  model: z.optional(line(200)),
  /** How long the agent may work. */
  timeout_minutes: z.optional(minutes(1440)),
  /** How long it may neither print, nor ask a model, nor use its way to the forge. */
  watchdog_minutes: z.optional(minutes(1440)),
  /** What an issue may cost at most, in the currency of the prices. */
  max_cost: z.optional(money),
  /** What a million tokens cost. */
  prices: z.optional(
    z.strictObject({
      input: price,
      output: price,
      cache_read: z.optional(price),
      cache_write: z.optional(price),
    }),
  ),
};

export const manifestSchema = z.strictObject({
  enabled: z.boolean(),
  ...tunable,
  /** What the agent is told to be, beside the issue. */
  prompt: z.optional(z.string().check(z.minLength(1), z.maxLength(40_000))),
  /** The same in a file beside the manifest. */
  prompt_file: z.optional(
    z
      .string()
      .check(
        z.regex(
          /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.(?:md|txt)$/,
          'the name of a .md or .txt file in agents/',
        ),
      ),
  ),
  /** The repositories whose issues it takes, as owner/name. */
  repositories: z
    .array(z.string().check(z.regex(repositoryShape, repositoryWords)))
    .check(z.minLength(1), z.maxLength(50)),
  /** The engine's own tools that it may use, as the engine names them; without it, the engine's usual ones. Not for codex. */
  tools: z.optional(z.array(line(200)).check(z.maxLength(50))),
  /** A folder in the home of an agent with engine `command` that is kept for its next round, relative to that home. */
  session_folder: z.optional(
    z
      .string()
      .check(
        z.maxLength(200),
        z.regex(
          /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/,
          'a folder below the home, such as .agent/memory',
        ),
      ),
  ),
  /** How many rounds an issue may take before a person has to say that it may go on. */
  max_rounds: z.optional(z.int().check(z.gte(1), z.lte(100))),
  /** What all its runs of a day (UTC) may cost, in the currency of the prices. */
  max_cost_per_day: z.optional(money),
  /** How many runs may begin in a day (UTC). */
  max_runs_per_day: z.optional(z.int().check(z.gte(1), z.lte(10_000))),
  /** The weakest isolation that is allowed. */
  isolation: z.optional(z.enum(isolations)),
  network: z.optional(z.enum(networks)),
  /** Run in the clone before the agent, by `sh`, with the network open and without a model. */
  setup: z.optional(commands),
  /** Run on what came of it, in the same isolation. */
  checks: z.optional(commands),
  /** Paths that no work of it may change, beside those that are never its to change; `*`, `**` and `?` as usual. */
  protected_paths: z.optional(z.array(line(300)).check(z.maxLength(100))),
  /** Who is the author of its commits. */
  git_user: z.optional(
    z.strictObject({
      name: z.string().check(z.regex(/^[^\p{Cc}<>]{1,100}$/u, 'a name without < and >')),
      email: z.string().check(z.regex(/^[^\s<>@]{1,100}@[^\s<>@]{1,100}$/, 'an e-mail address')),
    }),
  ),
  profiles: z.optional(
    z.record(
      z.string().check(z.regex(agentName, 'lower-case letters, digits and hyphens')),
      z.strictObject(tunable),
    ),
  ),
});

export type AgentManifest = z.infer<typeof manifestSchema> & { name: string; file: string };

/** An agent as it works: the manifest with one profile applied, and nothing left open. */
export interface Agent {
  name: string;
  profile: string | null;
  engine: AgentEngineName;
  command: string[];
  model: string | null;
  timeoutMinutes: number;
  watchdogMinutes: number;
  maxCost: number | null;
  prices: { input: number; output: number; cacheRead: number | null; cacheWrite: number | null } | null;
  maxRunsPerDay: number | null;
  maxCostPerDay: number | null;
  maxRounds: number;
  isolation: Isolation;
  network: Network;
  tools: string[] | null;
  sessionFolder: string | null;
  setup: string[];
  checks: string[];
  protectedPaths: string[];
  gitUser: { name: string; email: string } | null;
}

/** Reads `agents/<name>.toml`; what is wrong comes back with its place, throws nothing. */
export function parseManifest(file: string, bytes: Uint8Array): Parsed<AgentManifest> {
  const name = documentName(file);
  const parsed = parseToml(file, bytes, manifestSchema, (document, fault) => {
    if (document.prompt !== undefined && document.prompt_file !== undefined)
      fault(['prompt_file'], '"prompt_file": the prompt is given already; keep one of the two');
    if (document.engine === undefined)
      fault(
        ['engine'],
        `"engine" is missing: ${agentEngines.slice(0, -1).join(', ')} or ${agentEngines.at(-1)}`,
      );
    // A pattern that nothing fits would protect nothing, in silence.
    for (const pattern of (document.protected_paths ?? []).filter((item) => !isProtectedPattern(item)))
      fault(
        ['protected_paths'],
        `"protected_paths": ${JSON.stringify(pattern)} is no pattern, so it would protect nothing: write a path below the root, with no other signs than *, ? and **`,
      );
    for (const [profile, own] of [[null, {}] as const, ...Object.entries(document.profiles ?? {})]) {
      const path = (key: string): string[] => (profile === null ? [key] : ['profiles', profile, key]);
      const merged = { ...document, ...own };
      const where = profile === null ? '' : ` (profile ${profile})`;
      if (merged.engine === 'command' && merged.command === undefined)
        fault(
          path('engine'),
          `"command" is missing${where}: engine command needs the program and its arguments`,
        );
      if (merged.engine === 'codex' && merged.tools !== undefined)
        fault(
          path('engine'),
          `"tools" with engine codex${where}: it cannot be held to a list of tools; leave the list out, or choose claude or opencode`,
        );
      if (merged.engine !== undefined && merged.engine !== 'command' && merged.session_folder !== undefined)
        fault(
          path('engine'),
          `"session_folder" with engine ${merged.engine}${where}: it knows by itself what its session is; only command needs a folder`,
        );
      for (const limit of ['max_cost', 'max_cost_per_day'] as const)
        if (merged[limit] !== undefined && merged.prices === undefined)
          fault(
            limit === 'max_cost' ? path(limit) : [limit],
            `"${limit}" without "prices"${where}: a limit nobody can count is none; say what a million tokens cost`,
          );
      if ((merged.watchdog_minutes ?? 0) > (merged.timeout_minutes ?? usual.timeoutMinutes))
        fault(
          path('watchdog_minutes'),
          `"watchdog_minutes" is above "timeout_minutes"${where}, so it never bites`,
        );
    }
    if (document.isolation === 'user' || document.isolation === 'none' || document.isolation === undefined) {
      // Only a network of its own keeps a program from one; which isolation will be there, only the run knows.
      if (document.network === 'none' || document.network === 'model')
        fault(
          ['network'],
          `"network" ${document.network} needs isolation = "bwrap": with "user" the programs share the machine's network`,
        );
    }
  });
  const faults: Fault[] = parsed.ok ? [] : [...parsed.faults];
  if (!agentName.test(name))
    faults.unshift({
      file,
      line: 0,
      column: 0,
      message:
        "the file name is the agent's name: lower-case letters, digits and hyphens, at most 40, and .toml",
    });
  return !parsed.ok || faults.length > 0
    ? { ok: false, faults }
    : { ok: true, document: { ...parsed.document, name, file } };
}

/** What is wrong with the file of a prompt, of which the size is known where it is there. */
export function promptTrouble(file: string, size: number | undefined): string | undefined {
  if (size === undefined) return `"prompt_file": there is no file ${agentsFolder}/${file}`;
  return size > mostOfPromptFile
    ? `"prompt_file": ${file} has more than ${mostOfPromptFile} bytes`
    : undefined;
}

const mostOfPromptFile = 64 * 1024;

/** What holds where a manifest says nothing. */
const usual = { timeoutMinutes: 60, watchdogMinutes: 30, maxRounds: 5 };

/** A manifest with a profile applied; undefined where it has no such profile. */
export function agentOf(manifest: AgentManifest, profile: string | null): Agent | undefined {
  const own = profile === null ? {} : ownProfile(manifest, profile);
  if (own === undefined) return undefined;
  const merged = { ...manifest, ...own };
  const timeoutMinutes = merged.timeout_minutes ?? usual.timeoutMinutes;
  const { prices } = merged;
  return {
    name: manifest.name,
    profile,
    engine: merged.engine ?? 'command',
    command: merged.command ?? [],
    model: merged.model ?? null,
    timeoutMinutes,
    watchdogMinutes: merged.watchdog_minutes ?? Math.min(usual.watchdogMinutes, timeoutMinutes),
    maxCost: merged.max_cost ?? null,
    prices:
      prices === undefined
        ? null
        : {
            input: prices.input,
            output: prices.output,
            cacheRead: prices.cache_read ?? null,
            cacheWrite: prices.cache_write ?? null,
          },
    maxRunsPerDay: manifest.max_runs_per_day ?? null,
    maxCostPerDay: manifest.max_cost_per_day ?? null,
    maxRounds: manifest.max_rounds ?? usual.maxRounds,
    isolation: manifest.isolation ?? 'user',
    network: manifest.network ?? 'open',
    tools: manifest.tools ?? null,
    sessionFolder: manifest.session_folder ?? null,
    setup: manifest.setup ?? [],
    checks: manifest.checks ?? [],
    protectedPaths: manifest.protected_paths ?? [],
    gitUser: manifest.git_user ?? null,
  };
}

function ownProfile({ profiles = {} }: AgentManifest, name: string): object | undefined {
  return Object.hasOwn(profiles, name) ? profiles[name] : undefined;
}
