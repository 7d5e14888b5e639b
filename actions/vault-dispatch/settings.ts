import { policySources } from '../../core/ops/policy.ts';
import { count, flag, login, oneOf, repository, sharedSettings } from '../../core/settings.ts';

export const settings = {
  ...sharedSettings,
  'forge-login': login({
    description:
      'The account the token belongs to. Records count only when this account wrote them, so a token of anybody else is refused.',
    required: true,
  }),
  'ops-repo': repository({
    description: 'The repository with actions, formulas, policy and records, as owner/name.',
    required: true,
    fallback: { fact: 'repository', said: 'the repository CI runs for' },
  }),
  mode: oneOf(['dispatch', 'review'], {
    description:
      '`dispatch` starts what was approved and merged; `review` says on open pull requests what would run, and what is missing.',
    default: 'dispatch',
  }),
  'policy-source': oneOf(policySources, {
    description:
      "Where a formula's tier stands: `ops` in vault/policy.toml, `formula` in the formula, `formula+ops` in the formula unless the policy says otherwise. Nothing said is high.",
    default: 'ops',
  }),
  'accept-exposed-secrets': flag({
    description:
      'Run high-tier actions even though somebody who may not approve them can push to the repository whose CI holds the secrets.',
    default: 'false',
  }),
  'max-dispatches': count({
    description: 'More actions than this that are ready in one run: none is started.',
    default: '10',
  }),
};
