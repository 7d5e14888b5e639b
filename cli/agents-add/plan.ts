import type { Change } from '../../core/change.ts';
import { notice } from '../../core/plan.ts';
import { agentLabel } from '../factory/layout.ts';
import { staffOf } from '../factory/posts.ts';
import { loginsOf } from '../factory/settings.ts';
import {
  type changes,
  planAccounts,
  planFiles,
  planLabels,
  planRights,
  planSecrets,
  planSource,
  planStores,
  planWoodpecker,
} from '../init/plan.ts';
import type { InitState } from '../init/state.ts';
import { type AddSettings, asInit } from './settings.ts';
import { apiOf, filesOf, manifestFile, nameOf, pipelineElsewhere } from './wanted.ts';

/** Everything that one more agent needs: its account and its label before what declares it. Nothing that is there is changed. */
export function plan(given: AddSettings, state: InitState): Change<(typeof changes)[number]>[] {
  const settings = asInit(given);
  const staff = staffOf(settings.roles, loginsOf(settings));
  const name = nameOf(given);
  const files = filesOf(given, state.ops);
  const elsewhere = pipelineElsewhere(given, state.ops);
  return [
    ...planSource(settings, state),
    ...planAccounts(settings, state, staff),
    ...planRights(settings, state, staff),
    ...planStores(state),
    ...planLabels(state.project, [agentLabel(name)]),
    ...(settings.ci === 'forgejo' ? planSecrets(settings, state) : []),
    ...(files.some(({ path }) => path === manifestFile(given))
      ? []
      : [notice(`${manifestFile(given)} is there already`, 'what it says is changed there')]),
    ...planFiles(settings, state.ops, {
      files,
      message: `The agent ${name}`,
      title: `Declare the agent ${name}`,
      body: [
        `After the merge whoever may write to ${given['project-repo']} gives the agent an issue with the label \`${agentLabel(name)}\`.`,
        '',
        ...files.map(({ path, does }) => `- \`${path}\`: ${does}`),
        '',
        'Change this branch as you like: what you commit to it stays. If you close this without a merge, that is an answer, and it is not asked again.',
      ].join('\n'),
    }),
    ...(settings.ci === 'woodpecker' ? planWoodpecker(settings, state) : []),
    ...(elsewhere === undefined
      ? []
      : [
          notice(
            `${elsewhere} does not ask the model at ${given.url}: set engine-url to it, and engine-api to ${apiOf(given)}`,
            'all agents of one pipeline ask in one place, so it is not changed here',
          ),
        ]),
  ];
}
