import { pipelinesOf } from '../../cli/factory/pipelines.ts';
import { factoryRoles, posts, type Staff } from '../../cli/factory/posts.ts';
import type { InitSettings } from '../../cli/init/state.ts';
import { namesOf, wantedOf } from '../../cli/init/wanted.ts';
import { usualLogins } from './loop-picture.ts';

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
  'forgecrew-folder': '/opt/forgecrew',
  'woodpecker-url': undefined,
  'woodpecker-token': undefined,
  people: ['ada', 'bob'],
  solo: false,
  example: false,
};

/** Roles that `init` does not know yet, as their examples have them. vault-request is a step in pipelines of others. */
const others: Staff[] = Object.entries(usualLogins)
  .filter(([role]) => role !== 'vault-request' && !posts.some((post) => post.role === role))
  .map(([role, login]) => ({
    name: login,
    login,
    role,
    does: '',
    ops: 'none',
    project: 'none',
    projectOfPerson: 'none',
    scopes: [],
    secret: '',
  }));

/** Every file of the example that is made. */
export function exampleOpsRepo(): { file: string; text: string }[] {
  const side = {
    name: given['ops-repo'],
    owner: 'organisation' as const,
    found: undefined,
    main: undefined,
    paths: byHand,
    pipelines: [],
    labels: [],
    issues: [],
    proposing: undefined,
  };
  const more = pipelinesOf({ ...namesOf(given, side), staff: others }, undefined);
  return [...wantedOf(given, side, true), ...more].map(({ path, content }) => ({
    file: `${exampleFolder}/${path}`,
    text: content,
  }));
}
