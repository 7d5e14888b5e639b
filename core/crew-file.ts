import * as z from 'zod/mini';
import { repositoryShape, repositoryWords } from './accounts.ts';
import { type Parsed, parseToml } from './toml.ts';

/** Where the ops repo says what holds for all of its roles. */
export const crewFile = 'forgecrew.toml';

const list = (pattern: RegExp, what: string) => z.optional(z.array(z.string().check(z.regex(pattern, what))));

// Closed, so that a misspelt `pause` is a fault and never *not paused*.
export const crewSchema = z.strictObject({
  /** Whether every role that writes stops at its next run. */
  pause: z.optional(z.boolean()),
  /** Why it is paused, in one line for the logs. */
  reason: z.optional(
    z.string().check(z.maxLength(300), z.regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'one line of text')),
  ),
  /** The forgecrew that its layout was made for: `forgecrew upgrade` goes on from there. Roles do not look at it. */
  version: z.optional(z.string().check(z.regex(/^\d+\.\d+\.\d+$/, 'a version such as 0.1.0'))),
  /** Accounts that never approve or decide, for all roles; what a role's settings name is added. */
  bots: list(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, 'an account name'),
  /** The project repos, as owner/name: `forgecrew upgrade` and `forgecrew doctor` look for pipelines there. Roles do not. */
  projects: list(repositoryShape, repositoryWords),
});

/** What holds for all roles of an ops repo. */
export interface Crew {
  /** Why nothing is done now; undefined where the roles work. */
  paused: string | undefined;
  bots: string[];
  projects: string[];
}

/** What holds where there is no such file. */
export const noCrewFile: Crew = { paused: undefined, bots: [], projects: [] };

/** What `forgecrew.toml` says to all roles, or its faults with their places. */
export function parseCrewFile(file: string, bytes: Uint8Array): Parsed<Crew> {
  const parsed = parseToml(file, bytes, crewSchema);
  if (!parsed.ok) return parsed;
  const { pause = false, reason = '', bots = [], projects = [] } = parsed.document;
  return {
    ok: true,
    document: { paused: pause ? reason.trim() || 'no reason is given' : undefined, bots, projects },
  };
}

/** The settings of a run with the accounts of the crew file added, where the role knows `bots`. */
export function withCrew<S>(settings: S, { bots }: Pick<Crew, 'bots'>): S {
  const { bots: own } = settings as { bots?: string[] };
  return own === undefined ? settings : { ...settings, bots: [...own, ...bots] };
}
