// `npm run demo`: the whole loop on a forge of its own, or on a real one with --forge-url and --token (a site admin's).
// `npm run demo -- engagement`, `-- init`, `-- vault`, `-- pitch`, `-- agent`, `-- oversight` and `-- dispatch` play the other stories. Everything shown is what the compiled role prints, started just
// as the two CI hosts start it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type EmbeddedForge, startForge } from '../embedded-forge/main.ts';
import { seeder } from '../embedded-forge/seed.ts';
import { agent } from './demo/agent.ts';
import { dispatch } from './demo/dispatch.ts';
import { engagement } from './demo/engagement.ts';
import { escalation } from './demo/escalation.ts';
import { filing } from './demo/filing.ts';
import { initStory } from './demo/init.ts';
import { oversight } from './demo/oversight.ts';
import { pitch } from './demo/pitch.ts';
import { chapter, note } from './demo/stage.ts';
import { vault } from './demo/vault.ts';

const stories = { filing, init: initStory, engagement, vault, pitch, agent, oversight, escalation, dispatch };
const usage = `npm run demo -- [${Object.keys(stories).join(' | ')}] [--forge-url <address> --token <a site admin's>]`;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { 'forge-url': { type: 'string' }, token: { type: 'string' } },
});
const [name = 'filing'] = positionals;
const story = Object.entries(stories).find(([known]) => known === name)?.[1];
const { 'forge-url': givenUrl, token, ...others } = values;
if (
  story === undefined ||
  Object.keys(others).length > 0 ||
  typeof givenUrl === 'boolean' ||
  typeof token === 'boolean' ||
  (givenUrl === undefined) !== (token === undefined)
) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}

let embedded: EmbeddedForge | undefined;
const scratch = mkdtempSync(path.join(tmpdir(), 'forgecrew-demo-'));
const mark = randomBytes(3).toString('hex');
try {
  chapter(
    givenUrl === undefined
      ? 'Start a forge (embedded: Forgejo’s API over real git repositories)'
      : `Use the forge at ${givenUrl}`,
  );
  embedded = givenUrl === undefined ? await startForge() : undefined;
  const url = (givenUrl ?? embedded?.url ?? '').replace(/\/+$/, '');
  note(url);
  await story({
    url,
    seed: seeder(url, token ?? embedded?.adminToken ?? ''),
    scratch,
    isReal: givenUrl !== undefined,
    ...(embedded === undefined ? {} : { settleRun: embedded.settleRun }),
    named: (login) => (givenUrl === undefined ? login : `${login}-${mark}`),
  });
} finally {
  await embedded?.close();
  rmSync(scratch, { recursive: true, force: true });
}
