import { UserError } from '../errors.ts';
import { type Isolation, isolations } from './cell/cell.ts';

/** What was tried on this machine, best first. */
export interface Tried {
  isolation: Isolation;
  works: boolean;
  why: string;
}

/** Why nothing on this machine isolates an agent well enough; undefined where something does. Pure. */
export function isolationTrouble(
  tried: readonly Tried[],
  { isolation: weakest, network }: { isolation: Isolation; network: string },
  allowsNone: boolean,
): string | undefined {
  const allowed = isolations.slice(0, isolations.indexOf(weakest) + 1);
  if (tried.some(({ isolation, works }) => works && isAllowed(isolation, allowed, network, allowsNone)))
    return undefined;
  const why = tried
    .filter(({ isolation }) => allowed.includes(isolation) && isolation !== 'none')
    .map(({ isolation, why: reason }) => `${isolation}: ${reason}`);
  return `no isolation that it allows works on this machine (at least ${weakest}, network ${network}). ${why.join(' ')}`.trim();
}

/** The best isolation that works here and is not weaker than the manifest's. Throws where there is none. */
export function isolationFor(
  { tried }: { tried: readonly Tried[] },
  run: { isolation: Isolation; network: string },
  allowsNone: boolean,
): Isolation {
  const trouble = isolationTrouble(tried, run, allowsNone);
  if (trouble !== undefined)
    throw new UserError(
      `The agent is not started: ${trouble}`,
      'Run the step as root for the isolation user, or install bubblewrap on a host where it works.',
    );
  const allowed = isolations.slice(0, isolations.indexOf(run.isolation) + 1);
  const [best] = tried.filter(
    ({ isolation, works }) => works && isAllowed(isolation, allowed, run.network, allowsNone),
  );
  if (best === undefined) throw new Error('an isolation that was there is gone');
  return best.isolation;
}

function isAllowed(
  isolation: Isolation,
  allowed: readonly Isolation[],
  network: string,
  allowsNone: boolean,
): boolean {
  if (!allowed.includes(isolation)) return false;
  if (network !== 'open' && isolation !== 'bwrap') return false;
  return isolation !== 'none' || allowsNone;
}
