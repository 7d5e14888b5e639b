import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engagementEvidence } from '../../actions/collect-engagement/evidence.ts';
import { compileScanner } from '../../actions/collect-engagement/log/fast.ts';
import { takePieces } from '../../actions/collect-engagement/log/files.ts';
import { collectEngagement } from '../../actions/collect-engagement/role.ts';
import { runRole } from '../../core/run.ts';
import { type EmbeddedForge, startForge } from '../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../embedded-forge/seed.ts';
import { runStep } from '../workflow-step.ts';

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-engagement-'));
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

const now = new Date('2026-11-21T01:15:00Z');
const at = (file: string): string => path.join(workspace, file);

function line(uri: string, ip: string, ts = '2026-11-20T12:00:00Z'): string {
  const headers = { 'User-Agent': ['Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0'], Cookie: ['secret=1'] };
  return `${JSON.stringify({ ts: Date.parse(ts) / 1000, request: { remote_ip: ip, method: 'GET', host: 'site.test', uri, headers }, duration: 0.1, status: 200 })}\n`;
}

async function run(
  settings: Record<string, string>,
): Promise<{ code: number; text: string; evidence: unknown }> {
  const lines: string[] = [];
  const environment = {
    CI: 'woodpecker',
    CI_WORKSPACE: workspace,
    ...Object.fromEntries(
      Object.entries({ commit: 'none', ...settings }).map(([name, value]) => [
        `PLUGIN_${name.toUpperCase().replaceAll('-', '_')}`,
        value,
      ]),
    ),
  };
  const code = await runRole(collectEngagement, {
    environment,
    args: [],
    workingDirectory: workspace,
    print: (item) => lines.push(item),
    now: () => now,
    pause: async () => undefined,
  });
  const evidence = existsSync(at('engagement.json'))
    ? JSON.parse(readFileSync(at('engagement.json'), 'utf8'))
    : undefined;
  return { code, text: lines.join('\n'), evidence };
}

describe('a day of a log', () => {
  it('over several files, packed and not, becomes evidence of the published shape, and a second run changes nothing', async () => {
    writeFileSync(
      at('access.log'),
      line('/a', '::1') + line('/b', '10.0.0.2') + line('/b', '10.0.0.2', '2026-11-21T00:00:00Z'),
    );
    writeFileSync(at('access-old.log.gz'), gzipSync(line('/a', '10.0.0.3')));

    const first = await run({ source: 'access*' });
    const second = await run({ source: 'access*' });

    expect(first.code).toBe(0);
    expect(engagementEvidence.parse(first.evidence)).toMatchObject({
      date: '2026-11-20',
      page_views: 3,
      unique_visitors: 3,
      complete: true,
      period_hours: 24,
      top_pages: [
        { path: '/a', views: 2 },
        { path: '/b', views: 1 },
      ],
    });
    expect(second.text).toContain('Nothing to do: engagement.json is as it should be');
    expect(second.evidence).toEqual(first.evidence);
  });

  it('that is not over is marked', async () => {
    writeFileSync(at('access.log'), line('/a', '::1', '2026-11-21T00:30:00Z'));

    expect((await run({ source: 'access.log', date: '2026-11-21' })).evidence).toMatchObject({
      complete: false,
      period_hours: 1.25,
      page_views: 1,
    });
  });

  it('keeps nothing that names a visitor', async () => {
    writeFileSync(at('access.log'), line('/a?email=me@example.test', '203.0.113.77'));

    const { evidence } = await run({ source: 'access.log' });

    for (const part of ['203.0.113.77', 'example.test', 'Mozilla', 'secret'])
      expect(JSON.stringify(evidence)).not.toContain(part);
  });
});

describe('case 28: a log that is something else', () => {
  it.each<[string, string | Buffer, string]>([
    ['Common', '1.2.3.4 - - [20/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 2\n', 'the Common format'],
    [
      'Combined',
      '1.2.3.4 - - [20/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 2 "-" "curl/8"\n',
      'the Combined format',
    ],
    [
      'Caddy’s console',
      '2026/11/20 12:00:00.000\tINFO\thttp.log.access\thandled request\n',
      'console format',
    ],
    [
      'JSON of another kind',
      '{"time":"x","remote_addr":"1.2.3.4"}\n',
      'JSON, but not an access log of Caddy',
    ],
    ['gzip without its name', gzipSync(line('/a', '::1')), 'gzip without .gz in its name'],
    ['zstd without its name', Buffer.from('28b52ffd2400010000', 'hex'), 'zstd without .zst in its name'],
    [
      'a wall clock without zone',
      '{"ts":"2026/11/20 12:00:00","request":{"uri":"/"},"status":200}\n',
      'a wall clock in ts, which has no zone',
    ],
  ])('is refused and named: %s', async (_, content, message) => {
    writeFileSync(at('access.log'), content);

    const ran = await run({ source: 'access.log' });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain(message);
    expect(ran.evidence).toBeUndefined();
  });

  it.each<[string, string, () => void, string]>([
    ['a folder', 'logs', () => mkdirSync(at('logs')), 'source: logs is a folder.'],
    [
      'a link that ends in itself',
      'logs',
      () => symlinkSync('logs', at('logs')),
      'may not be read by the account that this runs as (ELOOP)',
    ],
    [
      'named .gz and is none',
      'logs.gz',
      () => writeFileSync(at('logs.gz'), line('/a', '::1')),
      'logs.gz: is no gzip file, though its name says so. Rename it.',
    ],
    [
      'below a file',
      'logs/access.log',
      () => writeFileSync(at('logs'), ''),
      'source: there is no file logs/access.log.',
    ],
  ])('that is %s is said to be that', async (_, source, make, message) => {
    make();

    expect(await run({ source })).toMatchObject({
      code: 1,
      text: expect.stringContaining(message),
      evidence: undefined,
    });
  });

  it('that has no record of the day is counted, and a person is told', async () => {
    writeFileSync(at('access.log'), line('/a', '::1', '2026-11-21T00:10:00Z'));

    expect(await run({ source: 'access.log' })).toMatchObject({
      code: 0,
      evidence: { lines: 0 },
      text: expect.stringContaining('no record of 2026-11-20, the newest is of 2026-11-21T00:10:00.000Z'),
    });
  });

  it('that is written in another unit is refused: no day is read from it', async () => {
    const line = (ts: number): string =>
      `{"ts":${ts},"request":{"remote_ip":"::1","method":"GET","host":"h","uri":"/","headers":{}},"duration":1,"status":200}\n`;
    writeFileSync(at('access.log'), line(1_795_176_000_000.5));
    const milliseconds = await run({ source: 'access.log' });
    writeFileSync(at('access.log'), '{"ts":1795176000000000000,"request":{"uri":"/"},"status":200}\n');
    const nanoseconds = await run({ source: 'access.log' });
    writeFileSync(at('access.log'), line(1e14) + line(Date.parse('2026-11-20T12:00:00Z') / 1000));
    const one = await run({ source: 'access.log' });

    for (const ran of [milliseconds, nanoseconds])
      expect(ran).toMatchObject({
        code: 1,
        text: expect.stringContaining('every record is in the future'),
        evidence: undefined,
      });
    expect(one).toMatchObject({ code: 0, evidence: { lines: 1, page_views: 1 } });
  });

  it('that is an address of another kind is refused, without its password', async () => {
    const ran = await run({ source: 'https://user:hunter2@web.test/access.log' });

    expect(ran).toMatchObject({ code: 1, text: expect.stringContaining('begins with https:// is not read') });
    expect(ran.text).not.toContain('hunter2');
  });

  it('is never written over by its evidence, and a folder is no file for it', async () => {
    writeFileSync(at('access.log'), line('/a', '::1'));
    mkdirSync(at('folder'));

    expect(await run({ source: 'access.log', 'evidence-file': 'access.log' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('is a log that is read'),
    });
    expect(readFileSync(at('access.log'), 'utf8')).toBe(line('/a', '::1'));
    expect(await run({ source: 'access.log', 'evidence-file': 'folder' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('folder is a folder'),
    });
  });

  it('is read once under two names, and no fifo is waited for behind a pattern', async () => {
    writeFileSync(at('access.log'), line('/a', '::1'));
    linkSync(at('access.log'), at('access-2.log'));
    symlinkSync('access.log', at('access-3.log'));
    expect(await run({ source: 'access*.log' })).toMatchObject({ evidence: { page_views: 1 } });

    symlinkSync('/dev/zero', at('access-4.log'));
    expect(await run({ source: 'access*.log' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('access-4.log is no file'),
    });
  });

  it('that begins with a hole of zeros, as a log that was cut while it was written, is read behind it', async () => {
    writeFileSync(at('access.log'), '');
    truncateSync(at('access.log'), 40 * 1024 * 1024);
    appendFileSync(at('access.log'), `\n${line('/a', '::1').repeat(40)}`);

    expect(await run({ source: 'access.log', 'max-bad-share': '0.1' })).toMatchObject({
      code: 0,
      evidence: { page_views: 40, bad_lines: 1 },
    });
  });

  it('that is empty is a day without visitors, which is not the same as a missing file', async () => {
    writeFileSync(at('access.log'), '');

    expect(await run({ source: 'access.log' })).toMatchObject({
      code: 0,
      evidence: { page_views: 0, lines: 0, response_time: { p50_seconds: null } },
      text: expect.stringContaining('! access.log: no record of 2026-11-20'),
    });
    expect(await run({ source: 'other.log' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('there is no file other.log'),
    });
    expect(await run({ source: 'other*' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('no file fits other*'),
    });
  });

  it('with too many bad lines is refused with their share', async () => {
    writeFileSync(at('access.log'), line('/a', '::1').repeat(10) + 'bad\n'.repeat(2));

    expect(await run({ source: 'access.log' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('2 of 12 lines of 2026-11-20 are no records'),
    });
    expect(await run({ source: 'access.log', 'max-bad-share': '0.2' })).toMatchObject({
      code: 0,
      evidence: { bad_lines: 2, lines: 12 },
    });
  });
});

describe('case 29: a log that breaks off', () => {
  it('in a packed file is refused, because what is missing is unknown', async () => {
    const packed = gzipSync(line('/a', '::1').repeat(2000));
    writeFileSync(at('access.log.gz'), packed.subarray(0, packed.length - 20));

    const ran = await run({ source: 'access.log.gz' });

    expect(ran).toMatchObject({ code: 1, evidence: undefined });
    expect(ran.text).toContain('could not be read to its end');
  });
});

describe('what visitors send', () => {
  const odd = (uri: string, headers: Record<string, unknown> = {}): string =>
    `${JSON.stringify({ ts: Date.parse('2026-11-20T12:00:00Z') / 1000, request: { remote_ip: '::1', method: 'GET', host: 'site.test', uri, headers }, duration: 0.1, status: 200 })}\n`;

  it('cases 27, 39 and 40: is counted as it is, and neither breaks the evidence nor the log of the run', async () => {
    const uris = [
      '/"quoted"',
      '/line\n::set-output name=x::y',
      '/\u001b[31mred',
      '/__proto__',
      '/constructor',
      '/\u202eoverride',
      '/\ud800',
      `/${'x'.repeat(1_000_000)}`,
    ];
    writeFileSync(
      at('access.log'),
      Buffer.concat([
        Buffer.from(uris.map((uri) => odd(uri)).join('')),
        Buffer.from(odd('/bytes-XX'), 'latin1'),
        Buffer.from(
          odd('/x?a=1', {
            Referer: ['https://user:pw@evil.example/<script>?token=1'],
            'User-Agent': ['"; rm -rf /'],
          }),
        ),
      ]).map((byte, index, all) =>
        // No UTF-8: what stands for XX above.
        byte === 0x58 && (all[index - 1] === 0x2d || all[index - 2] === 0x2d) ? 0xff : byte,
      ),
    );

    const { code, text, evidence } = await run({ source: 'access.log', top: '20' });

    expect(code).toBe(0);
    const parsed = engagementEvidence.parse(evidence);
    expect(parsed).toMatchObject({ page_views: 10, bad_lines: 0, unique_visitors: 1 });
    const paths = parsed.top_pages.map(({ path: page }) => page);
    for (const uri of uris.slice(0, 6)) expect(paths).toContain(uri);
    expect(paths).toContain('/bytes-\ufffd\ufffd');
    expect(parsed.top_referrers).toEqual([{ source: 'evil.example', visits: 1 }]);
    for (const item of ['user:pw', 'token', 'rm -rf']) expect(JSON.stringify(evidence)).not.toContain(item);
    expect(text).not.toMatch(/^::set-output/m);
    expect(text).not.toContain('\u001b');
  });

  it('case 29: a last line that was cut off is a bad line of the day before it', async () => {
    writeFileSync(at('access.log'), line('/a', '::1').repeat(30) + line('/b', '::1').slice(0, 40));

    expect(await run({ source: 'access.log' })).toMatchObject({
      code: 0,
      evidence: { page_views: 30, bad_lines: 1, lines: 31, complete: true },
    });
  });

  it('case 29: a line of another day, or of a clock that went wrong, is not of this day', async () => {
    writeFileSync(
      at('access.log'),
      line('/a', '::1') +
        line('/future', '::1', '2031-01-01T00:00:00Z') +
        line('/past', '::1', '1971-01-01T00:00:00Z') +
        line('/b', '::1', '2026-11-20T23:59:59.999Z'),
    );

    expect(await run({ source: 'access.log' })).toMatchObject({ evidence: { page_views: 2, lines: 2 } });
  });

  it.each([
    ['in a piece', 0],
    ['before a piece, which is not an empty one', 50_000],
  ])('case 29: a log that became shorter while it was read, %s, is said to be broken off', (_, from) => {
    writeFileSync(at('access.log'), line('/a', '::1'));
    const fd = openSync(at('access.log'), 'r');
    const rules = { date: '2026-11-20', units: { time: 1, duration: 1 }, ownHosts: [] };
    const scanner = compileScanner();
    if (scanner === null) throw new Error('no SIMD here');

    const { pieces } = takePieces({
      rules,
      scanner,
      pieces: [{ fd, from, to: 100_000, size: 100_000 }],
      taken: new SharedArrayBuffer(4),
    });
    closeSync(fd);

    expect(pieces).toEqual([[0, expect.stringContaining('became shorter while it was read')]]);
  });
});

describe('committing', () => {
  let forge: EmbeddedForge;
  let seed: Seeder;
  let owner: Person;
  let bot: Person;
  let ops: string;
  beforeEach(async () => {
    forge = await startForge();
    seed = seeder(forge.url, forge.adminToken);
    owner = await seed.createUser('owner', allScopes);
    bot = await seed.createUser('bot', ['write:repository', 'read:user']);
    ops = await seed.createRepository(owner, 'ops');
    await seed.addCollaborator(owner, ops, bot.login, 'write');
    writeFileSync(at('access.log'), line('/a', '::1'));
  });
  afterEach(() => forge.close());

  const evidenceFile = 'evidence/engagement/2026-11-20.json';
  const branch = 'evidence/engagement-2026-11-20';

  const commit = (settings: Record<string, string> = {}): ReturnType<typeof run> =>
    run({
      source: 'access.log',
      commit: 'auto',
      'forge-url': forge.url,
      'forge-token': bot.token,
      'ops-repo': ops,
      ...settings,
    });

  async function protect(rule: Record<string, unknown> = {}): Promise<void> {
    await seed.api('POST', `/repos/${ops}/branch_protections`, {
      rule_name: 'main',
      enable_push: false,
      ...rule,
    });
  }

  async function textOf(path: string, ref = 'main'): Promise<string | undefined> {
    const { status, body } = await seed.api(
      'GET',
      `/repos/${ops}/contents/${path}?ref=${encodeURIComponent(ref)}`,
    );
    return status === 200
      ? Buffer.from((body as { content: string }).content, 'base64').toString('utf8')
      : undefined;
  }

  interface PullSeen {
    number: number;
    state: string;
    title: string;
    head: { ref: string };
  }
  async function pulls(state = 'open'): Promise<PullSeen[]> {
    return (await seed.api('GET', `/repos/${ops}/pulls?state=${state}`)).body as PullSeen[];
  }

  it('of a whole day is never replaced by less of it: the log was rotated since', async () => {
    writeFileSync(at('access.log'), line('/a', '::1') + line('/b', '::2'));
    await commit();
    const whole = await textOf(evidenceFile);
    writeFileSync(at('access.log'), line('/c', '::1', '2026-11-21T00:10:00Z'));

    const rotated = await commit();
    const { body } = await seed.api('GET', `/repos/${ops}/contents/${evidenceFile}`);
    const { sha } = body as { sha: string };
    await seed.api('DELETE', `/repos/${ops}/contents/${evidenceFile}`, { sha, message: 'count it anew' });
    const anew = await commit();

    expect(rotated).toMatchObject({
      code: 1,
      text: expect.stringContaining('is on record with 2 requests of a whole day, and the log holds 0'),
    });
    expect(whole).toContain('"total_requests": 2');
    expect(anew.code).toBe(0);
    expect(JSON.parse((await textOf(evidenceFile)) ?? '')).toMatchObject({ total_requests: 0 });
  });

  it('that is not over is replaced by whatever is counted later', async () => {
    writeFileSync(
      at('access.log'),
      line('/a', '::1', '2026-11-21T00:10:00Z') + line('/b', '::1', '2026-11-21T00:20:00Z'),
    );
    await commit({ date: '2026-11-21' });
    writeFileSync(at('access.log'), line('/b', '::1', '2026-11-21T00:20:00Z'));

    expect(await commit({ date: '2026-11-21' })).toMatchObject({
      code: 0,
      text: expect.stringContaining('1 commit made'),
    });
  });

  it('goes to the ops branch once, as one commit with its page, and is repaired when somebody changed it', async () => {
    expect(await commit()).toMatchObject({ code: 0, text: expect.stringContaining('1 commit made') });
    const before = (await seed.api('GET', `/repos/${ops}/commits?limit=50`)).body as unknown[];
    expect(before).toHaveLength(2);
    expect(await commit()).toMatchObject({ code: 0, text: expect.stringContaining('Nothing to do') });
    await seed.putFile(owner, ops, evidenceFile, '{}');
    expect(await commit()).toMatchObject({ code: 0, text: expect.stringContaining('1 commit made') });

    expect(JSON.parse((await textOf(evidenceFile)) ?? '')).toMatchObject({ page_views: 1 });
    expect(await textOf('evidence/engagement/README.md')).toContain(
      '| [2026-11-20](2026-11-20.json) | 1 | 1 |',
    );
    expect(await textOf('evidence/engagement/visitors.svg')).toContain('1 page views, 1 visitors');
  });

  it('keeps the page of the last days, whatever stands in a file among them', async () => {
    await seed.putFile(owner, ops, 'evidence/engagement/2026-11-18.json', 'not json');
    await run({ source: 'access.log', 'evidence-file': 'old.json', date: '2026-11-19' });
    await seed.putFile(
      owner,
      ops,
      'evidence/engagement/2026-11-19.json',
      readFileSync(at('old.json'), 'utf8'),
    );

    await commit();

    const days = ((await textOf('evidence/engagement/README.md')) ?? '')
      .split('\n')
      .filter((row) => row.startsWith('| [2026'));
    expect(days.map((row) => row.slice(0, 40))).toEqual([
      '| [2026-11-20](2026-11-20.json) | 1 | 1 ',
      '| [2026-11-19](2026-11-19.json) | 0 | 0 ',
      '| [2026-11-18](2026-11-18.json) | could ',
    ]);
  });

  it('case 27: shows nothing of a visitor as markup on the page', async () => {
    writeFileSync(at('access.log'), line('/<img src=x onerror=1>|[a](http://evil)/`@owner`#1', '::1'));

    await commit();

    const page = (await textOf('evidence/engagement/README.md')) ?? '';
    expect(page).toContain('| `/<img src=x onerror=1>¦[a](http://evil)/´@owner´` (1) |');
    expect(page.split('`')).toHaveLength(3);
  });

  it('case 31: on a protected main opens one pull request for the day, keeps it up to date, and says so first', async () => {
    await protect();

    const first = await commit();
    const again = await commit();
    writeFileSync(at('access.log'), line('/a', '::1') + line('/b', '::2'));
    const updated = await commit();

    expect(first.code).toBe(0);
    expect(first.text.split('\n')[1]).toContain('main of owner/ops is protected');
    expect(first.text).toContain('evidence/engagement/ is not exempt: the evidence goes to a pull request');
    expect(again.text).toContain('Nothing to do: pull request #1 is as it should be');
    expect(again.text.split('\n')[1]).toContain('goes to a pull request');
    expect(updated.code).toBe(0);
    expect(await pulls('all')).toMatchObject([
      { number: 1, state: 'open', title: 'evidence: engagement of 2026-11-20', head: { ref: branch } },
    ]);
    expect(JSON.parse((await textOf(evidenceFile, branch)) ?? '')).toMatchObject({ page_views: 2 });
    const { body } = await seed.api('GET', `/repos/${ops}/pulls/1/files`);
    expect((body as { filename: string }[]).map(({ filename }) => filename)).toEqual([evidenceFile]);
    expect(await textOf(evidenceFile)).toBeUndefined();
  });

  it('case 31: on a protected main that exempts the evidence commits it there, and the page after it', async () => {
    await protect({ unprotected_file_patterns: 'evidence/**' });

    const ran = await commit();

    expect(ran.code).toBe(0);
    expect(await textOf(evidenceFile)).toContain('"page_views": 1');
    expect(await textOf('evidence/engagement/README.md')).toContain('2026-11-20');
    expect(await pulls('all')).toEqual([]);
    expect(await commit()).toMatchObject({ code: 0, text: expect.stringContaining('Nothing to do') });
  });

  it('case 31: where only the evidence itself is exempt, the page is left out and the run is green', async () => {
    await protect({ unprotected_file_patterns: 'evidence/engagement/*.json' });

    const ran = await commit();

    expect(ran.code).toBe(0);
    expect(await textOf(evidenceFile)).toContain('"page_views": 1');
    expect(await textOf('evidence/engagement/README.md')).toBeUndefined();
    expect(await pulls('all')).toEqual([]);
  });

  it('case 31: with `direct` a protected main is red, and says what to do', async () => {
    await protect();

    const ran = await commit({ commit: 'direct' });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('user cannot commit to repo');
    expect(ran.text).toContain('The branch is protected');
    expect(ran.text).toContain('open a pull request instead');
  });

  it('with `pull` opens a pull request even where it could commit, and goes on after a crash between the two', async () => {
    await seed.putFile(bot, ops, evidenceFile, '{}', { from: 'main', name: branch });

    const ran = await commit({ commit: 'pull' });

    expect(ran.code).toBe(0);
    expect(ran.text.split('\n')[1]).toContain('The evidence goes to a pull request into main');
    expect(await pulls()).toHaveLength(1);
    expect(JSON.parse((await textOf(evidenceFile, branch)) ?? '')).toMatchObject({ page_views: 1 });
  });

  it('leaves a pull request alone that somebody closed, and says so', async () => {
    await commit({ commit: 'pull' });
    await seed.api('PATCH', `/repos/${ops}/pulls/1`, { state: 'closed' });
    writeFileSync(at('access.log'), line('/a', '::1') + line('/b', '::2'));

    const ran = await commit({ commit: 'pull' });

    expect(ran.code).toBe(0);
    expect(ran.text).toContain('pull request #1 was closed without being merged');
    expect(await pulls('all')).toHaveLength(1);
  });

  it('opens another one when the first was merged and there is newer evidence', async () => {
    await commit({ commit: 'pull' });
    await seed.mergePull(owner, ops, 1);
    expect(await commit({ commit: 'pull' })).toMatchObject({
      code: 0,
      text: expect.stringContaining('Nothing to do'),
    });
    writeFileSync(at('access.log'), line('/a', '::1') + line('/b', '::2'));

    expect((await commit({ commit: 'pull' })).code).toBe(0);

    expect(await pulls()).toMatchObject([{ number: 2 }]);
    expect(JSON.parse((await textOf(evidenceFile, branch)) ?? '')).toMatchObject({ page_views: 2 });
  });

  it('cases 3 and 42: eight runs at once leave one commit of the evidence, and one pull request where it takes one', async () => {
    const direct = await Promise.all(Array.from({ length: 8 }, () => commit()));
    expect(direct.map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => 0));
    expect(await textOf(evidenceFile)).toContain('"page_views": 1');
    await protect();
    writeFileSync(at('access.log'), line('/a', '::1') + line('/b', '::2'));

    const proposed = await Promise.all(Array.from({ length: 8 }, () => commit()));

    expect(proposed.map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => 0));
    expect(await pulls('all')).toHaveLength(1);
  });

  it('case 46: on a pull request only says what it would count, without any token', async () => {
    const lines: string[] = [];
    const code = await runRole(collectEngagement, {
      environment: {
        CI: 'woodpecker',
        CI_WORKSPACE: workspace,
        CI_FORGE_URL: forge.url,
        CI_REPO: ops,
        CI_PIPELINE_EVENT: 'pull_request',
        PLUGIN_SOURCE: 'access.log',
      },
      args: [],
      workingDirectory: workspace,
      print: (item) => lines.push(item),
      now: () => now,
    });

    expect(code).toBe(0);
    expect(lines.join('\n')).toContain('1 page view by 1 visitor); on a pull request nothing is written');
  });

  it('without what it needs says so, before the log is read', async () => {
    expect(await run({ source: 'access.log', commit: 'direct' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('commit: direct needs forge-url, forge-token, ops-repo'),
    });
  });

  it('case 47: with the automatic token refuses before any work', async () => {
    const { code, text } = await runStep(
      'collect-engagement',
      {
        GITHUB_ACTIONS: 'true',
        GITHUB_SERVER_URL: forge.url,
        GITHUB_REPOSITORY: ops,
        GITHUB_TOKEN: 'automatic-token-of-this-run',
        GITHUB_WORKSPACE: workspace,
        'INPUT_FORGE-TOKEN': 'automatic-token-of-this-run',
        INPUT_SOURCE: 'access.log',
      },
      { folder: workspace, now },
    );

    expect(code).toBe(1);
    expect(text).toContain('is the automatic Actions token');
    expect(forge.requests.filter(({ path: asked }) => asked.includes('contents'))).toEqual([]);
  });

  describe('verify-observable', () => {
    const verify = (settings: Record<string, string> = {}): ReturnType<typeof run> =>
      commit({ mode: 'verify-observable', source: '', ...settings });

    it('is green with evidence of the days asked for, and says of which', async () => {
      await commit();

      const ran = await verify();

      expect(ran.code).toBe(0);
      expect(ran.text).toContain('observable: evidence of 1 day up to 2026-11-20');
      expect(await verify({ source: 'access.log' })).toMatchObject({
        code: 0,
        text: expect.stringContaining('newest record 13.3 h ago'),
      });
    });

    it('is red when a day is missing or not complete, or the log is silent; all of it is said', async () => {
      await commit();
      await commit({ date: '2026-11-21' });

      const ran = await verify({ days: '3', source: 'access.log', 'max-silence': '12h' });

      expect(ran.code).toBe(1);
      expect(ran.text).toContain('evidence/engagement/2026-11-19.json: is missing');
      expect(ran.text).toContain('evidence/engagement/2026-11-18.json: is missing');
      expect(ran.text).toContain('access.log: has no record for 13.3 h, and may be silent for 12 h at most');
      await seed.putFile(
        owner,
        ops,
        evidenceFile,
        ((await textOf(evidenceFile)) ?? '').replace('"complete": true', '"complete": false'),
      );
      expect(await verify()).toMatchObject({ code: 1, text: expect.stringContaining('is not complete') });
    });

    it('is green whatever is missing when it is advisory', async () => {
      const ran = await verify({ advisory: 'true' });

      expect(ran.code).toBe(0);
      expect(ran.text).toContain('evidence/engagement/2026-11-20.json: is missing');
    });
  });
});

describe('client beacons', () => {
  const t = Date.parse('2026-11-20T12:00:00Z') / 1000;
  const beacons = (...items: unknown[]): string => items.map((item) => `${JSON.stringify(item)}\n`).join('');

  it('are counted for the day, and what is no beacon counts for nothing', async () => {
    writeFileSync(at('access.log'), line('/a', '::1'));
    writeFileSync(
      at('beacons.log'),
      `${beacons(
        { t, type: 'dwell', path: '/a', value: 10, ref: 'x.example' },
        { t, type: 'dwell', path: '/a', value: 20.5, ref: '' },
        { t, type: 'scroll', path: '/a', value: 80, ref: '' },
        { t, type: 'exit', path: '/a', value: 0, ref: 'Other.example' },
        { t: t + 86_400, type: 'exit', path: '/a', value: 0, ref: 'tomorrow.example' },
        { t, type: 'dwell', path: '/a', value: 1e9, ref: '' },
        { t, type: 'scroll', path: '/a', value: 101, ref: '' },
        { t, type: 'exit', path: '/a', value: 0, ref: '<script>' },
        { t: 'now', type: 'exit', path: '/a', value: 0, ref: '' },
        { t, type: '__proto__', path: '/a', value: 0, ref: '' },
      )}not json\n`,
    );

    const { code, text, evidence } = await run({ source: 'access.log', 'client-source': 'beacons.log' });

    expect(code).toBe(0);
    expect(text).toContain('6 lines of client-source were no beacons');
    expect(engagementEvidence.parse(evidence)).toMatchObject({
      client_source: 'beacons.log',
      bad_lines: 0,
      client_side: {
        total_events: 4,
        dwell: { avg_seconds: 15.25, total_seconds: 30.5, count: 2 },
        max_scroll_pct: 80,
        scroll_events: 1,
        exit_referrers: [{ source: 'other.example', visits: 1 }],
      },
    });
  });

  it('that cannot be read to their end forbid evidence', async () => {
    writeFileSync(at('access.log'), line('/a', '::1'));
    writeFileSync(at('beacons.gz'), gzipSync(beacons({ t })).subarray(0, 20));

    expect(await run({ source: 'access.log', 'client-source': 'beacons.gz' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('beacons.gz: could not be read to its end'),
      evidence: undefined,
    });
  });
});

const hasZstd = spawnSync('zstd', ['--version']).status === 0;

describe('a packed log', () => {
  it.skipIf(!hasZstd)(
    'in zstd is read to its end, in several frames too, and refused when it was cut (needs zstd)',
    async () => {
      const packed = spawnSync('zstd', ['-q', '-c'], { input: line('/a', '::1').repeat(3) }).stdout;
      writeFileSync(at('access.log.zst'), Buffer.concat([packed, packed]));
      expect(await run({ source: 'access.log.zst' })).toMatchObject({ code: 0, evidence: { page_views: 6 } });

      writeFileSync(at('access.log.zst'), packed.subarray(0, packed.length - 3));
      rmSync(at('engagement.json'));
      expect(await run({ source: 'access.log.zst' })).toMatchObject({ code: 1, evidence: undefined });
    },
  );

  it('in gzip of several members is read whole', async () => {
    writeFileSync(at('a.gz'), Buffer.concat([gzipSync(line('/a', '::1')), gzipSync(line('/b', '::2'))]));

    expect(await run({ source: 'a.gz' })).toMatchObject({ code: 0, evidence: { page_views: 2 } });
  });
});

describe('paths', () => {
  it('may be absolute, have patterns in any part, and name a file twice without counting it twice', async () => {
    for (const folder of ['one', 'two']) {
      mkdirSync(at(folder));
      writeFileSync(at(`${folder}/access.log`), line('/a', '::1'));
    }

    expect(await run({ source: `*/access.log,${at('one')}/access.log` })).toMatchObject({
      evidence: { page_views: 2 },
    });
    expect(await run({ source: `${at('{one,two}')}/*.log` })).toMatchObject({ evidence: { page_views: 2 } });
  });

  it('that are addresses publish neither user nor password', async () => {
    const ran = await run({ source: 'ssh://deploy:secret@web.example' });

    expect(ran).toMatchObject({ code: 1, text: expect.stringContaining('without password and path') });
    expect(ran.text).not.toContain('secret');
  });
});
