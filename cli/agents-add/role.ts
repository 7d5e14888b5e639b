import { UserError } from '../../core/errors.ts';
import type { ReadContext, Role } from '../../core/role.ts';
import { clickLines, clicks } from '../init/clicks.ts';
import { changes } from '../init/plan.ts';
import { readFactory } from '../init/read.ts';
import { init } from '../init/role.ts';
import type { InitState } from '../init/state.ts';
import { plan } from './plan.ts';
import { asInit, faults, settings } from './settings.ts';
import { agentBranch, filesOf, keyOf } from './wanted.ts';

async function read(context: ReadContext<typeof settings, InitState>): Promise<InitState> {
  const { previous: _, settings: given, ...bare } = context;
  const state = await readFactory(
    { ...bare, settings: asInit(given) },
    {
      branch: agentBranch(given),
      wanted: (_given, side, isOps) => (isOps ? filesOf(given, side) : []),
    },
  );
  const missing = [state.ops, state.project].find(({ main }) => main === undefined);
  if (missing !== undefined)
    throw new UserError(
      `${missing.name} is not there, or has no commit yet.`,
      'forgecrew init makes a factory; an agent is added to one.',
    );
  return state;
}

/** The command `forgecrew agents add`: a role that a person runs in a terminal. */
export const agentsAdd: Role<typeof settings, InitState, (typeof changes)[number]> = {
  name: 'agents-add',
  summary: 'Declares one more agent, with its label and the account that it works as.',
  settings,
  faults,
  whenPaused: () => 'ignore',
  changes,
  needs: init.needs,
  read,
  rounds: 9,
  plan,
  byHand: (given, state) => clickLines(clicks(asInit(given), state, keyOf(given))),
};
