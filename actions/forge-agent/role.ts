import { localIsolations } from '../../core/agent/cell/cell.ts';
import type { Tried } from '../../core/agent/isolation-for.ts';
import { localSite } from '../../core/agent/local-site.ts';
import { runAgentRound } from '../../core/agent/round.ts';
import { prepareAgent } from '../../core/agent/steps/prepare.ts';
import { remoteSite } from '../../core/agent/steps/remote-site.ts';
import { UserError } from '../../core/errors.ts';
import type { Role } from '../../core/role.ts';
import { openWorks } from '../../core/works.ts';
import { changes, plan } from './plan.ts';
import { read, readLooking } from './read.ts';
import { faults, isInSteps, settings, uidsOf } from './settings.ts';
import type { AgentState, LookingState } from './state.ts';
import { headline } from './text.ts';

/** How long the step of an agent is waited for: its image may have to be fetched first. */
const stepPatienceMs = 15 * 60_000;

/** The role's look at what there is to do, for a command that only shows it: what isolates an agent there is not asked here. */
export function lookForWork(...[context, given]: Parameters<typeof readLooking>): Promise<LookingState> {
  const tried: Tried[] = localIsolations.map((isolation) => ({ isolation, works: true, why: '' }));
  return readLooking(
    { ...context, kept: new Map([...context.kept, ['isolation', Promise.resolve(tried)]]) },
    given,
  );
}

export const forgeAgent: Role<typeof settings, AgentState, (typeof changes)[number]> = {
  name: 'forge-agent',
  summary:
    'Lets a coding agent work on a labelled issue, isolated and without a token, and proposes what it made as a pull request.',
  settings,
  faults,
  changes,
  needs: [
    {
      where: 'project-repo',
      access: 'read; issues-only write where labels are wanted',
      scopes: ['write:repository', 'write:issue', 'read:user'],
      why: 'write:repository makes the fork, its branch, the pull request and the state; write:issue labels and comments; read:user tells whose token it is.',
    },
    {
      where: 'ops-repo',
      access: 'read',
      scopes: ['read:repository'],
      why: 'the manifests of the agents stand there.',
    },
  ],
  // Claimed and run, finished in two or three looks, closed.
  rounds: 8,
  read,
  headline,
  works: openWorks,
  runAgent: (run, context) =>
    runAgentRound(run, {
      ...context,
      site:
        context.settings.mode === 'serve'
          ? remoteSite({
              workspace: context.facts.workspace,
              folder: context.settings['shared-folder'],
              allowsNone: context.settings['allow-unisolated'],
              patienceMs: stepPatienceMs,
            })
          : localSite({
              base: context.settings['agent-folder'],
              uids: uidsOf(context.settings),
              allowsNone: context.settings['allow-unisolated'],
              places: [context.facts.workspace, ...(context.facts.runnerFolders ?? [])].filter(
                (place) => place !== '',
              ),
            }),
      handsOver: context.settings.mode === 'serve',
      model:
        context.settings['engine-key'] === undefined
          ? undefined
          : {
              url: context.settings['engine-url'],
              key: context.settings['engine-key'],
              api: context.settings['engine-api'],
              maxOutputTokens: context.settings['max-output-tokens'],
            },
      bots: context.settings.bots,
      secrets: [
        ...context.automaticTokens,
        context.settings['forge-token'],
        context.settings['engine-key'],
        context.settings['woodpecker-token'],
        context.settings['label-token'],
        context.settings['provenance-key'],
      ].filter((secret) => secret !== undefined),
    }),
  async prepareAgent(run, { settings, facts, works, say }) {
    await prepareAgent(run, { works, workspace: facts.workspace, folder: settings['shared-folder'], say });
  },
  refuseToAsk(settings, facts) {
    if (!isInSteps(settings)) return;
    if (facts.run?.backend !== 'woodpecker-pipeline')
      throw new UserError(
        `The mode ${settings.mode} is for the steps of a Woodpecker pipeline.`,
        'On Forgejo Actions every step has the token of its job, the step of an agent too: use the mode work there.',
      );
  },
  plan,
};
