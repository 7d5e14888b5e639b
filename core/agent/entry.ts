import * as z from 'zod/mini';
import { canonicalJson } from '../canonical.ts';
import { backends } from '../host/backends.ts';
import { moment } from '../moment.ts';
import { isolations } from './cell/cell.ts';
import { sessionNoteSchema } from './session-note.ts';

// What the state repo says of one issue that an agent works on, or worked on: its form, and where it stands. Pure.

/** Where the role is run: a CI host, or a person's terminal. */
export const agentHosts = ['forgejo-actions', 'woodpecker', 'terminal'] as const;

const text = (most: number) => z.string().check(z.maxLength(most));
const signs = () => z.array(text(200)).check(z.maxLength(20_000));

/** The longest text that an agent is asked by hand for another round with. */
export const mostOfPrompt = 40_000;

/** Why no round follows. */
export const exhaustions = ['max_rounds', 'ci_exhausted', 'max_cost'] as const;
export type Exhaustion = (typeof exhaustions)[number];

export const entrySchema = z.strictObject({
  /** Of this format. */
  version: z.literal(1),
  /** Where the issue is, if it is not on the forge: such a one is worked on by dispatches alone. */
  platform: z.optional(z.literal('github')),
  owner: text(200),
  repo: text(200),
  issue_number: z.int().check(z.positive()),
  slug: text(100),
  agent_name: text(100),
  profile: z.nullable(text(100)),
  backend: z.strictObject({ host: z.enum(agentHosts), isolation: z.enum(isolations) }),
  agent_git_user: z.strictObject({ name: text(200), email: text(200) }),
  /** The pull request that came of it. */
  pr_number: z.nullable(z.int()),
  /** `destroyed`: its work is over; `why` says how. */
  status: z.enum(['running', 'frozen', 'destroyed']),
  why: text(1000),
  /** When the agent last did anything that was seen; written at most once a minute. */
  last_checkin_at: moment,
  run_url: z.nullable(text(2000)),
  /** Who holds the work: only the run of this lease writes anything for it. */
  lease: z.strictObject({
    id: z.string().check(z.regex(/^[0-9a-f]{32}$/)),
    until: moment,
    /** The run of CI that holds it, where it can be looked up. */
    run: z.nullable(
      z.strictObject({
        backend: z.enum(backends),
        repository: text(300),
        id: z.int(),
        /** The workflow of a pipeline, where later steps of it go on with the work; one of a matrix with its number behind it. */
        workflow: z.optional(text(300)),
      }),
    ),
  }),
  /** The lease under which steps of one pipeline have left something for each other; whoever finishes the round takes that up. */
  prepared: z.optional(z.string().check(z.regex(/^[0-9a-f]{32}$/))),
  /** When the label was set that it was taken for, by the forge's clock: one that was set later asks anew. */
  given_at: z.optional(moment),
  /** When the issue was last changed as of its end, by the forge's clock: while that stands, nobody has touched it. */
  rested_at: z.optional(moment),
  started_at: moment,
  ended_at: z.nullable(moment),
  /** How many times an agent was started for it. */
  rounds: z.int().check(z.gte(1)),
  /** What models cost so far; `null` where nobody counted. */
  cost: z.nullable(z.number()),
  /** What they cost in the present round as of the last check-in: all that is known of one that is cut off. */
  spending: z.optional(z.nullable(z.number())),
  /** What its engine remembers, kept beside this file; `null` where there is nothing of it. */
  session: z.optional(z.nullable(sessionNoteSchema)),
  /** Signs of what it was told already, of people and of the forge: only others wake it. Absent before its first end. */
  heard: z.optional(signs()),
  /** Signs of what the present run is told. They are heard once it is over, so that a run that is cut off loses none. */
  hearing: z.optional(signs()),
  /** How many rounds were over when somebody last let it start anew. */
  rounds_from: z.optional(z.int().check(z.gte(0))),
  /** It is not woken any more until a person says so, and why. */
  exhausted: z.optional(z.nullable(z.strictObject({ why: z.enum(exhaustions), at: moment }))),
  /** Its pull request was seen not to merge with its base; a forge that is still working it out says the same for a moment. */
  conflict: z.optional(z.nullable(z.strictObject({ head: text(64), base: text(64), at: moment }))),
  /** Our last commit on its branch; where the branch stands elsewhere, people pushed. */
  head: z.optional(z.nullable(text(64))),
  /** The round whose work was not pushed, because somebody else had pushed meanwhile. */
  unpushed: z.optional(z.nullable(z.int())),
  /** Somebody asked for another round by hand. `begun`: a run has begun it, so it lets the rounds begin anew no second time. */
  asked: z.optional(
    z.nullable(
      z.strictObject({
        by: text(200),
        at: moment,
        prompt: text(mostOfPrompt),
        begun: z.optional(z.boolean()),
      }),
    ),
  ),
});
export type Entry = z.infer<typeof entrySchema>;

/** A time of the forge's as an entry has it; undefined where it is none. */
export function momentOf(at: string | null | undefined): string | undefined {
  const time = Date.parse(at ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

/** An issue, as owner, repository and number. */
export interface IssueName {
  owner: string;
  repo: string;
  number: number;
  /** As in an entry. */
  platform?: 'github' | undefined;
}

/** The name of an issue from the full name of its repository (`owner/name`) and its number there. */
export function issueName(repository: string, number: number, platform?: IssueName['platform']): IssueName {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo, number, platform };
}

/** The full name (`owner/name`) of the repository that an entry is about. */
export function repositoryOf({ owner, repo }: Pick<Entry, 'owner' | 'repo'>): string {
  return `${owner}/${repo}`;
}

/** The issue that an entry is about. */
export function nameOf({ owner, repo, issue_number: number, platform }: Entry): IssueName {
  return { owner, repo, number, platform };
}

/**
 * The folder above entries and marks: none for the forge's own. Forge-agent looks at that alone, and would otherwise take a claim
 * on GitHub for one on the issue of the same name on the forge.
 */
export function platformFolder({ platform }: Pick<IssueName, 'platform'>): string {
  return platform === undefined ? '' : `${platform}/`;
}

/** Where the state is kept, unless somebody wants it elsewhere: a repository of the agents' account. */
export function usualStateRepo(login: string): string {
  return `${login}/forgecrew-state`;
}

/** Where an issue's entry stands. Names of repositories differ by capitals only where the forge takes them for the same. */
export function entryPath(name: IssueName): string {
  return `${platformFolder(name)}agents/${fileOf(name)}`;
}

function fileOf({ owner, repo, number }: IssueName): string {
  return `${owner.toLowerCase()}/${repo.toLowerCase()}/${number}.json`;
}

/** A mark beside the entry of an issue that is worked on, so that those are found without looking at all that are over. */
export function runningPath(name: IssueName): string {
  return `${platformFolder(name)}running/${fileOf(name)}`;
}

/** A mark beside the entry of an issue whose agent is frozen, so that its end is seen without looking at all that are over. */
export function frozenPath(name: IssueName): string {
  return `${platformFolder(name)}frozen/${fileOf(name)}`;
}

/** What one step of a pipeline leaves for another of the same round: what is to be done, and what came of it. */
export function handedPath({ owner, repo, number }: IssueName, what: 'run' | 'outcome'): string {
  return `handed/${owner.toLowerCase()}/${repo.toLowerCase()}/${number}-${what}.json`;
}

/** What a run of an agent cost that ended on a day (UTC). */
export function spentPath(agent: string, at: string, lease: string): string {
  return `spent/${at.slice(0, 10)}/${agent}/${lease}.json`;
}

const spent = z.object({ cost: z.number(), lease: z.string() });

/** What models cost for an issue with what its cut-off round is known to have cost; `null` where nobody counted. */
export function costWithCut({ cost, spending }: Pick<Entry, 'cost' | 'spending'>): number | null {
  return spending == null ? cost : (cost ?? 0) + spending;
}

/** What one run cost, as it is kept. */
export function spentText(cost: number, lease: string): string {
  return `${canonicalJson({ cost, lease })}\n`;
}

/** What a file there says; nothing where it is none that this role wrote. */
export function spentIn(bytes: Uint8Array): number {
  try {
    return spent.parse(JSON.parse(new TextDecoder().decode(bytes))).cost;
  } catch {
    return 0;
  }
}

/** A mark for every run of an agent that began on a day (UTC), so that they can be counted. */
export function startedPath(agent: string, at: string, lease: string): string {
  return `started/${at.slice(0, 10)}/${agent}/${lease}.json`;
}

/** Where the records of an issue's runs stand; they are kept for ever. */
export function recordFolder({ owner, repo, number }: IssueName): string {
  return `records/${owner.toLowerCase()}/${repo.toLowerCase()}/${number}`;
}

/** The record of one run. */
export function runRecordPath(name: IssueName, round: number, lease: string): string {
  return `${recordFolder(name)}/${round}-${lease}.json`;
}

/** The round that a file in the folder of records is of; undefined for one that is no record. */
export function roundOf(file: string): number | undefined {
  const found = /^([1-9]\d{0,8})-[0-9a-f]{32}\.json$/.exec(file)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** An entry as its file holds it: canonical JSON and a line end, so that two who write the same write the same bytes. */
export function entryText(entry: Entry): string {
  return `${canonicalJson(entry)}\n`;
}

/** The entry in a file, or what is wrong with it; one that cannot be read is never taken for none. */
export function parseEntry(bytes: Uint8Array): { ok: true; entry: Entry } | { ok: false; fault: string } {
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, fault: 'it is no JSON' };
  }
  const parsed = entrySchema.safeParse(data);
  return parsed.success
    ? { ok: true, entry: parsed.data }
    : {
        ok: false,
        fault: `${parsed.error.issues[0]?.path.join('.') ?? ''}: ${parsed.error.issues[0]?.message ?? ''}`,
      };
}
