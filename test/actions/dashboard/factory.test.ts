import { tmpdir } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { dashboard } from '../../../actions/dashboard/role.ts';
import { execute } from '../../../core/run.ts';
import { type Factory, moreRoles, startFactory } from '../../factory.ts';
import { actionText } from '../../vault.ts';

let factory: Factory;
afterEach(() => factory.close());

it('in a factory that init made, only people are shown as those who may act', async () => {
  factory = await startFactory();
  const { seed, ada, ops, project } = factory;
  await factory.init({ roles: moreRoles });
  const tokens = await factory.tokens();
  await seed.putFile(ada, ops, 'notes.md', 'a', { from: 'main', name: 'notes' });
  await seed.openPull(ada, ops, { head: 'notes', base: 'main', title: 'Notes of ada' });
  await seed.putFile(ada, ops, 'vault/actions/a.toml', actionText(), { from: 'main', name: 'vault/a' });
  await seed.openPull(ada, ops, { head: 'vault/a', base: 'main', title: 'vault: a' });

  const { code } = await execute(dashboard, {
    environment: {
      CI: 'woodpecker',
      CI_FORGE_URL: factory.forge.url,
      CI_REPO: ops,
      CI_REPO_DEFAULT_BRANCH: 'main',
      CI_PIPELINE_EVENT: 'cron',
      CI_WORKSPACE: tmpdir(),
      PLUGIN_PROJECT_REPO: project,
      PLUGIN_FORGE_TOKEN: tokens['keeper-token'] ?? '',
    },
    args: [],
    workingDirectory: tmpdir(),
    print: () => undefined,
    now: () => new Date(),
  });

  const issues = await factory.ask<{ title: string; body: string }[]>(
    'GET',
    `/repos/${ops}/issues?created_by=keeper&type=issues`,
  );
  const body = issues.find(({ title }) => title === 'Dashboard')?.body ?? '';
  expect(code).toBe(0);
  for (const title of ['Notes of ada', 'vault: a'])
    expect(body.split('\n').find((text) => text.includes(`[${title}]`))).toMatch(/\(`ada`, `bob` may act\)$/);
});
