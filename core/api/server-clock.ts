import type { ApiResponse } from './send.ts';

/** Clocks that are nearer than this are taken for the same: a header has whole seconds, and an answer takes its time. */
const sameMs = 120_000;

/** The one form in which servers may write a date (RFC 9110, 5.6.7): of others the parser makes a year, or a time of our own zone. */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The clock of a server, as its answers tell it. */
export interface ServerClock {
  /** Every answer goes by here. */
  see(response: ApiResponse): void;
  /** Now, in ISO 8601, by the server's clock where that is another than ours. */
  now(): string;
}

/**
 * Follows a server's clock by the header `Date` (RFC 9110, 6.6.1). What is held against times that the server wrote has to go by
 * the same clock: with one that is hours ahead, a delay would be over before it began, and a question too old before it was read.
 * A reverse proxy may write the header itself, and then it is that one's clock.
 * `say` is told once, when the time of another clock is used; a server that tells no time has ours.
 */
export function createServerClock(clock: () => number, say: (line: string) => void): ServerClock {
  let aheadMs = 0;
  let isSaid = false;
  return {
    see({ headers }) {
      const { date = '', age } = headers;
      // What a cache in between gives out again has the time of when it took it.
      if (age !== undefined || !httpDate.test(date)) return;
      const there = Date.parse(date);
      if (Number.isNaN(there)) return;
      const difference = there - clock();
      aheadMs = Math.abs(difference) < sameMs ? 0 : difference;
    },
    now() {
      if (aheadMs !== 0 && !isSaid)
        say(
          `The clock of this machine is ${spanOf(Math.abs(aheadMs))} ${aheadMs < 0 ? 'ahead of' : 'behind'} the forge's. Whatever depends on times of the forge goes by the forge's clock; set the one that is wrong.`,
        );
      isSaid ||= aheadMs !== 0;
      return new Date(clock() + aheadMs).toISOString();
    },
  };
}

function spanOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
