import { mostOfPrompt } from '../../core/agent/entry.ts';
import { flowSettings, matching, repository, words } from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'ops-repo': repository({ description: 'Where the agents are declared, as owner/name.', required: true }),
  'state-repo': repository({
    description:
      "Where forge-agent keeps its state, as owner/name. Default: `forgecrew-state` of the token's account.",
  }),
  issue: matching(/^[^/\s#]+\/[^/\s#]+#[1-9]\d{0,8}$/, 'owner/name#12', {
    description: 'The issue, as owner/name#12.',
    required: true,
  }),
  prompt: words({ description: 'What the agent is told.', required: true }, mostOfPrompt),
};
