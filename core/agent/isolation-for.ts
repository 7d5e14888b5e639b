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
  run: Wanted,
  allowsNone: boolean,
): string | undefined {
  if (bestOf(tried, run, allowsNone) !== undefined) return undefined;
  const why = tried
    .filter(({ isolation }) => allowedBy(run).includes(isolation) && isolation !== 'none')
    // What keeps all of them from working is said once.
    .flatMap(({ isolation, why: reason }, at, all) =>
      all.every((other) => other.why === reason) ? (at === 0 ? [reason] : []) : [`${isolation}: ${reason}`],
    );
  return `no isolation that it allows works on this machine (at least ${run.isolation}, network ${run.network}). ${why.join(' ')}`.trim();
}

/** The best isolation that works here and is not weaker than the manifest's. Throws where there is none. */
export function isolationFor<I extends Isolation>(
  { tried }: { tried: readonly (Tried & { isolation: I })[] },
  run: Wanted,
  allowsNone: boolean,
): I {
  const best = bestOf(tried, run, allowsNone);
  if (best !== undefined) return best;
  throw new UserError(
    `The agent is not started: ${isolationTrouble(tried, run, allowsNone)}`,
    'Run the step as root for the isolation user, or install bubblewrap on a host where it works.',
  );
}

/** What a manifest asks for: the weakest isolation that is allowed, and the network. */
interface Wanted {
  isolation: Isolation;
  network: string;
}

function allowedBy({ isolation }: Wanted): readonly Isolation[] {
  return isolations.slice(0, isolations.indexOf(isolation) + 1);
}

function bestOf<I extends Isolation>(
  tried: readonly (Tried & { isolation: I })[],
  run: Wanted,
  allowsNone: boolean,
): I | undefined {
  return tried.find(
    ({ isolation, works }) =>
      works &&
      allowedBy(run).includes(isolation) &&
      // Only namespaces keep a program from the machine's network.
      (run.network === 'open' || isolation === 'bwrap') &&
      (isolation !== 'none' || allowsNone),
  )?.isolation;
}
