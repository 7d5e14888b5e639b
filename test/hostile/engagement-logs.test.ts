import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engagementEvidence } from '../../actions/collect-engagement/evidence.ts';
import { takePieces } from '../../actions/collect-engagement/log/files.ts';
import { compileScanner } from '../../actions/collect-engagement/log/scanner.ts';
import { createWorkspace, line, type Workspace } from '../engagement.ts';

let workspace: Workspace;
beforeEach(() => {
  workspace = createWorkspace();
});
afterEach(() => workspace.close());
const at = (file: string): string => workspace.at(file);
const run: Workspace['run'] = (settings) => workspace.run(settings);
const hasZstd = spawnSync('zstd', ['--version']).status === 0;

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

  it('has no line of another day in it, nor of a clock that went wrong', async () => {
    writeFileSync(
      at('access.log'),
      line('/a', '::1') +
        line('/future', '::1', '2031-01-01T00:00:00Z') +
        line('/past', '::1', '1971-01-01T00:00:00Z') +
        line('/b', '::1', '2026-11-20T23:59:59.999Z'),
    );

    expect(await run({ source: 'access.log' })).toMatchObject({ evidence: { page_views: 2, lines: 2 } });
  });
});

describe('a log that is something else', () => {
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

describe('a log that breaks off', () => {
  it('in a packed file is refused, because what is missing is unknown', async () => {
    const packed = gzipSync(line('/a', '::1').repeat(2000));
    writeFileSync(at('access.log.gz'), packed.subarray(0, packed.length - 20));

    const ran = await run({ source: 'access.log.gz' });

    expect(ran).toMatchObject({ code: 1, evidence: undefined });
    expect(ran.text).toContain('could not be read to its end');
  });

  it('in its last line has one bad line, which is of the day of the records before it', async () => {
    writeFileSync(at('access.log'), line('/a', '::1').repeat(30) + line('/b', '::1').slice(0, 40));

    expect(await run({ source: 'access.log' })).toMatchObject({
      code: 0,
      evidence: { page_views: 30, bad_lines: 1, lines: 31, complete: true },
    });
  });

  it.each([
    ['in a piece', 0],
    ['before a piece, which is not an empty one', 50_000],
  ])('because it became shorter while it was read is said to: %s', (_, from) => {
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

describe('what visitors send', () => {
  const odd = (uri: string, headers: Record<string, unknown> = {}): string =>
    `${JSON.stringify({ ts: Date.parse('2026-11-20T12:00:00Z') / 1000, request: { remote_ip: '::1', method: 'GET', host: 'site.test', uri, headers }, duration: 0.1, status: 200 })}\n`;

  it('is counted as it is, and neither breaks the evidence nor the log of the run', async () => {
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
});

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
    const ran = await run({ source: 'ssh://deploy:hunter2@web.example' });

    expect(ran).toMatchObject({ code: 1, text: expect.stringContaining('without password and path') });
    expect(ran.text).not.toContain('hunter2');
  });
});
