import * as z from 'zod/mini';
import { type DispatchEntry, dispatchEntrySchema } from './entry.ts';
import type { Machine } from './machine.ts';
import { type Registry, type Standing, standingOf } from './registry.ts';

// What is dispatched, and what the forge says of it.

export const dispatchListSchema = z.strictObject({
  version: z.literal(1),
  /** Oldest first. */
  dispatches: z.array(
    z.strictObject({
      standing: z.enum(['active', 'dead', 'ended', 'elsewhere']),
      entry: dispatchEntrySchema,
      /** What the forge says; `null` where it was not asked. */
      forge: z.nullable(
        z.strictObject({
          issue: z.nullable(z.enum(['open', 'closed'])),
          pull: z.nullable(z.strictObject({ number: z.int(), state: z.enum(['open', 'merged', 'closed']) })),
          /** What could not be found out. */
          trouble: z.nullable(z.string()),
        }),
      ),
    }),
  ),
  /** Issues that somebody else works on, as the state repo says. */
  elsewhere: z.array(
    z.strictObject({ ref: z.string(), agent: z.string(), since: z.string(), where: z.string() }),
  ),
  /** Files of the registry that cannot be read. */
  faulty: z.array(z.strictObject({ file: z.string(), fault: z.string() })),
});
export type DispatchList = z.infer<typeof dispatchListSchema>;
type Listed = DispatchList['dispatches'][number];

/** What is listed: what runs, and what was cut off and not cleared away; with `all` the ended ones too. Pure. */
export function listedOf(
  { entries }: Registry,
  machine: Machine,
  { all }: { all: boolean },
): { entry: DispatchEntry; standing: Standing }[] {
  return entries
    .map((entry) => ({ entry, standing: standingOf(entry, machine) }))
    .filter(
      ({ entry, standing }) =>
        all ||
        standing === 'active' ||
        standing === 'elsewhere' ||
        (standing === 'dead' && entry.reaped_at === null),
    );
}

/** The list as lines for people. */
export function listLines(list: DispatchList, machine: Machine, now: Date): string[] {
  const { dispatches, elsewhere, faulty } = list;
  return [
    ...(dispatches.length === 0 ? ['Nothing is dispatched.'] : []),
    ...dispatches.flatMap(({ standing, entry, forge }) => [
      `${entry.ref}  ${standingText(standing, entry, machine)}, ${entry.mode}, ${entry.agent}, pid ${entry.pid}, ${sinceText(entry.started_at, now)}: ${entry.title}`,
      `    ${entry.worktree ?? 'no worktree yet'}${entry.branch === null ? '' : ` (${entry.branch})`}`,
      ...(entry.paths_claimed.length === 0 || standing === 'dead' || standing === 'ended'
        ? []
        : [`    claims ${entry.paths_claimed.join(', ')}`]),
      ...(entry.outcome === null
        ? []
        : [`    ended: ${entry.outcome}${entry.why === '' ? '' : `: ${entry.why.split('\n')[0]}`}`]),
      ...(forge === null ? [] : [`    ${forgeText(forge, entry)}`]),
    ]),
    ...elsewhere.map(({ ref, agent, since, where }) => `${ref}  taken by ${agent} since ${since} (${where})`),
    ...faulty.map(({ file, fault }) => `${file} cannot be read: ${fault}`),
  ];
}

/** Where a dispatch is that is not judged from here. */
export function placeText(entry: Pick<DispatchEntry, 'host'>, { host }: Pick<Machine, 'host'>): string {
  return entry.host === host ? 'another container of this host' : entry.host;
}

function standingText(standing: Standing, entry: DispatchEntry, machine: Machine): string {
  switch (standing) {
    case 'active':
      return 'runs';
    case 'ended':
      return 'ended';
    case 'dead':
      return 'cut off (its process is gone; forgecrew dispatch reap looks after it)';
    case 'elsewhere':
      return `on ${placeText(entry, machine)}`;
  }
}

function sinceText(at: string, now: Date): string {
  const minutes = Math.max(0, Math.floor((now.getTime() - Date.parse(at)) / 60_000));
  if (minutes < 120) return `since ${minutes} min`;
  return minutes < 48 * 60
    ? `since ${Math.floor(minutes / 60)} h`
    : `since ${Math.floor(minutes / 1440)} days`;
}

function forgeText(
  { issue, pull, trouble }: NonNullable<Listed['forge']>,
  { platform }: Pick<DispatchEntry, 'platform'>,
): string {
  if (trouble !== null) return `${platform === 'github' ? 'not known of GitHub' : 'the forge'}: ${trouble}`;
  return `issue ${issue}${pull === null ? ', no pull request' : `, pull request #${pull.number} ${pull.state}`}`;
}
