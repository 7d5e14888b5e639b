import { actionTypes } from '../../core/escalation/payload.ts';
import { count, flowSettings, matching, oneOf, repository, text } from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  repository: repository({
    description: 'Where the issue or pull request is, as owner/name.',
    required: true,
  }),
  issue: count({ description: 'Its number.', required: true }),
  type: oneOf(actionTypes, {
    description: 'What is proposed: issue-create, pr-create or ci-run.',
    required: true,
  }),
  payload: text({ description: 'What exactly, as JSON.', required: true }),
  id: matching(/^[\w.-]{1,60}$/, 'up to 60 letters, digits, dots, hyphens and underscores', {
    description:
      'Names the proposal, such as the number of a pipeline: with one id it is proposed once. Without it the payload does.',
  }),
};
