import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { allScopes } from '../../embedded-forge/seed.ts';
import { engagementScene } from '../../scripts/demo/engagement.ts';
import { escalationScene } from '../../scripts/demo/escalation.ts';
import { oversightScene } from '../../scripts/demo/oversight.ts';
import { vaultFiles, vaultScene } from '../../scripts/demo/vault.ts';
import { type Factory, letStart, moreRoles, startFactory } from '../factory.ts';
import { type InitWorks, worksOf } from '../works.ts';

let factory: Factory;
let works: InitWorks;
let scratch: string;
/** How far the forge's clock was put forward, so that nothing has to wait. */
let clock: { passed: number };
afterEach(async () => {
  works.close();
  await factory.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** An empty forge on which init was run. What only people can give comes after it: the key of a model, or where that is. */
async function start(ci: 'forgejo' | 'woodpecker'): Promise<void> {
  clock = { passed: 0 };
  factory = await startFactory({ ci }, { now: () => new Date(Date.now() + clock.passed) });
  const { code } = await factory.init({ roles: moreRoles });
  expect(code).toBe(0);
  const stranger = await factory.seed.createUser('stranger', allScopes);
  await factory.ask('PUT', `/repos/${factory.project}/collaborators/stranger`, { permission: 'read' });
  // Whoever approves what is high administers the ops repo; init makes nobody that.
  const olga = await factory.seed.createUser('olga', allScopes);
  await factory.ask('PUT', `/repos/${factory.ops}/collaborators/olga`, { permission: 'admin' });
  // Whoever can push has to be one who may approve.
  await factory.rewrite((path, text) =>
    path === 'vault/policy.toml' ? text.replace('"ada"', '"ada", "olga"') : text,
  );
  works = await worksOf(factory, { ci, admin: olga, stranger, clock });
  scratch = mkdtempSync(path.join(tmpdir(), 'forgecrew-scenes-'));
  if (ci === 'forgejo')
    await factory.ask('PUT', `/repos/${factory.ops}/actions/secrets/ANTHROPIC_API_KEY`, { data: 'key' });
  else {
    factory.woodpecker.repositories[0]?.secrets?.push({ name: 'anthropic_api_key', events: ['cron'] });
    await letStart(factory);
    await works.set('escalation', { 'engine-url': 'http://127.0.0.1:8080/v1' });
  }
}

/** What the doctor says of the factory, beside what is well. */
async function ailing(tokens: Record<string, string>): Promise<string[]> {
  const { checkup } = await factory.doctor({ ...tokens, roles: moreRoles });
  return checkup.findings.filter(({ state }) => state !== 'ok').map(({ what }) => what);
}

/** Plays a scene, and shows all that was told and printed where it does not end as it should. */
async function play(scene: () => Promise<unknown>): Promise<void> {
  works.lines.splice(0);
  try {
    await scene();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${works.lines.join('\n')}`);
  }
}

it.each(['forgejo', 'woodpecker'] as const)(
  'what init made on %s plays the scenes of the demos, with nothing but what its pipelines say, and is as well afterwards',
  async (ci) => {
    await start(ci);
    const tokens = await factory.tokens();
    expect(await ailing(tokens)).toEqual([]);

    await play(() => oversightScene(works));
    await play(() => engagementScene(works, scratch));
    await play(() => escalationScene(works, scratch));
    // What Woodpecker starts for the vault takes a token that only a person can make.
    if (ci === 'forgejo') {
      const files = { uses: works.uses('vault-dispatch'), gatekeeper: works.login('gatekeeper') };
      await works.land(vaultFiles(files));
      await factory.ask('PUT', `/repos/${factory.ops}/actions/secrets/DEPLOY_KEY`, { data: 'key' });
      await play(() => vaultScene(works));
    }

    clock.passed = 0;
    expect(await ailing(tokens)).toEqual([]);
    expect(await factory.init({ roles: moreRoles })).toMatchObject({ code: 0, writes: [] });
  },
  600_000,
);
