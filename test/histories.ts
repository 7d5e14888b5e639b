import fc from 'fast-check';
import type { PullFacts } from '../core/vault/approval.ts';
import type { Brought, Candidate } from '../core/vault/candidate.ts';
import type { Policy } from '../core/vault/policy.ts';
import { candidate, known, pull, review, rights } from './vault-facts.ts';

// Random histories of a repository, and an oracle that only remembers who said what of which bytes, and who could. The
// decision is held to it twice: on what a simulated forge says, and on what the embedded one does.

export type Event =
  | { do: 'push'; bytes: number }
  | { do: 'review'; who: string; verdict: 'APPROVED' | 'REQUEST_CHANGES' | 'COMMENT'; of: number }
  /** A review that was begun and never submitted. */
  | { do: 'pending'; who: string }
  | { do: 'dismiss'; nth: number }
  /** Pointed at another branch, and back. */
  | { do: 'retarget' }
  /** The branch is merged into the pull request, which then has the formula and the policy of today. */
  | { do: 'update' }
  | { do: 'rights'; who: string; level: 'none' | 'write' | 'admin' }
  | { do: 'merge'; style: 'merge' | 'rebase' | 'squash' }
  /** Committed straight to the branch. */
  | { do: 'edit'; bytes: number }
  | { do: 'remove' }
  /** Another pull request, which nobody approved, turns the whole branch back to what it held so many commits ago. */
  | { do: 'turn'; back: number }
  | { do: 'formula'; version: number }
  | { do: 'policy'; tier: 'medium' | 'high' }
  | { do: 'reopen' };

export const people = ['owner', 'ada', 'bob', 'reader', 'asker', 'robot'];
const small = fc.nat({ max: 2 });
const someone = fc.constantFrom(...people);
const kinds: [number, fc.Arbitrary<Event>][] = [
  [3, fc.record({ do: fc.constant('push' as const), bytes: small })],
  [
    8,
    fc.record({
      do: fc.constant('review' as const),
      who: someone,
      verdict: fc.constantFrom('APPROVED', 'APPROVED', 'APPROVED', 'REQUEST_CHANGES', 'COMMENT'),
      of: fc.constantFrom(0, 0, 0, 1, 2),
    }) as fc.Arbitrary<Event>,
  ],
  [1, fc.record({ do: fc.constant('pending' as const), who: someone })],
  [1, fc.record({ do: fc.constant('dismiss' as const), nth: fc.nat({ max: 5 }) })],
  [1, fc.record({ do: fc.constant('retarget' as const) })],
  [1, fc.record({ do: fc.constant('update' as const) })],
  [
    2,
    fc.record({
      do: fc.constant('rights' as const),
      who: someone,
      level: fc.constantFrom('none' as const, 'write' as const, 'admin' as const),
    }),
  ],
  [
    3,
    fc.record({
      do: fc.constant('merge' as const),
      style: fc.constantFrom('merge' as const, 'merge' as const, 'rebase' as const, 'squash' as const),
    }),
  ],
  [1, fc.record({ do: fc.constant('edit' as const), bytes: small })],
  [1, fc.record({ do: fc.constant('remove' as const) })],
  [1, fc.record({ do: fc.constant('turn' as const), back: fc.integer({ min: 1, max: 3 }) })],
  [1, fc.record({ do: fc.constant('formula' as const), version: fc.nat({ max: 1 }) })],
  [
    1,
    fc.record({
      do: fc.constant('policy' as const),
      tier: fc.constantFrom('medium' as const, 'high' as const),
    }),
  ],
  [1, fc.record({ do: fc.constant('reopen' as const) })],
];
const event: fc.Arbitrary<Event> = fc.oneof(...kinds.map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** A row of events; half of them go on from something that was approved and merged, or random ones would hardly get there. */
export function history(maxLength: number): fc.Arbitrary<Event[]> {
  const random = fc.array(event, { maxLength });
  return fc.oneof(
    random,
    random.map((events): Event[] => [
      { do: 'review', who: 'ada', verdict: 'APPROVED', of: 0 },
      { do: 'review', who: 'bob', verdict: 'APPROVED', of: 0 },
      { do: 'merge', style: 'merge' },
      ...events.slice(0, maxLength / 2),
    ]),
  );
}

/** How many approvals each tier asks for, and how long ago all of it was. */
export interface Circumstances {
  needed: number;
  days: number;
}

/** What a branch holds of all that matters. */
interface Tree {
  action: number | null;
  formula: number;
  tier: 'medium' | 'high';
}

export function policyFor(tier: 'medium' | 'high', needed: number): Policy {
  return {
    tiers: { backup: tier },
    rules: { medium: { approvals: needed }, high: { approvals: needed, approvers: 'admin' } },
  };
}

const startingLevels = { owner: 'admin', ada: 'admin', bob: 'write', asker: 'write', robot: 'write' };
const began = Date.parse('2026-11-01T08:00:00Z');
const timeOf = (order: number): string => new Date(began + order * 60_000).toISOString();

interface Request {
  facts: PullFacts;
  commits: number;
  head: Tree;
  base: Tree;
  mergedAt: string;
}

/** What a forge would say at the end; `candidate` is undefined where the branch has no such action. */
export function asForge(
  events: Event[],
  { needed, days }: Circumstances,
): { blob: string; candidate: Candidate | undefined; policy: Policy; now: string } {
  const levels = new Map<string, string>(Object.entries(startingLevels));
  const line: { tree: Tree; by: Request | 'direct' | 'others' }[] = [
    { tree: { action: null, formula: 0, tier: 'medium' }, by: 'direct' },
  ];
  const tip = (): Tree => line.at(-1)?.tree ?? { action: null, formula: 0, tier: 'medium' };
  const requests: Request[] = [];
  let reviewId = 0;
  const pushed = (request: Request, head: Tree): void => {
    request.commits += 1;
    request.head = head;
    request.facts.headSha = `c${requests.indexOf(request)}-${request.commits}`;
    for (const older of request.facts.reviews) older.stale = true;
  };
  const open = (): void => {
    const facts = pull({ number: requests.length + 1, merged: false, reviews: [] });
    const request = { facts, commits: -1, head: tip(), base: tip(), mergedAt: '' };
    requests.push(request);
    pushed(request, { ...tip(), action: 0 });
  };
  const commit = (tree: Tree, by: Request | 'direct' | 'others'): void => {
    line.push({ tree, by });
  };
  open();
  events.forEach((item, order) => {
    const now = requests.at(-1);
    if (now === undefined) return;
    const { facts } = now;
    if (item.do === 'rights') levels.set(item.who, item.level);
    else if (item.do === 'edit') commit({ ...tip(), action: item.bytes }, 'direct');
    else if (item.do === 'remove') commit({ ...tip(), action: null }, 'direct');
    else if (item.do === 'turn')
      commit(line[Math.max(0, line.length - 1 - item.back)]?.tree ?? tip(), 'others');
    else if (item.do === 'formula') commit({ ...tip(), formula: item.version }, 'direct');
    else if (item.do === 'policy') commit({ ...tip(), tier: item.tier }, 'direct');
    else if (item.do === 'reopen') {
      if (facts.merged) open();
    } else if (facts.merged) return;
    else if (item.do === 'push') pushed(now, { ...now.head, action: item.bytes });
    else if (item.do === 'retarget') facts.retargetedAt = timeOf(order);
    else if (item.do === 'update' || item.do === 'merge') {
      // As git merges: what both sides changed differently is a conflict, and nothing happens.
      const theirs = tip().action;
      if (theirs !== now.base.action && now.head.action !== now.base.action && theirs !== now.head.action)
        return;
      const merged = { ...tip(), action: now.head.action === now.base.action ? theirs : now.head.action };
      if (item.do === 'update') {
        pushed(now, merged);
        now.base = tip();
      } else {
        facts.merged = true;
        now.mergedAt = timeOf(order);
        commit(merged, now);
      }
    } else if (item.do === 'dismiss') {
      const found = facts.reviews[item.nth];
      if (found !== undefined) found.dismissed = true;
    } else if (item.do === 'review' && item.who !== 'asker') {
      const nth = Math.max(0, now.commits - item.of);
      const level = levels.get(item.who);
      reviewId += 1;
      if (item.verdict !== 'COMMENT')
        for (const older of facts.reviews)
          if (older.user?.login === item.who && older.state !== 'COMMENT') {
            older.official = false;
            older.dismissed = true;
          }
      facts.reviews.push(
        review(item.who, {
          id: reviewId,
          state: item.verdict,
          commit: `c${requests.length - 1}-${nth}`,
          submittedAt: timeOf(order),
          stale: nth !== now.commits,
          official: item.verdict !== 'COMMENT' && (level === 'write' || level === 'admin'),
        }),
      );
    }
  });
  const at = (...wanted: string[]): string[] =>
    people.filter((who) => wanted.includes(levels.get(who) ?? 'none'));
  const { action, formula, tier } = tip();
  const newest = line.findLastIndex(({ tree }, index) => tree.action !== line[index - 1]?.tree.action);
  const by = line[newest]?.by ?? 'direct';
  const blobOf = (tree: Tree): string | null => (tree.action === null ? null : `b${tree.action}`);
  const common = { commit: 'merge', mergedBy: 1, changes: [], kind: 'pull' as const };
  const brought: Brought =
    by === 'direct'
      ? { kind: 'direct', commit: 'edit', at: timeOf(newest) }
      : by === 'others'
        ? {
            ...common,
            mergedAt: timeOf(0),
            policyThen: policyFor(tier, needed),
            pull: pull({ number: 99, headBlob: `b${action}`, formulaBlob: `f${formula}`, reviews: [] }),
          }
        : {
            ...common,
            mergedAt: by.mergedAt,
            policyThen: policyFor(by.head.tier, needed),
            pull: { ...by.facts, headBlob: blobOf(by.head), formulaBlob: `f${by.head.formula}` },
          };
  return {
    blob: `b${action}`,
    policy: policyFor(tier, needed),
    now: new Date(began + events.length * 60_000 + days * 86_400_000).toISOString(),
    candidate:
      action === null
        ? undefined
        : candidate({
            formula: known({ blob: `f${formula}` }),
            brought,
            rights: rights({ writers: at('write', 'admin'), admins: at('admin') }),
          }),
  };
}

/**
 * Whether the bytes on the branch are bytes that enough people approved who may now, with the formula that is there now, and
 * were there ever since; by remembering, not by fields.
 */
export function oracle(events: Event[], { needed, days }: Circumstances): boolean {
  interface Word {
    who: string;
    yes: boolean;
    comment: boolean;
    /** Which push it was of. */
    of: number;
    could: boolean;
    gone: boolean;
    /** Said of what the pull request asked for then, which was another branch's. */
    void: boolean;
  }
  interface Asked {
    bytes: number;
    pushes: number;
    /** What it was made from. */
    from: { bytes: number | null };
    formula: number;
    isHigh: boolean;
    merged: boolean;
    words: Word[];
  }
  const level: Record<string, string> = { ...startingLevels };
  let main: { bytes: number | null; formula: number; isHigh: boolean } = {
    bytes: null,
    formula: 0,
    isHigh: false,
  };
  const before = [main];
  /** What put the bytes of now there: a request, or something that nobody approves. */
  let source: Asked | undefined;
  const ask = (): Asked => ({
    bytes: 0,
    pushes: 1,
    from: { bytes: main.bytes },
    formula: main.formula,
    isHigh: main.isHigh,
    merged: false,
    words: [],
  });
  let request = ask();
  function becomes(next: typeof main, by: Asked | undefined): void {
    if (next.bytes !== main.bytes) source = by;
    main = next;
    before.push(next);
  }
  for (const item of events) {
    const isOpen = !request.merged;
    const isMineAlone = main.bytes === request.from.bytes;
    const isSame = main.bytes === request.bytes;
    const isUntouched = request.bytes === request.from.bytes;
    switch (item.do) {
      case 'rights':
        level[item.who] = item.level;
        break;
      case 'edit':
        becomes({ ...main, bytes: item.bytes }, undefined);
        break;
      case 'remove':
        becomes({ ...main, bytes: null }, undefined);
        break;
      case 'turn':
        becomes(before[Math.max(0, before.length - 1 - item.back)] ?? main, undefined);
        break;
      case 'formula':
        becomes({ ...main, formula: item.version }, undefined);
        break;
      case 'policy':
        becomes({ ...main, isHigh: item.tier === 'high' }, undefined);
        break;
      case 'reopen':
        if (!isOpen) request = ask();
        break;
      case 'push':
        if (!isOpen) break;
        request.bytes = item.bytes;
        request.pushes += 1;
        break;
      case 'retarget':
        if (isOpen) for (const word of request.words) word.void = true;
        break;
      case 'update':
        if (!isOpen || !(isMineAlone || isSame || isUntouched)) break;
        if (isUntouched && main.bytes !== null) request.bytes = main.bytes;
        request.from.bytes = main.bytes;
        request.formula = main.formula;
        request.isHigh = main.isHigh;
        request.pushes += 1;
        break;
      case 'merge':
        if (!isOpen || !(isMineAlone || isSame || isUntouched)) break;
        request.merged = true;
        becomes(isUntouched ? { ...main } : { ...main, bytes: request.bytes }, request);
        break;
      case 'dismiss': {
        const word = isOpen ? request.words[item.nth] : undefined;
        if (word !== undefined) word.gone = true;
        break;
      }
      case 'review':
        if (!isOpen || item.who === 'asker') break;
        request.words.push({
          who: item.who,
          yes: item.verdict === 'APPROVED',
          comment: item.verdict === 'COMMENT',
          of: Math.max(1, request.pushes - item.of),
          could: level[item.who] === 'write' || level[item.who] === 'admin',
          gone: false,
          void: false,
        });
    }
  }
  if (main.bytes === null || source === undefined || days > 7) return false;
  const asked = source;
  if (asked.formula !== main.formula || asked.bytes !== main.bytes) return false;
  const needsAdmin = asked.isHigh || main.isHigh;
  const able = (who: string): boolean =>
    who !== 'asker' && who !== 'robot' && (level[who] === 'admin' || (level[who] === 'write' && !needsAdmin));
  const last = people.flatMap((who) =>
    asked.words.filter((word) => word.who === who && !word.comment).slice(-1),
  );
  const noes = last.filter((word) => !word.yes && !word.gone && able(word.who));
  const yeses = last.filter(
    (word) =>
      word.yes && !word.gone && !word.void && word.could && word.of === asked.pushes && able(word.who),
  );
  return noes.length === 0 && yeses.length >= needed;
}
