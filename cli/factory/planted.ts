import { refuseFor } from '../../core/plan.ts';
import type { Ground, Standing } from '../../core/propose.ts';

// A pull request is asked for under the name of an admin. Whoever may push could have made its branch before, with changes of their
// own in it, which would then be asked for under that name as well. Pure; read-planted.ts looks.

/** What of a proposal stands on the forge. */
export interface Proposing {
  ground: Ground;
  standing: Standing;
  /** Paths that its branch changes beside those that are asked for, before there is a pull request. */
  planted: string[];
}

const mostNamed = 5;

/** Why nothing is asked for from a branch that somebody else made. */
export function refusePlanted({ ground, standing, planted }: Proposing): ReturnType<typeof refuseFor>[] {
  if (planted.length === 0) return [];
  const named = [...planted.slice(0, mostNamed), ...(planted.length > mostNamed ? ['more'] : [])];
  return [
    refuseFor(
      `${ground.repository}: ${standing.branch}`,
      `this branch is there already and changes ${named.join(', ')}, which is not asked for here. Look who made it, delete it, and run this again`,
    ),
  ];
}
