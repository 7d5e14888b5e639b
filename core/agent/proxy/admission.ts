/** What became of a request's wish to go: `reached` where the money does not suffice, `full` where too many wait already. */
export type Entry = 'in' | 'reached' | 'full' | 'gone';

export interface Admission {
  /** Waits until there is room for a request that costs so much at most. Who is let in has to leave. */
  enter(most: number, gone: AbortSignal): Promise<Entry>;
  /** What was reserved is given back, and what it cost is taken. */
  leave(most: number, cost: number): void;
  /** Whether the money would be gone if a request that is in had cost so much. */
  isBeyond(cost: number): boolean;
  /** Without what earlier rounds cost. */
  cost(): number;
}

interface Waiting {
  most: number;
  settle(entry: Entry): void;
}

/**
 * Lets requests go, so many at once, and never so many that they could cost more together than there is. Who only has to wait
 * for others to leave waits: what they reserved is far more than what they will have cost.
 */
export function createAdmission({
  maxCost,
  spent,
  atOnce,
  mostWaiting,
}: {
  maxCost: number | null;
  spent: number;
  atOnce: number;
  mostWaiting: number;
}): Admission {
  const waiting: Waiting[] = [];
  let inside = 0;
  let reserved = 0;
  let cost = 0;
  const fits = (amount: number): boolean => maxCost === null || spent + cost + amount <= maxCost;

  function next(): void {
    for (;;) {
      const [first] = waiting;
      if (first === undefined) return;
      if (!fits(first.most)) first.settle('reached');
      else if (inside < atOnce && fits(reserved + first.most)) {
        inside += 1;
        reserved += first.most;
        first.settle('in');
      } else return;
    }
  }

  return {
    enter(most, gone) {
      if (gone.aborted) return Promise.resolve('gone');
      if (!fits(most)) return Promise.resolve('reached');
      if (waiting.length >= mostWaiting) return Promise.resolve('full');
      return new Promise((resolve) => {
        const leave = (): void => {
          one.settle('gone');
          next();
        };
        const one: Waiting = {
          most,
          settle(entry) {
            waiting.splice(waiting.indexOf(one), 1);
            gone.removeEventListener('abort', leave);
            resolve(entry);
          },
        };
        waiting.push(one);
        gone.addEventListener('abort', leave);
        next();
      });
    },
    leave(most, amount) {
      inside -= 1;
      // Sums of fractions leave dust, which would keep out a request that just fits.
      reserved = inside === 0 ? 0 : reserved - most;
      cost += amount;
      next();
    },
    isBeyond: (amount) => !fits(amount),
    cost: () => cost,
  };
}
