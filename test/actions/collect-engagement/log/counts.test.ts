import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { joinEdges, totalsOf } from '../../../../actions/collect-engagement/log/counts.ts';
import { createFastReader } from '../../../../actions/collect-engagement/log/fast.ts';
import { createPlainReader, type LogReader } from '../../../../actions/collect-engagement/log/reader.ts';
import { parseRecord } from '../../../../actions/collect-engagement/log/record.ts';
import type { Rules } from '../../../../actions/collect-engagement/log/rules.ts';
import { testedScanner } from '../../../scanner.ts';

const units = { time: 1, duration: 1 };
const day = '2026-11-20';
const noon = Date.parse(`${day}T12:00:00Z`) / 1000;
const browser =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36';

interface Given {
  ts?: unknown;
  uri?: string;
  method?: string;
  status?: number;
  ip?: string;
  client?: string;
  agent?: string | undefined;
  referer?: string;
  host?: string;
  duration?: unknown;
  headers?: Record<string, unknown>;
}

/** A line as Caddy writes it; what a test does not care about is a page view by one visitor at noon. */
function line(given: Given = {}): string {
  const headers = given.headers ?? {
    ...(given.agent === undefined ? { 'User-Agent': [browser] } : { 'User-Agent': [given.agent] }),
    ...(given.referer === undefined ? {} : { Referer: [given.referer] }),
  };
  const request = {
    remote_ip: given.ip ?? '10.0.0.1',
    ...(given.client === undefined ? {} : { client_ip: given.client }),
    method: given.method ?? 'GET',
    host: given.host ?? 'site.test',
    uri: given.uri ?? '/',
    headers,
  };
  return JSON.stringify({
    level: 'info',
    ts: given.ts ?? noon,
    request,
    duration: given.duration ?? 0.5,
    status: given.status ?? 200,
  });
}

const tested = testedScanner();
const readers: [string, (rules: Rules) => LogReader][] = [
  [`the compiled reader, with ${tested.name}`, (rules) => createFastReader(rules, tested.scanner)],
  ['the plain reader', createPlainReader],
];

describe.each(readers)('%s', (_name, create) => {
  function totals(
    lines: string[],
    { top = 10, ...options }: Partial<Rules> & { top?: number } = {},
  ): ReturnType<typeof totalsOf> {
    const reader = create({ date: day, units, ownHosts: [], ...options });
    reader.begin();
    const length = reader.buffer().write(lines.map((item) => `${item}\n`).join(''));
    reader.scan(length);
    const edges = reader.end();
    const counts = reader.counts();
    counts.bad += joinEdges([edges]).bad;
    return totalsOf(counts, top);
  }

  describe('a page view', () => {
    it.each<[string, Given, number]>([
      ['a GET that succeeded', {}, 1],
      ['a GET answered 304', { status: 304 }, 1],
      ['a POST', { method: 'POST' }, 0],
      ['a GET answered 404', { status: 404 }, 0],
      ['an asset, whatever its case and query', { uri: '/a/Style.CSS?v=1' }, 0],
      ['a page whose query looks like an asset', { uri: '/page?next=a.css' }, 1],
      ['a page named like an asset’s folder', { uri: '/a.css/page' }, 1],
      ['a bot', { agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' }, 0],
      ['nobody’s agent', { headers: {} }, 1],
    ])('%s', (_, given, views) => {
      expect(totals([line(given)])).toMatchObject({ total_requests: 1, page_views: views });
    });
  });

  describe('visitors and referrers', () => {
    it('count distinct addresses, the client’s before the peer’s, IPv6 too', () => {
      expect(
        totals([
          line({ ip: '10.0.0.1', client: '::1' }),
          line({ ip: '10.0.0.2', client: '::1' }),
          line({ ip: '::2' }),
          line({ ip: '' }),
        ]).unique_visitors,
      ).toBe(2);
    });

    it('name the host somebody came from, never our own, and never credentials', () => {
      const found = totals(
        [
          line({ referer: 'https://User:pw@News.Example:8443/x?q=1' }),
          line({ referer: 'https://site.test/a' }),
          line({ referer: 'https://shop.test/' }),
          line({ referer: 'not a url' }),
        ],
        { ownHosts: ['SHOP.test'] },
      );

      expect(found.top_referrers).toEqual([{ source: 'news.example', visits: 1 }]);
      expect(found.referred_visitors).toBe(1);
    });

    it('take the first header of a name in any case, and survive what a visitor sends', () => {
      expect(
        totals([line({ headers: { referer: ['https://a.test/'], Referer: ['https://b.test/'] } })])
          .top_referrers,
      ).toEqual([{ source: 'a.test', visits: 1 }]);
      expect(
        totals([line({ uri: '/__proto__' }), line({ uri: '/constructor' }), line({ uri: '/"\n\u001b[31m' })])
          .page_views,
      ).toBe(3);
    });
  });

  describe('a day', () => {
    const at = (time: string): string => line({ ts: Date.parse(time) / 1000 });

    it('is exactly the day in UTC', () => {
      expect(
        totals([
          at('2026-11-19T23:59:59.999Z'),
          at('2026-11-20T00:00:00Z'),
          at('2026-11-20T23:59:59.999Z'),
          at('2026-11-21T00:00:00Z'),
        ]).total_requests,
      ).toBe(2);
    });

    it('owns the bad lines after its records, and those before the first record of the log', () => {
      expect(
        totals(['bad', at('2026-11-20T01:00:00Z'), 'bad', '', at('2026-11-21T01:00:00Z'), 'bad']),
      ).toMatchObject({ lines: 3, bad_lines: 2 });
      expect(totals(['bad', at('2026-11-19T01:00:00Z'), 'bad'])).toMatchObject({ lines: 0, bad_lines: 0 });
    });
  });

  describe('top lists and percentiles', () => {
    it('put most first and equals by name', () => {
      expect(
        totals(
          ['/b', '/a', '/c', '/c', '/d'].map((uri) => line({ uri })),
          { top: 3 },
        ).top_pages,
      ).toEqual([
        { path: '/c', views: 2 },
        { path: '/a', views: 1 },
        { path: '/b', views: 1 },
      ]);
    });

    it('keep no query, fragment or password of a path', () => {
      expect(
        totals([
          line({ uri: '/a?token=x' }),
          line({ uri: '/a#x' }),
          line({ uri: 'http://me:secret@site.test/a' }),
        ]).top_pages,
      ).toEqual([
        { path: '/a', views: 2 },
        { path: 'http://site.test/a', views: 1 },
      ]);
    });

    it.each([
      ['/proxy/https://me:secret@h/x', '/proxy/https://h/x'],
      ['//me:secret@h/x', '//h/x'],
      ['http:///me:secret@h/x', 'http:///h/x'],
      ['http:me:secret@h/x', 'http:h/x'],
      ['averyveryveryverylongscheme://me:s@e@h/x', 'averyveryveryverylongscheme://h/x'],
      ['/@somebody', '/@somebody'],
      ['/a@b/c', '/a@b/c'],
      ['/', '/'],
    ])('keep nobody’s password: %s', (uri, path) => {
      expect(totals([line({ uri })]).top_pages).toEqual([{ path, views: 1 }]);
    });

    it('are by nearest rank, sort small durations right, and are null without a view', () => {
      const found = totals([0.00001, 0.00009, 0.5, 2].map((duration) => line({ duration })));

      expect(found.response_time).toEqual({ p50_seconds: 0.00009, p95_seconds: 2, p99_seconds: 2 });
      expect(totals([]).response_time).toEqual({ p50_seconds: null, p95_seconds: null, p99_seconds: null });
    });
  });
});

describe('a record', () => {
  it.each<[string, string]>([
    ['not JSON', '127.0.0.1 - - [20/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 2'],
    ['without a time', '{"request":{"uri":"/"},"status":200}'],
    ['with a time without a zone', '{"ts":"2026/11/20 12:00:00","request":{"uri":"/"},"status":200}'],
    ['with a status in quotes', '{"ts":1,"request":{"uri":"/"},"status":"200"}'],
    ['cut off', '{"ts":1,"request":{"uri":"/"},"sta'],
    ['a number', '7'],
    ['null', 'null'],
  ])('is no record: %s', (_, text) => {
    expect(parseRecord(text, units)).toBeUndefined();
  });

  it.each<[string, unknown, number]>([
    ['seconds', noon, 1],
    ['milliseconds', noon * 1e3, 1e3],
    ['nanoseconds', noon * 1e9, 1e9],
    ['ISO 8601', '2026-11-20T12:00:00.000Z', 1],
    ['RFC 3339 with a zone', '2026-11-20T14:00:00+02:00', 1],
    ['ISO 8601 as zap writes it', '2026-11-20T14:00:00.000+0200', 1],
    ['the common log’s form', '20/Nov/2026:13:00:00 +0100', 1],
  ])('has its time as %s', (_, ts, time) => {
    expect(parseRecord(line({ ts }), { time, duration: 1 })?.time).toBe(noon);
  });

  it.each<[unknown, number | undefined]>([
    ['1.5ms', 0.0015],
    ['1m2.5s', 62.5],
    ['350µs', 0.00035],
    ['nonsense', undefined],
    [-1, undefined],
    [0.25, 0.25],
  ])('has its duration %s in seconds', (duration, seconds) => {
    const found = parseRecord(line({ duration }), units)?.seconds;

    if (seconds === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(seconds, 12);
  });

  const real =
    process.env.FORGECREW_CADDY_LOG ??
    fileURLToPath(new URL('../../../../../shared/caddy/access-caddy-2.6.2.jsonl', import.meta.url));
  it.skipIf(!existsSync(real))(
    'is found on every line of a log that Caddy wrote (FORGECREW_CADDY_LOG names one)',
    () => {
      const lines = readFileSync(real, 'utf8')
        .split('\n')
        .filter((item) => item !== '');

      expect(lines.filter((item) => parseRecord(item, units) === undefined)).toEqual([]);
    },
  );
});
