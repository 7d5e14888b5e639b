// `npm run demo`: the whole loop on a forge of its own, or on a real one with --forge-url and --token (a site admin's).
// `npm run demo -- engagement`, `-- vault` and `-- pitch` play the other stories. Everything shown is what the compiled role prints, started just
// as the two CI hosts start it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type EmbeddedForge, startForge } from '../embedded-forge/main.ts';
import { seeder } from '../embedded-forge/seed.ts';
import { engagement } from './demo/engagement.ts';
import { filing } from './demo/filing.ts';
import { pitch } from './demo/pitch.ts';
import { chapter, note } from './demo/stage.ts';
import { vault } from './demo/vault.ts';

const stories = { filing, engagement, vault, pitch };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'forge-url': { type: 'string' }, token: { type: 'string' } },
});
const [name = 'filing'] = positionals;
const story = Object.entries(stories).find(([known]) => known === name)?.[1];
if (story === undefined)
  throw new Error(`there is no demo ${name}; there are ${Object.keys(stories).join(', ')}`);
const givenUrl = values['forge-url'];
if ((givenUrl === undefined) !== (values.token === undefined))
  throw new Error('--forge-url and --token (a site admin’s) go together');

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
    seed: seeder(url, values.token ?? embedded?.adminToken ?? ''),
    scratch,
    isReal: givenUrl !== undefined,
    ...(embedded === undefined ? {} : { settleRun: embedded.settleRun }),
    named: (login) => (givenUrl === undefined ? login : `${login}-${mark}`),
  });
} finally {
  await embedded?.close();
  rmSync(scratch, { recursive: true, force: true });
}
