import { existsSync } from 'node:fs';
import { alone } from '../../core/api/errors.ts';
import { UserError } from '../../core/errors.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import { createMask } from '../../core/mask.ts';
import { openWorks } from '../../core/works.ts';
import { type DispatchConfig, readConfig, secretsOf, withoutSecrets } from './config.ts';
import type { DispatchEntry } from './entry.ts';
import { readHold, releaseOf } from './hold.ts';
import { type IssueHosts, openHosts, pullOf } from './hosts.ts';
import { placeText } from './list.ts';
import type { Local } from './local.ts';
import { type Machine, thisMachine } from './machine.ts';
import { overlaps } from './overlap.ts';
import { openOwnGit } from './own-git.ts';
import type { PullFact } from './reap/decide.ts';
import type { KnownDispatch } from './reap/look.ts';
import { type Reaped, reap } from './reap/reap.ts';
import { changeEntry, readRegistry, standingOf } from './registry.ts';
import { write } from './writing.ts';

// What clears away after dispatches, and what looks at their branches: the registry and the forge say what is known, the rest is
// in `reap/` and `overlap.ts`.

/** Branches of dispatches that run and really touch the same lines, and of those whose worktrees stand; 1 where there are any. */
export async function showOverlaps({ environment, say }: Local): Promise<number> {
  const { config } = readConfig(environment);
  const standing = readRegistry(config.logRoot).entries.filter(
    ({ branch, worktree, reaped_at: reaped }) =>
      branch !== null && worktree !== null && reaped === null && existsSync(worktree),
  );
  const works = openWorks({ path: environment.PATH ?? '', forge: { url: config.forge, token: '' } });
  let count = 0;
  try {
    for (const [checkout, entries] of byCheckout(standing)) {
      const found = await overlaps(await works.git(), {
        checkout,
        branches: entries.map(({ ref, branch }) => ({ ref, branch: branch ?? '' })),
      });
      if (found.kind === 'impossible') throw new UserError(found.why);
      for (const pair of found.pairs) {
        if (pair.kind === 'none') continue;
        count += 1;
        const both = `${pair.one.ref} (${pair.one.branch}) and ${pair.other.ref} (${pair.other.branch})`;
        say(
          pair.kind === 'overlap'
            ? `${both} change the same lines of ${pair.files.join(', ')}`
            : `${both} could not be compared: ${pair.why}`,
        );
      }
      for (const { ref, branch } of found.missing) say(`${ref}: its branch ${branch} is gone`);
    }
  } finally {
    works.close();
  }
  if (count === 0) say('No two branches of dispatches touch the same lines.');
  return count === 0 ? 0 : 1;
}

/** Clears away what dispatches left that is integrated; every worktree is named, with what was decided and why. */
export async function reapAll({ dryRun }: { dryRun: boolean }, { environment, say }: Local): Promise<number> {
  const { config } = readConfig(environment);
  const machine = thisMachine();
  const { entries, faulty } = readRegistry(config.logRoot);
  for (const { file, fault } of faulty) say(`${file} cannot be read: ${fault}`);
  const connections = openHosts({ config, environment, secrets: secretsOf(config, environment) });
  const works = openWorks({ path: environment.PATH ?? '', forge: { url: config.forge, token: '' } });
  const own = openOwnGit(withoutSecrets(environment));
  let isWhole = faulty.length === 0;
  try {
    const open = entries.filter(({ reaped_at: reaped }) => reaped === null);
    for (const [checkout, known] of byCheckout(open)) {
      const [first] = known;
      const remote = known.find((entry) => entry.remote !== '')?.remote;
      if (first === undefined || remote === undefined) continue;
      if (!existsSync(checkout)) {
        say(`${checkout} is gone, so nothing can be found out of its worktrees.`);
        isWhole = false;
        continue;
      }
      try {
        const outcome = await reap(await works.git(), own, {
          checkout,
          remote,
          base: first.base_branch,
          known: await knownOf(connections, known, machine),
          ignore: config.reapIgnore,
          now: `${new Date().toISOString().slice(0, 19)}Z`,
          dryRun,
          claudeConfig: config.claudeConfig,
          // The registry is asked anew: one may have begun since.
          isAlive: (worktree) =>
            readRegistry(config.logRoot).entries.some(
              (entry) => entry.worktree === worktree && mayRun(entry, machine),
            ),
        });
        for (const item of outcome.items) {
          for (const line of itemLines(item)) say(line);
          if (item.kind === 'failed') isWhole = false;
        }
        for (const note of outcome.notes) say(note);
        if (outcome.pruned.length > 0)
          say(
            `${outcome.pruned.length} kept ${outcome.pruned.length === 1 ? 'commit was' : 'commits were'} older than 30 days, and ${dryRun ? 'would go' : 'went'}.`,
          );
        if (!dryRun) markReaped(config, machine, known, outcome.items);
      } catch (error) {
        // One checkout that cannot be read keeps no other from being cleared.
        if (!(error instanceof UserError)) throw error;
        say(`${checkout}: ${[error.message, error.remedy].join(' ').trim()}`);
        isWhole = false;
      }
    }
    for (const entry of open)
      if (standingOf(entry, machine) === 'dead')
        isWhole =
          (await clearDead(entry, { config, environment, machine, dryRun, say, hosts: connections })) &&
          isWhole;
    if (open.length === 0) say('There is nothing to clear away.');
  } finally {
    works.close();
    connections.close();
  }
  return isWhole ? 0 : 1;
}

/** One that never came to a worktree has nothing to lose; one that held a claim in the state repo gives it back. */
async function clearDead(
  entry: DispatchEntry,
  given: {
    config: DispatchConfig;
    environment: Local['environment'];
    machine: Machine;
    dryRun: boolean;
    say(line: string): void;
    hosts: IssueHosts;
  },
): Promise<boolean> {
  const { config, machine, dryRun, say } = given;
  const { claim } = entry;
  const what = `${entry.ref}, cut off at ${entry.started_at}`;
  if (claim !== null) {
    if (dryRun) say(`${what}: its claim in ${claim.repository} would be given back`);
    else {
      const trouble = await releaseDead(entry, claim, given);
      say(`${what}: its claim in ${claim.repository} ${trouble ?? 'was given back'}`);
      if (trouble !== undefined) return false;
      changeEntry(config.logRoot, entry.id, machine, (now) => ({ ...now, claim: null }));
    }
  }
  if (entry.worktree !== null) return true;
  say(`${what}: it had no worktree yet`);
  if (!dryRun)
    changeEntry(config.logRoot, entry.id, machine, (now) => ({
      ...now,
      reaped_at: new Date().toISOString(),
    }));
  return true;
}

/** Why the claim of a dispatch that is gone is not given back; undefined where it is. */
async function releaseDead(
  entry: DispatchEntry,
  claim: DispatchEntry['claim'] & object,
  {
    environment,
    config,
    hosts,
    say,
  }: {
    environment: Local['environment'];
    config: DispatchConfig;
    hosts: IssueHosts;
    say(line: string): void;
  },
): Promise<string | undefined> {
  const send = await hosts.forge.send();
  const [repository = '', number] = entry.ref.split('#');
  const { value: hold, trouble } = await alone(() =>
    readHold(
      send,
      {
        stateRepo: claim.repository,
        platform: entry.platform,
        repository,
        number: Number(number),
        now: new Date().toISOString(),
      },
      (lease) => lease === claim.lease,
    ),
  );
  if (hold === undefined) return `could not be looked at: ${trouble}`;
  const { running, stateRepo } = hold;
  // Somebody else's by now, or it was never made.
  if (running === null || running.entry.lease.id !== claim.lease) return undefined;
  const works = openWorks({ path: environment.PATH ?? '', forge: { url: config.forge, token: '' } });
  try {
    const [result] = await write(
      {
        send,
        issues: send,
        account: await getOwnUser(send),
        mask: createMask(),
        works,
        say: () => undefined,
        isHeld: true,
      },
      [
        releaseOf(
          { stateRepo, running },
          { why: 'dispatch: its process was gone', at: new Date().toISOString() },
        ),
      ],
    );
    if (result?.status === 'done') return undefined;
    say(`    ${result?.said ?? ''}`);
    return 'could not be given back';
  } finally {
    works.close();
  }
}

/** What the registry and the forge say of dispatches, as reap wants to know it. */
async function knownOf(
  hosts: IssueHosts,
  entries: readonly DispatchEntry[],
  machine: Machine,
): Promise<KnownDispatch[]> {
  const known: KnownDispatch[] = [];
  for (const entry of entries) {
    const { worktree, branch } = entry;
    if (worktree === null || branch === null) continue;
    const standing = standingOf(entry, machine);
    const alive = mayRun(entry, machine);
    known.push({
      worktree,
      branch,
      alive,
      ...(standing === 'elsewhere' ? { elsewhere: placeText(entry, machine) } : {}),
      // Each is judged by the base that it went out from: agents and projects have several.
      ...(entry.remote === '' ? {} : { base: { remote: entry.remote, branch: entry.base_branch } }),
      pull: alive ? { kind: 'unknown', why: 'it was not asked' } : await pullFactOf(hosts, entry, branch),
    });
  }
  return known;
}

async function pullFactOf(hosts: IssueHosts, entry: DispatchEntry, branch: string): Promise<PullFact> {
  const { value, trouble } = await pullOf(hosts, entry, branch);
  if (trouble !== undefined) return { kind: 'unknown', why: trouble };
  if (value === undefined) return { kind: 'none' };
  const { number, state: kind, head } = value;
  return kind === 'open' ? { kind, number } : { kind, number, head };
}

/** One of another host is never judged dead. */
function mayRun(entry: DispatchEntry, machine: Machine): boolean {
  const standing = standingOf(entry, machine);
  return standing === 'active' || standing === 'elsewhere';
}

function markReaped(
  { logRoot }: DispatchConfig,
  machine: Machine,
  known: readonly DispatchEntry[],
  items: readonly Reaped[],
): void {
  for (const { kind, worktree } of items) {
    if (worktree === null || (kind !== 'reaped' && kind !== 'gone')) continue;
    for (const entry of known)
      if (entry.worktree === worktree)
        changeEntry(logRoot, entry.id, machine, (now) => ({ ...now, reaped_at: new Date().toISOString() }));
  }
}

function itemLines({ kind, worktree, branch, why, kept, notes }: Reaped): string[] {
  const what = {
    reaped: 'reaped',
    'would-reap': 'would be reaped',
    kept: 'kept',
    gone: 'gone',
    failed: 'not finished',
  }[kind];
  return [
    `${what}: ${worktree ?? `the branch ${branch}`}: ${why}`,
    ...kept.map((ref) => `    its commits are kept for 30 days at ${ref}`),
    ...notes.map((note) => `    ${note}`),
  ];
}

function byCheckout(entries: readonly DispatchEntry[]): Map<string, DispatchEntry[]> {
  const found = new Map<string, DispatchEntry[]>();
  for (const entry of entries) found.set(entry.checkout, [...(found.get(entry.checkout) ?? []), entry]);
  return found;
}
