import type { EngagementEvidence } from './evidence.ts';
import { topOf } from './log/counts.ts';
import { dayOf } from './log/rules.ts';
import { longestBeacon } from './log/sources.ts';

/** What pages say about themselves, as untrusted as a user agent: anything but these is bad, and counts for nothing. */
const types = ['dwell', 'scroll', 'exit'] as const;

interface Beacon {
  t: number;
  type: (typeof types)[number];
  value: number;
  ref: string;
}

/** A day in seconds: no page was read for longer. */
const longestDwell = 86_400;
const hostName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i;

function parseBeacon(line: string): Beacon | undefined {
  if (line.length > longestBeacon) return undefined;
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  const own = (name: string): unknown => (Object.hasOwn(data, name) ? Reflect.get(data, name) : undefined);
  const [t, type, path, value, ref] = ['t', 'type', 'path', 'value', 'ref'].map(own);
  const known = types.find((item) => item === type);
  if (known === undefined || typeof t !== 'number' || typeof path !== 'string') return undefined;
  // What a type does not need may be absent, but not be something else.
  if (value !== undefined && (typeof value !== 'number' || !(value >= 0))) return undefined;
  if (ref !== undefined && (typeof ref !== 'string' || !(ref === '' || hostName.test(ref)))) return undefined;
  if (known === 'exit') return { t, type: known, value: 0, ref: (ref ?? '').toLowerCase() };
  if (value === undefined || value > (known === 'dwell' ? longestDwell : 100)) return undefined;
  return { t, type: known, value, ref: '' };
}

export interface BeaconTally {
  add(line: string): void;
  /** As the evidence says it, with the first `top` hosts that people left for. */
  totals(top: number): EngagementEvidence['client_side'];
  /** Lines of any day that were no beacon. */
  bad(): number;
}

/** Counts the beacons of one day. */
export function createBeaconTally(date: string): BeaconTally {
  const { from, to } = dayOf(date);
  const exits = new Map<string, number>();
  let events = 0;
  let dwells = 0;
  let dwellSeconds = 0;
  let scrolls = 0;
  let deepest = 0;
  let bad = 0;
  return {
    add(line) {
      if (/^[ \t\r]*$/.test(line)) return;
      const beacon = parseBeacon(line);
      if (beacon === undefined) {
        bad += 1;
        return;
      }
      if (beacon.t < from || beacon.t >= to) return;
      events += 1;
      if (beacon.type === 'dwell') {
        dwells += 1;
        dwellSeconds += beacon.value;
      } else if (beacon.type === 'scroll') {
        scrolls += 1;
        deepest = Math.max(deepest, beacon.value);
      } else if (beacon.ref !== '') exits.set(beacon.ref, (exits.get(beacon.ref) ?? 0) + 1);
    },
    totals: (top) => ({
      total_events: events,
      dwell: {
        avg_seconds: dwells === 0 ? 0 : thousandths(dwellSeconds / dwells),
        total_seconds: thousandths(dwellSeconds),
        count: dwells,
      },
      max_scroll_pct: deepest,
      scroll_events: scrolls,
      exit_referrers: topOf(exits, top).map(([source, visits]) => ({ source, visits })),
    }),
    bad: () => bad,
  };
}

/** Sums of decimals end in noise that differs with their order; a beacon is not that exact. */
function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
