import { askingTrouble } from '../../core/agent/asking.ts';
import { type Entry, entryPath, entryText, nameOf } from '../../core/agent/entry.ts';
import { agentOf } from '../../core/agent/manifest.ts';
import type { Change } from '../../core/change.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { quoted } from '../../core/text/log-line.ts';
import type { WakeSettings, WakeState } from './state.ts';

/** The kinds of change this command may plan. */
export const changes = ['keep', 'refuse', 'write-files'] as const;
type WakeChange = Change<(typeof changes)[number]>;

/** Asks a frozen agent for another round: the next run of the role wakes it. */
export function plan(settings: WakeSettings, state: WakeState): WakeChange[] {
  const { account, now, stateRepo, found, closedPull, hasAsked } = state;
  if (hasAsked) return [keep(`the agent of ${settings.issue} is asked`)];
  if (stateRepo === null)
    return [
      refuseFor(
        'state-repo',
        'it is not there, or this token may not see it: name where forge-agent keeps its state with --state-repo',
      ),
    ];
  const trouble = askingTrouble(found, closedPull);
  if (trouble !== undefined || found === null || 'fault' in found)
    return [refuseFor(settings.issue, `its agent is not asked: ${trouble}`)];
  const { entry, sha } = found;
  return [
    {
      kind: 'write-files',
      ...stateRepo,
      files: [
        {
          path: entryPath(nameOf(entry)),
          content: entryText({
            ...entry,
            asked: { by: account.login.slice(0, 200), at: now, prompt: settings.prompt },
          }),
          expects: sha,
        },
      ],
      message: `${settings.issue}: ${account.login} asks for another round`,
      why: `${entry.agent_name} is woken by the next run of forge-agent, and told ${quoted(settings.prompt, 200)}`,
    },
    ...hurdles(state, entry).map((hurdle) => notice(hurdle)),
    ...starting(settings, entry),
  ];
}

/** What keeps the next run from waking it though it is asked. */
function hurdles({ issue, declared }: WakeState, entry: Entry): string[] {
  const { agent_name: name, profile } = entry;
  const found = declared.find((item) => item.kind === 'agent' && item.manifest.name === name);
  const agent = found?.kind === 'agent' ? agentOf(found.manifest, profile) : undefined;
  return [
    ...(found?.kind === 'agent' && found.manifest.enabled
      ? []
      : [`${name} is not declared and enabled in the ops repo now: it is woken once it is`]),
    ...(issue?.isOpen === false ? ['the issue is closed: its agent is woken once it is open again'] : []),
    ...(issue !== null && !issue.labels.some((label) => label.endsWith(`:${name}`))
      ? [`the issue has no label for ${name} now: it is woken once that is set again`]
      : []),
    ...(agent != null && agent.maxCost !== null && (entry.cost ?? 0) >= agent.maxCost
      ? [
          `the issue has cost ${entry.cost}, and max_cost is ${agent.maxCost}: its agent is woken once its manifest allows more`,
        ]
      : []),
  ];
}

/** How a run is started at once, where the state says where its runs are. */
function starting({ 'forge-url': url }: WakeSettings, { lease: { run } }: Entry): WakeChange[] {
  return run?.backend === 'forgejo-workflow'
    ? [
        notice(
          `to wake it at once, run the workflow of forge-agent by hand: ${url}/${run.repository}/actions`,
          'that needs workflow_dispatch among the events of the workflow',
        ),
      ]
    : [];
}
