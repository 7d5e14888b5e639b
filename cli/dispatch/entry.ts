import * as z from 'zod/mini';
import { UserError } from '../../core/errors.ts';
import { moment, momentPattern } from '../../core/moment.ts';

// What the registry says of one dispatch: its form, and its name. Pure.

/** How a person has to do with the worker. */
export const modes = ['headless', 'watch', 'consult', 'cascade'] as const;
export type Mode = (typeof modes)[number];

export const platforms = ['forgejo', 'github'] as const;
export type Platform = (typeof platforms)[number];

/** What keeps the worker from this machine: an isolation of its own, or nothing but the trust of the person. */
export const postures = ['isolated', 'trust-me'] as const;

/** How a dispatch ended. `stopped`: by its person; `not-started`: before its worker began. */
export const outcomes = [
  'success',
  'failure',
  'needs_person',
  'underspecified',
  'no-word',
  'refused',
  'stopped',
  'not-started',
] as const;
export type DispatchOutcome = (typeof outcomes)[number];

const text = (most: number) => z.string().check(z.maxLength(most));
const place = () => text(4096);

export const dispatchEntrySchema = z.strictObject({
  /** Of this format. */
  version: z.literal(1),
  /** The name of its file, without `.json`. */
  id: text(250),
  mode: z.enum(modes),
  /** The process that does the work of the dispatch: it starts and follows the worker, and leads its process group. */
  pid: z.int().check(z.positive()),
  process_start: text(200),
  host: text(300),
  pid_namespace: text(100),
  boot_id: text(100),
  /** `owner/repo#12` */
  ref: text(300),
  platform: z.enum(platforms),
  /** The issue in a browser. */
  url: text(2000),
  title: text(1000),
  started_at: moment,
  /** `null`: its process wrote no end. Whether it still runs, only its process tells. */
  ended_at: z.nullable(moment),
  outcome: z.nullable(z.enum(outcomes)),
  /** In a sentence, how it ended. */
  why: text(2000),
  /** The id of the dispatch whose worker asked for this one. */
  parent_session: z.nullable(text(250)),
  /** How many dispatches stand above it. */
  depth: z.int().check(z.gte(0), z.lte(100)),
  /** Paths of the repository that its worker works on, relative to its root; `.` is all of it. */
  paths_claimed: z.array(place()).check(z.maxLength(1000)),
  log_path: place(),
  posture: z.enum(postures),
  agent: text(100),
  profile: z.nullable(text(100)),
  /** The clone of the person that the worktree belongs to, and the remote that the issue's host is. */
  checkout: place(),
  remote: text(200),
  /** Where its worktree is, or will be: it stands here before it is made. */
  worktree: z.nullable(place()),
  branch: z.nullable(text(300)),
  /** The branch of the forge that the work begins from, and goes to. */
  base_branch: text(300),
  /** The commit that the branch began at. */
  base: z.nullable(text(64)),
  /** The last commit that the dispatch itself put on the branch. */
  head: z.nullable(text(64)),
  /** The claim in the state repo, while it is held. */
  claim: z.nullable(z.strictObject({ repository: text(300), path: text(500), lease: text(64) })),
  /** When its end was told to the person's command or webhook, or tried to: it is tried once. */
  notified_at: z.nullable(moment),
  /** When its worktree was removed. */
  reaped_at: z.nullable(moment),
});
export type DispatchEntry = z.infer<typeof dispatchEntrySchema>;

/** An issue anywhere. */
export interface IssuePlace {
  platform: Platform;
  /** The host, with its port where that is not the usual one. */
  host: string;
  owner: string;
  repo: string;
  number: number;
}

/** `owner/repo#12` */
export function refOf({ owner, repo, number }: Pick<IssuePlace, 'owner' | 'repo' | 'number'>): string {
  return `${owner}/${repo}#${number}`;
}

/** The beginning that all dispatches of one issue have in common. Forges take names for the same that differ by capitals. */
export function stemOf({ host, owner, repo, number }: IssuePlace): string {
  const stem = [host.replaceAll(':', '_'), owner, repo, String(number)]
    .map((part) => part.toLowerCase())
    .join('+');
  if (!/^[a-z0-9._-]+\+[a-z0-9._-]+\+[a-z0-9._-]+\+\d+$/.test(stem) || stem.length > 230)
    throw new UserError(`The name of ${owner}/${repo} cannot be the name of a file here.`);
  return stem;
}

/** The repository that a dispatch is about, so that equal ones are equal texts. */
export function repositoryKeyOf({ id }: Pick<DispatchEntry, 'id'>): string {
  return id.split('+').slice(0, 3).join('+');
}

export function entryText(entry: DispatchEntry): string {
  return `${JSON.stringify(entry, null, 2)}\n`;
}

type Check = (value: unknown) => boolean;

const isText =
  (most: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= most;
const isOneOf =
  (values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const isTime: Check = (value) => typeof value === 'string' && momentPattern.test(value);
const isBetween =
  (least: number, most: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
const holds = (fields: Readonly<Record<string, Check>>): Check => {
  const checks = Object.entries(fields);
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === checks.length &&
    checks.every(([name, check]) => Object.hasOwn(value, name) && check(Reflect.get(value, name)));
};

const fields: Record<keyof DispatchEntry, Check> = {
  version: (value) => value === 1,
  id: isText(250),
  mode: isOneOf(modes),
  pid: isBetween(1, Number.MAX_SAFE_INTEGER),
  process_start: isText(200),
  host: isText(300),
  pid_namespace: isText(100),
  boot_id: isText(100),
  ref: isText(300),
  platform: isOneOf(platforms),
  url: isText(2000),
  title: isText(1000),
  started_at: isTime,
  ended_at: orNull(isTime),
  outcome: orNull(isOneOf(outcomes)),
  why: isText(2000),
  parent_session: orNull(isText(250)),
  depth: isBetween(0, 100),
  paths_claimed: (value) => Array.isArray(value) && value.length <= 1000 && value.every(isText(4096)),
  log_path: isText(4096),
  posture: isOneOf(postures),
  agent: isText(100),
  profile: orNull(isText(100)),
  checkout: isText(4096),
  remote: isText(200),
  worktree: orNull(isText(4096)),
  branch: orNull(isText(300)),
  base_branch: isText(300),
  base: orNull(isText(64)),
  head: orNull(isText(64)),
  claim: orNull(holds({ repository: isText(300), path: isText(500), lease: isText(64) })),
  notified_at: orNull(isTime),
  reaped_at: orNull(isTime),
};
const hasFields = holds(fields);

/**
 * What the schema says, in a fraction of its time: hundreds of entries are read before anything is answered. What it does not
 * take is shown to the schema, which says what is wrong; a test holds the two to the same.
 */
export function isEntry(data: unknown): data is DispatchEntry {
  return hasFields(data);
}

/** The entry in a file, or what is wrong with it; one that cannot be read is never taken for none. */
export function parseDispatchEntry(
  text: string,
): { ok: true; entry: DispatchEntry } | { ok: false; fault: string } {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { ok: false, fault: 'it is no JSON' };
  }
  if (isEntry(data)) return { ok: true, entry: data };
  const parsed = dispatchEntrySchema.safeParse(data);
  if (parsed.success) return { ok: true, entry: parsed.data };
  const [issue] = parsed.error.issues;
  return { ok: false, fault: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
}
