import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectHost } from '../../../core/host/detect.ts';
import { seenHost } from '../../workflow-step.ts';

const woodpeckerFile = new URL(
  '../../../../shared/ci-recordings/woodpecker-plugin-env.json',
  import.meta.url,
);
const actionsFile = new URL('../../../../shared/ci-recordings/forgejo-actions-events.json', import.meta.url);

type Recorded = Record<string, { env: Record<string, string>; event?: unknown } | string>;

function recordings(file: URL): [string, { env: Record<string, string>; event?: unknown }][] {
  if (!existsSync(file)) return [];
  const recorded: Recorded = JSON.parse(readFileSync(file, 'utf8'));
  return Object.entries(recorded)
    .flatMap(([name, item]) => (typeof item === 'object' && 'env' in item ? [[name, item] as const] : []))
    .map(([name, item]) => [name, item]);
}

describe.skipIf(!existsSync(woodpeckerFile))('what Woodpecker hands to a plugin step', () => {
  it.each(recordings(woodpeckerFile))(
    'on %s names host, repository, branch and event',
    async (name, { env }) => {
      const host = await detectHost(env, [], '/', () => undefined);

      expect(host.name).toBe('woodpecker');
      expect(host.facts).toMatchObject({
        repository: 'root1/ops',
        defaultBranch: 'main',
        branch: 'main',
        forgeUrl: '<forge>',
        event: env.CI_PIPELINE_EVENT,
      });
      expect(host.facts.isPullRequest).toBe(name.startsWith('pull_request'));
      expect(host.facts.commit).toMatch(/^[0-9a-f]{40}$/);
      expect(
        host.givenSettings().every((setting) => ['forge-token', 'project-repo', 'mode'].includes(setting)),
      ).toBe(true);
    },
  );
});

describe.skipIf(!existsSync(actionsFile))('what a Forgejo runner hands to a step', () => {
  it.each(recordings(actionsFile))('on %s names host, repository and event', async (name, { env, event }) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-test-'));
    const file = path.join(folder, 'event.json');
    writeFileSync(file, JSON.stringify(event));

    const { host } = await seenHost({
      ...env,
      GITHUB_EVENT_PATH: file,
      // The recordings have a word in place of the address.
      GITHUB_SERVER_URL: 'https://forge.test',
      GITHUB_API_URL: 'https://forge.test/api/v1',
    });

    expect(host.name).toBe('forgejo-actions');
    expect(host.facts).toMatchObject({
      repository: 'owner/ops',
      event: env.GITHUB_EVENT_NAME,
      commit: env.GITHUB_SHA,
      runUrl: `https://forge.test/owner/ops/actions/runs/${env.GITHUB_RUN_NUMBER}`,
    });
    expect(host.facts.branch).toBe(env.GITHUB_REF_TYPE === 'branch' ? env.GITHUB_REF_NAME : undefined);
    expect(host.facts.run?.id).toBe(Number(env.GITHUB_RUN_ID));
    expect(host.facts.isPullRequest).toBe(/^pull_request(?!_target)/.test(name));
    rmSync(folder, { recursive: true });
  });
});
