import { factoryRoles } from '../../cli/factory/posts.ts';
import { usualCheckout } from '../../cli/factory/settings.ts';
import type { InitSettings } from '../../cli/init/state.ts';
import { wantedOf } from '../../cli/init/wanted.ts';

// The files of the example of an ops repo that `init` would make: they are made here by the same functions, so that the example is what a
// factory is today. What people write stands beside them, by hand. Pure.

export const exampleFolder = 'docs/examples/ops-repo';

/** What people wrote: `init` leaves what is there, and makes none of it. */
export const byHand = [
  'README.md',
  'RESOURCES.md',
  'portfolio.md',
  'prerequisites.md',
  'agents/builder.md',
  'agents/builder.toml',
  'escalation/policy.toml',
  'knowledge/search.md',
  'sprints/search.md',
  'vault/actions/backup-before-search.toml',
  'vault/pending/search-host.md',
];

const given: InitSettings = {
  'forge-url': 'https://forge.example',
  'forge-ca': undefined,
  'forge-token': '',
  'dry-run': true,
  'result-file': undefined,
  'log-level': 'info',
  deadline: 0,
  'ops-repo': 'owner/ops',
  'project-repo': 'owner/project',
  ci: 'forgejo',
  roles: [...factoryRoles],
  accounts: [],
  'forgecrew-repo': undefined,
  'checkout-action': usualCheckout,
  'forgecrew-folder': '/opt/forgecrew',
  'woodpecker-url': undefined,
  'woodpecker-token': undefined,
  people: ['ada', 'bob'],
  solo: false,
  example: false,
};

/** Every file of the example that is made. */
export function exampleOpsRepo(): { file: string; text: string }[] {
  const side = {
    name: given['ops-repo'],
    owner: 'organisation' as const,
    owners: [],
    // As every example has it: which commit it is, `init` knows.
    release: '<commit>',
    found: undefined,
    main: undefined,
    paths: byHand,
    pipelines: [],
    bots: undefined,
    labels: [],
    sharedLabels: [],
    issues: [],
    proposing: undefined,
  };
  return wantedOf(given, side, true).map(({ path, content }) => ({
    file: `${exampleFolder}/${path}`,
    text: content,
  }));
}
