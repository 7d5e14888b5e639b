import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectEngagement } from '../../actions/collect-engagement/role.ts';
import { engagementEvidence } from '../../core/ops/evidence.ts';
import { runRole } from '../../core/run.ts';
import { type EmbeddedForge, startForge } from '../../embedded-forge/main.ts';
import { allScopes, seeder } from '../../embedded-forge/seed.ts';

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
      Object.entries(settings).map(([name, value]) => [
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
  ])('is refused and named: %s', async (_, content, message) => {
    writeFileSync(at('access.log'), content);

    const ran = await run({ source: 'access.log' });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain(message);
    expect(ran.evidence).toBeUndefined();
  });

  it('that is empty is a day without visitors, which is not the same as a missing file', async () => {
    writeFileSync(at('access.log'), '');

    expect(await run({ source: 'access.log' })).toMatchObject({
      code: 0,
      evidence: { page_views: 0, lines: 0, response_time: { p50_seconds: null } },
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
    expect(await run({ source: 'access.log', 'max-bad-percent': '20' })).toMatchObject({
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

describe('committing', () => {
  let forge: EmbeddedForge;
  beforeEach(async () => {
    forge = await startForge();
  });
  afterEach(() => forge.close());

  it('goes to the ops branch once, and is repaired when somebody changed it', async () => {
    const { createUser, createRepository, putFile, api } = seeder(forge.url, forge.adminToken);
    const owner = await createUser('owner', allScopes);
    const ops = await createRepository(owner, 'ops');
    writeFileSync(at('access.log'), line('/a', '::1'));
    const settings = {
      source: 'access.log',
      commit: 'direct',
      'forge-url': forge.url,
      'forge-token': owner.token,
      'ops-repo': ops,
    };
    const file = `/repos/${ops}/contents/evidence/engagement/2026-11-20.json`;

    expect(await run(settings)).toMatchObject({ code: 0, text: expect.stringContaining('1 file committed') });
    expect(await run(settings)).toMatchObject({ code: 0, text: expect.stringContaining('Nothing to do') });
    await putFile(owner, ops, 'evidence/engagement/2026-11-20.json', '{}');
    expect(await run(settings)).toMatchObject({ code: 0, text: expect.stringContaining('1 file committed') });

    const { body } = await api('GET', file);
    const evidence = JSON.parse(
      Buffer.from((body as { content: string }).content, 'base64').toString('utf8'),
    );
    expect(evidence).toMatchObject({ page_views: 1 });
  });

  it('without what it needs says so, before the log is read', async () => {
    expect(await run({ source: 'access.log', commit: 'direct' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('commit: direct needs forge-url, forge-token, ops-repo'),
    });
  });
});
