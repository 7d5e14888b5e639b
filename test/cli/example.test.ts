import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { architectPitch } from '../../actions/architect-pitch/role.ts';
import { forgeAgent } from '../../actions/forge-agent/role.ts';
import { opsFiler } from '../../actions/ops-filer/role.ts';
import { possibleIsolation } from '../../core/agent/cell/possible-isolation.ts';
import type { ChangeName } from '../../core/change.ts';
import type { Role, State } from '../../core/role.ts';
import { execute, type FlowSettings } from '../../core/run.ts';
import { type Factory, startFactory } from '../factory.ts';

let factory: Factory;
const folders: string[] = [];
afterEach(async () => {
  await factory.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const roles = 'ops-filer,architect-pitch,vault-dispatch,forge-agent';
const vision = 'People are greeted in their language, and sent off as well';
const { best } = await possibleIsolation({ first: 70_000, count: 256 });

interface Issue {
  number: number;
  title: string;
  body: string;
  state: string;
  labels: { name: string; id: number }[];
}
interface Pull {
  number: number;
  title: string;
  body: string;
  head: { sha: string };
  user: { login: string };
}
const issues = async (): Promise<Issue[]> =>
  (await factory.ask<Issue[]>('GET', `/repos/${factory.project}/issues?state=all&type=issues&limit=50`)).sort(
    (one, other) => one.number - other.number,
  );
const pulls = (repository: string): Promise<Pull[]> =>
  factory.ask('GET', `/repos/${repository}/pulls?state=open`);

/** A role as its pipeline starts it from cron, with the token that is in the secret. */
async function runRole<S extends FlowSettings, T extends State, K extends ChangeName>(
  role: Role<S, T, K>,
  login: string,
  token: string,
  more: Record<string, string> = {},
): Promise<string> {
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-example-'));
  folders.push(workspace);
  const lines: string[] = [];
  const { code } = await execute(role, {
    environment: {
      PATH: process.env.PATH ?? '',
      CI: 'woodpecker',
      CI_FORGE_URL: factory.forge.url,
      CI_WORKSPACE: workspace,
      CI_REPO: factory.ops,
      CI_REPO_DEFAULT_BRANCH: 'main',
      CI_COMMIT_BRANCH: 'main',
      CI_PIPELINE_EVENT: 'cron',
      CI_PIPELINE_NUMBER: '7',
      PLUGIN_FORGE_TOKEN: token,
      PLUGIN_FORGE_LOGIN: login,
      ...more,
    },
    args: [],
    workingDirectory: workspace,
    print: (line) => lines.push(line),
    now: () => new Date(),
  });
  const text = lines.join('\n');
  expect([text, code]).toEqual([text, 0]);
  return text;
}

async function approveAndMerge(repository: string, { number, head }: Pull): Promise<void> {
  const { status } = await factory.seed.api(
    'POST',
    `/repos/${repository}/pulls/${number}/reviews`,
    { event: 'APPROVED', body: '', commit_id: head.sha },
    factory.bob.token,
  );
  expect(status).toBeLessThan(300);
  await factory.seed.mergePull(factory.ada, repository, number);
}

/** What it does for which issue is written down; no model is asked. */
const scriptedAgent = `
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { title } = JSON.parse(execFileSync('forge', ['read-issue'], { encoding: 'utf8' }));
if (title.includes('goodbye')) {
  fs.writeFileSync('goodbye.sh', 'set -eu\\necho "Goodbye, $1!"\\n');
  fs.writeFileSync('tests/goodbye.sh', "set -eu\\n[ \\"$(sh goodbye.sh Ada)\\" = 'Goodbye, Ada!' ]\\n");
} else {
  fs.writeFileSync('greet.sh', [
    'set -eu',
    'name=world',
    'if [ "$#" -gt 0 ]; then name=$1; fi',
    'language=en',
    'if [ "$#" -gt 1 ]; then language=$2; fi',
    'case "$language" in',
    '  en) echo "Hello, $name!" ;;',
    '  fr) echo "Bonjour, $name!" ;;',
    '  *) echo "known are en and fr" >&2; exit 2 ;;',
    'esac',
    '',
  ].join('\\n'));
  fs.writeFileSync('tests/languages.sh', "set -eu\\n[ \\"$(sh greet.sh Ada fr)\\" = 'Bonjour, Ada!' ]\\nif sh greet.sh Ada xx 2>/dev/null; then exit 1; fi\\n");
}
execFileSync('sh', ['test.sh'], { stdio: 'inherit' });
execFileSync('forge', ['signal-done', 'success', '--summary', 'The tests pass: ' + title]);
`;

describe('forgecrew init --example', () => {
  it('makes a small project with tests that pass and one vision, once', async () => {
    factory = await startFactory();

    const shown = await factory.init({ roles, example: 'true', 'dry-run': 'true' });
    const made = await factory.init({ roles, example: 'true' });
    const again = await factory.init({ roles, example: 'true' });
    const without = await factory.init({ roles });

    expect([shown.code, shown.writes]).toEqual([0, []]);
    expect(shown.text).toContain(`+ issue "${vision}" [vision]`);
    expect(made.text).not.toMatch(/failed:|unknown:|not-done:/);
    expect([made.code, again.code, again.writes, without.writes]).toEqual([0, 0, [], []]);
    expect(await factory.files(factory.project)).toEqual(
      expect.arrayContaining(['greet.sh', 'test.sh', 'tests/greet.sh', 'VISION.md', 'AGENTS.md']),
    );
    expect(await factory.text(factory.project, 'AGENTS.md')).toContain('sh test.sh');
    expect(await issues()).toMatchObject([{ title: vision, labels: [{ name: 'vision' }] }]);
  });

  it('makes the vision where a run was cut off after the files', async () => {
    factory = await startFactory();
    await factory.init({ roles, example: 'true' });
    const [made] = await issues();
    await factory.ask('DELETE', `/repos/${factory.project}/issues/${made?.number}`);

    const { code } = await factory.init({ roles, example: 'true' });

    expect(code).toBe(0);
    expect((await issues()).map(({ title }) => title)).toEqual([vision]);
  });

  it('has no place in a repository that is in use, and says so', async () => {
    factory = await startFactory();
    await factory.ask('POST', '/orgs/acme/repos', { name: 'app', auto_init: true, default_branch: 'main' });
    await factory.ask('POST', `/repos/${factory.project}/contents/main.c`, {
      branch: 'main',
      message: 'ours',
      content: Buffer.from('int main(void) { return 0; }\n').toString('base64'),
    });

    const { code, text } = await factory.init({ roles, example: 'true' });

    expect(code).toBe(1);
    expect(text).toContain('acme/app: it is in use, and an example has no place there');
    expect(await factory.files(factory.project)).not.toContain('greet.sh');
    expect(await issues()).toEqual([]);
  });

  it.skipIf(best === undefined)(
    'is played from its vision to the last merge: people decide, scripted agents work',
    async () => {
      factory = await startFactory();
      await factory.init({ roles, example: 'true' });
      await factory.addAgent('command', { name: 'scripted', 'engine-command': 'node' });
      // The program of the agent stands in its manifest, which people merge like everything else there.
      const [manifest] = await pulls(factory.ops);
      const file = `/repos/${factory.ops}/contents/agents/scripted.toml`;
      const { sha, content } = await factory.ask<{ sha: string; content: string }>(
        'GET',
        `${file}?ref=forgecrew/agent-scripted`,
      );
      await factory.ask('PUT', file, {
        branch: 'forgecrew/agent-scripted',
        sha,
        message: 'What it runs',
        content: Buffer.from(
          Buffer.from(content, 'base64')
            .toString('utf8')
            .replace('command = ["node"]', `command = ["node", "-e", ${JSON.stringify(scriptedAgent)}]`),
        ).toString('base64'),
      });
      if (manifest === undefined) throw new Error('nothing declares the agent');
      const { head } = await factory.ask<Pull>('GET', `/repos/${factory.ops}/pulls/${manifest.number}`);
      await approveAndMerge(factory.ops, { ...manifest, head });
      const tokens = await factory.tokens();
      const project = { PLUGIN_PROJECT_REPO: factory.project };

      // The vision becomes a pitch, of which people say that it is to be, and merge it.
      await runRole(architectPitch, 'architect', tokens['architect-token'] ?? '', project);
      const [pitch, ...others] = await pulls(factory.ops);
      expect([pitch?.user.login, others]).toEqual(['architect', []]);
      if (pitch === undefined) throw new Error('nothing was pitched');
      await approveAndMerge(factory.ops, pitch);

      // What stands on main is filed.
      await runRole(opsFiler, 'filer', tokens['filer-token'] ?? '', project);
      const filed = (await issues()).slice(1);
      expect(filed.map(({ title }) => title)).toEqual([
        expect.stringContaining('Greet in a language'),
        expect.stringContaining('Say goodbye'),
      ]);

      // People give each to the agent, and merge what it made.
      const labels = await factory.ask<{ id: number; name: string }[]>(
        'GET',
        `/repos/${factory.project}/labels?limit=50`,
      );
      const crew = labels.find(({ name }) => name === 'crew:scripted')?.id;
      for (const { number } of filed) {
        const { status } = await factory.seed.api(
          'POST',
          `/repos/${factory.project}/issues/${number}/labels`,
          { labels: [crew] },
          factory.ada.token,
        );
        expect(status).toBe(200);
        const cells = mkdtempSync(path.join(tmpdir(), 'forgecrew-cells-'));
        folders.push(cells);
        await runRole(forgeAgent, 'crew', tokens['crew-token'] ?? '', { PLUGIN_AGENT_FOLDER: cells });
        const [work, ...more] = await pulls(factory.project);
        expect([work?.user.login, more]).toEqual(['crew', []]);
        if (work === undefined) throw new Error('nothing was made');
        expect(work.body).toContain(`Closes #${number}`);
        await factory.seed.mergePull(factory.ada, factory.project, work.number);
        // A forge reads that line when it merges; the embedded one does not.
        await factory.ask('PATCH', `/repos/${factory.project}/issues/${number}`, { state: 'closed' });
      }

      // The vision is closed with what came of it.
      await runRole(opsFiler, 'filer', tokens['filer-token'] ?? '', project);
      expect((await issues()).map(({ title, state }) => [title, state])).toEqual([
        [vision, 'closed'],
        [expect.stringContaining('Greet in a language'), 'closed'],
        [expect.stringContaining('Say goodbye'), 'closed'],
      ]);
      expect(await factory.files(factory.project)).toEqual(
        expect.arrayContaining(['goodbye.sh', 'tests/goodbye.sh', 'tests/languages.sh']),
      );
      expect(await factory.text(factory.project, 'greet.sh')).toContain('Bonjour');
      // And the factory is as it was.
      const { checkup } = await factory.doctor({ ...tokens, roles });
      expect(checkup.findings.filter(({ state }) => state === 'broken').map(({ id }) => id)).toEqual([
        'secret.anthropic_api_key',
      ]);
    },
  );
});
