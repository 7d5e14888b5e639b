// `npm run demo`: the whole loop on a forge of its own, or on a real one with --forge-url and --token (a site admin's).
// `npm run demo -- engagement`, `-- init`, `-- vault`, `-- pitch`, `-- agent`, `-- oversight` and `-- dispatch` play the other stories. Everything shown is what the compiled role prints, started just
// as the two CI hosts start it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { outliveReaders } from '../core/host/host.ts';
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

outliveReaders();

const stories = { filing, init: initStory, engagement, vault, pitch, agent, oversight, escalation, dispatch };
const usage = `npm run demo -- [${Object.keys(stories).join(' | ')}] [--forge-url <address> --token <a site admin's>]`;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { 'forge-url': { type: 'string' }, token: { type: 'string' } },
});
const [name = 'filing', ...moreNames] = positionals;
const story = Object.entries(stories).find(([known]) => known === name)?.[1];
const { 'forge-url': givenUrl, token, ...others } = values;
const [unknown] = Object.keys(others);
if (unknown === 'help') refuse(usage, 0);
if (unknown !== undefined) refuse(`There is no option --${unknown}.`);
if (story === undefined) refuse(`There is no story ${JSON.stringify(name)}.`);
if (moreNames.length > 0) refuse(`One story is played at a time, and these are ${positionals.length}.`);
if (typeof givenUrl === 'boolean' || typeof token === 'boolean')
  refuse('--forge-url and --token each need a value.');
if ((givenUrl === undefined) !== (token === undefined))
  refuse(
    '--forge-url and --token go together: a forge that is not our own, and the token of a site admin there.',
  );
if (givenUrl !== undefined && !/^https?:\/\/[^/]/.test(givenUrl))
  refuse(`--forge-url is no address with http:// or https://: ${JSON.stringify(givenUrl)}.`);

/** Says what is wrong with how this was called, and ends. */
function refuse(what: string, code = 2): never {
  process.stderr.write(what === usage ? `${usage}\n` : `${what}\n${usage}\n`);
  process.exit(code);
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
