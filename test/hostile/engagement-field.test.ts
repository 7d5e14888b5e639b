import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engagementEvidence } from '../../actions/collect-engagement/evidence.ts';
import { createWorkspace, day, type Ran, type Workspace } from '../engagement.ts';

// Logs as people really have them: of a part of Caddy, passed on by other programs, without addresses, in two copies.

let workspace: Workspace;
beforeEach(() => {
  workspace = createWorkspace();
});
afterEach(() => workspace.close());

const noon = Date.parse(`${day}T12:00:00Z`) / 1000;
type Members = Record<string, unknown>;

/** The record of a request as Caddy writes it today; a member that is `undefined` is left out. */
function record(more: Members = {}, request: Members = {}): string {
  return JSON.stringify({
    level: 'info',
    ts: noon,
    logger: 'http.log.access.log3',
    msg: 'handled request',
    request: {
      remote_ip: '198.51.100.7',
      remote_port: '51324',
      client_ip: '198.51.100.7',
      proto: 'HTTP/3.0',
      method: 'GET',
      host: 'shop.example',
      uri: '/menu',
      headers: { 'User-Agent': ['Mozilla/5.0 (Macintosh) Firefox/131.0'] },
      ...request,
    },
    bytes_read: 0,
    user_id: '',
    duration: 0.004,
    size: 812,
    status: 200,
    resp_headers: { Server: ['Caddy'] },
    ...more,
  });
}

/** So many visitors of a page, one line each. */
function visits(count: number, more: Members = {}, request: (nth: number) => Members = () => ({})): string[] {
  return Array.from({ length: count }, (_, nth) => {
    const address = `198.51.${100 + Math.floor(nth / 200)}.${(nth % 200) + 1}`;
    const ts = noon + nth;
    return record({ ts, ...more }, { remote_ip: address, client_ip: address, ...request(nth) });
  });
}

function put(file: string, lines: string[]): void {
  writeFileSync(workspace.at(file), lines.map((line) => `${line}\n`).join(''));
}

/** What comes of a log with these lines. */
async function collect(lines: string[], settings: Record<string, string> = {}): Promise<Ran> {
  put('access.log', lines);
  return workspace.run({ source: 'access.log', ...settings });
}

/** What Caddy tells beside the records of requests. */
const told = {
  storage: '{"level":"info","ts":1795176000.1,"logger":"tls","msg":"storage cleaning happened too recently"}',
  start: '{"level":"info","ts":1795176000.2,"msg":"using config from file","file":"/etc/caddy/Caddyfile"}',
  admin: record({ logger: 'admin.api', msg: 'received request', status: undefined, duration: undefined }),
  refused: record({
    level: 'error',
    logger: 'http.log.error.log3',
    msg: 'dial tcp 10.8.0.4:3000: i/o timeout',
    status: 504,
    err_id: 'x7',
    err_trace: 'reverseproxy.statusError (reverseproxy.go:1390)',
  }),
  upstream: record({ level: 'debug', logger: 'http.handlers.reverse_proxy', msg: 'upstream roundtrip' }),
  // A filter of the encoder takes `logger` away: the message tells.
  unnamed: record({ level: 'debug', logger: undefined, msg: 'upstream roundtrip' }),
};

describe('what Caddy tells beside the records of requests', () => {
  it.each(Object.entries(told))('is neither a record nor a bad line: %s', async (_, line) => {
    const { code, evidence } = await collect([line, ...visits(3), line, line]);

    expect(code).toBe(0);
    expect(evidence).toMatchObject({
      total_requests: 3,
      page_views: 3,
      lines: 3,
      bad_lines: 0,
      complete: true,
    });
  });

  it.each(Object.entries(told))('alone is no access log: %s', async (_, line) => {
    const ran = await collect([line, line]);

    expect(ran).toMatchObject({ code: 1, evidence: undefined });
    expect(ran.text).toContain(
      'access.log: holds no record of a request, only what Caddy tells of itself: errors, upstreams, certificates. Name the access log as well',
    );
  });

  it('does not count a request twice that an error and a record tell of', async () => {
    const asked = { uri: '/pay', method: 'POST' };
    const lines = visits(4).flatMap((line) => [
      record({ logger: 'http.log.error', msg: 'EOF', status: 502 }, asked),
      record({ status: 502, level: 'error' }, asked),
      line,
    ]);

    expect((await collect(lines)).evidence).toMatchObject({
      total_requests: 8,
      page_views: 4,
      status_classes: { '2xx': 4, '5xx': 4 },
    });
  });

  it('in a rotated file of its own leaves the day to the other files, and a person is told', async () => {
    put('access-1.log', visits(5));
    put('access-2.log', [told.start, told.storage]);

    const { code, text, evidence } = await workspace.run({ source: 'access-*.log' });

    expect(code).toBe(0);
    expect(evidence).toMatchObject({ page_views: 5, bad_lines: 0 });
    expect(text).toContain(
      '! access-2.log  (holds no record of a request, only what Caddy tells of itself; the day is read from the others)',
    );
  });

  it('does not hide a trace that a crash left where the records of the day would be', async () => {
    const old = visits(2, { ts: noon - 86_400 });
    const trace = ['panic: runtime error: index out of range', 'goroutine 1 [running]:', 'main.main()'];

    expect(await collect([...old, ...trace])).toMatchObject({
      code: 1,
      evidence: undefined,
      text: expect.stringContaining('where its records would be stand 3 lines that are none'),
    });
  });
});

describe('page views without an address', () => {
  it.each<[string, (nth: number) => Members]>([
    ['of a Unix socket', () => ({ remote_ip: '@', client_ip: '@' })],
    ['of a socket with a path', () => ({ remote_ip: '/run/caddy/web.sock', client_ip: '' })],
    ['that a filter deleted', () => ({ remote_ip: undefined, client_ip: undefined })],
    ['that a filter replaced', () => ({ remote_ip: 'REDACTED', client_ip: 'REDACTED' })],
    ['that a filter hashed', (nth) => ({ remote_ip: `a1b2c3d${nth % 10}`, client_ip: `a1b2c3d${nth % 10}` })],
    ['that are numbers of connections', (nth) => ({ remote_ip: String(nth), client_ip: String(nth) })],
    ['masked to their networks', (nth) => ({ remote_ip: `203.0.${nth}.0`, client_ip: `203.0.${nth}.0` })],
    ['masked in IPv6', (nth) => ({ remote_ip: `2001:db8:${nth}::`, client_ip: `2001:db8:${nth}::` })],
    [
      'before Caddy 2.5',
      (nth) => ({ remote_ip: undefined, client_ip: undefined, remote_addr: `198.51.100.${nth}:51324` }),
    ],
  ])('%s are of unknown visitors, never of none', async (_, request) => {
    const { code, text, evidence } = await collect(visits(12, {}, request));

    expect(code).toBe(0);
    expect(engagementEvidence.parse(evidence)).toMatchObject({
      page_views: 12,
      unique_visitors: null,
      referred_visitors: null,
      views_without_address: 12,
      complete: false,
    });
    expect(text).toContain('the visitors are unknown: of 12 of 12 page views the log has no address');
    expect(text).toContain('set `trusted_proxies`');
  });

  it('that are few leave the other visitors known, and are told', async () => {
    const lines = (unknown: number): string[] =>
      visits(100, {}, (nth) => (nth < unknown ? { remote_ip: '@', client_ip: '@' } : {}));

    const few = await collect(lines(2));
    const many = await collect(lines(50));

    expect(few.evidence).toMatchObject({ unique_visitors: 98, views_without_address: 2, complete: true });
    expect(many.evidence).toMatchObject({ unique_visitors: 50, views_without_address: 50, complete: false });
    for (const { text } of [few, many]) expect(text).toContain('some visitors are unknown');
  });

  it('are not said of a site that one person visited, whatever their address ends with', async () => {
    for (const address of ['198.51.100.1', '2001:db8::1', '::ffff:198.51.100.1', 'fe80::1%eth0'])
      expect(
        (await collect(visits(3, {}, () => ({ remote_ip: address, client_ip: address })))).evidence,
      ).toMatchObject({
        unique_visitors: 1,
        views_without_address: 0,
        complete: true,
      });
  });
});

describe('the time of a record', () => {
  it.each([
    '2026-11-20 13:00:00 +0100',
    '2026-11-20 13:00:00+01:00',
    '2026-11-20T12:00:00Z',
    '2026-11-20T12:00:00.123456789Z',
    '2026/11/20 07:00:00.000 -0500',
    '20/Nov/2026:13:00:00 +0100',
    'Fri, 20 Nov 2026 12:00:00 UTC',
    'Fri, 20 Nov 2026 12:00:00 +0000',
    'Fri Nov 20 12:00:00 +0000 2026',
    '20 Nov 26 12:00 +0000',
    '2026-11-20 12:00:00.5 +0000 UTC',
  ])('is read with its zone: %s', async (ts) => {
    expect(await collect(visits(3, { ts }))).toMatchObject({
      code: 0,
      evidence: { page_views: 3, bad_lines: 0 },
    });
  });

  it.each<[string, Members, string]>([
    [
      'is a wall clock',
      { ts: '2026/11/20 12:00:00' },
      'Instead of `time_format wall` write `time_format rfc3339` into its encoder',
    ],
    [
      'is a text of a layout without a zone',
      { ts: '2026-11-20 12:00:00' },
      'Instead of `time_format "2006-01-02 15:04:05"` write `time_format "2006-01-02 15:04:05 -0700"`',
    ],
    [
      'has the name of a zone alone',
      { ts: 'Fri, 20 Nov 2026 12:00:00 CST' },
      'whose zone is only a name, CST',
    ],
    ['is a text that is no time', { ts: 'this noon' }, 'a text in `ts` that is no time known here'],
    [
      'has another key',
      { ts: undefined, '@timestamp': noon },
      'with its time in `@timestamp`, not in `ts`. Take the line `time_key @timestamp` out of its encoder',
    ],
    [
      'has another key, and is text',
      { ts: undefined, when: '2026-11-20T12:00:00Z' },
      'Take the line `time_key when` out of its encoder',
    ],
    ['is missing', { ts: undefined }, 'without a time: `ts` is missing'],
  ])('that %s is refused by its own name, with the line to change', async (_, more, message) => {
    const ran = await collect(visits(3, more));

    expect(ran).toMatchObject({ code: 1, evidence: undefined });
    expect(ran.text).toContain(message);
  });
});

describe('lines that another program passed on', () => {
  it.each<[string, (line: string, nth: number) => string, string]>([
    [
      'docker compose',
      (line) => `web-1  | ${line}`,
      '`docker compose logs --no-log-prefix --no-color <service>`',
    ],
    [
      'docker compose in colour',
      (line) => `\u001b[36mweb-1  |\u001b[0m ${line}`,
      'what docker compose prints',
    ],
    ['a container runtime', (line) => `2026-11-20T12:00:00.1Z stderr F ${line}`, 'Take `kubectl logs <pod>`'],
    ['kubectl', (line) => `[pod/web-0/caddy] ${line}`, 'Leave --prefix out'],
    [
      'docker logs -t',
      (line) => `2026-11-20T12:00:00.123456789Z ${line}`,
      'docker logs prints them with --timestamps',
    ],
    [
      'journalctl',
      (line, nth) => `Nov 20 12:00:0${nth} web caddy[812]: ${line}`,
      'Take `journalctl -u caddy -o cat`',
    ],
    [
      'journalctl -o short-iso',
      (line, nth) => `2026-11-20T12:00:0${nth}+0000 web caddy[812]: ${line}`,
      'Take `journalctl -u caddy -o cat`',
    ],
    ['syslog', (line) => `<30>1 2026-11-20T12:00:00Z web caddy 812 - - ${line}`, "syslog's text"],
    [
      'supervisord',
      (line) => `2026-11-20 12:00:00,123 DEBG 'caddy' stderr output:\n${line}`,
      "Name the file that the program's `stdout_logfile` or `stderr_logfile` says",
    ],
    ['pm2', (line) => `0|caddy    | ${line}`, 'Take `pm2 logs --raw`'],
    ['s6-log', (line) => `@4000000065a5b4e31f8b7a44 ${line}`, 's6-log or multilog'],
    [
      'something unknown',
      (line) => `[web] >> ${line}`,
      "Caddy's JSON with something else before it on each line",
    ],
  ])('by %s are refused with the way to the lines alone', async (_, wrap, message) => {
    const ran = await collect(visits(6).map(wrap));

    expect(ran).toMatchObject({ code: 1, evidence: undefined });
    expect(ran.text).toContain(message);
    expect(ran.text).not.toContain('let Caddy write JSON');
  });

  const journal = { __REALTIME_TIMESTAMP: '1795176000000000', _SYSTEMD_UNIT: 'caddy.service' };
  it.each<[string, (line: string) => string]>([
    ['docker', (log) => JSON.stringify({ log: `${log}\n`, stream: 'stderr', time: `${day}T12:00:00Z` })],
    ['journald', (line) => JSON.stringify({ ...journal, MESSAGE: line })],
    ['journald, as bytes', (line) => JSON.stringify({ ...journal, MESSAGE: [...Buffer.from(line)] })],
  ])('as JSON by %s are read', async (_, wrap) => {
    const { code, evidence } = await collect([told.start, ...visits(6), told.storage].map(wrap));

    expect(code).toBe(0);
    expect(evidence).toMatchObject({ page_views: 6, unique_visitors: 6, lines: 6, bad_lines: 0 });
  });

  it('as JSON may be of another program, which is named', async () => {
    const common = '192.0.2.4 - - [20/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 2';

    expect(await collect([JSON.stringify({ log: `${common}\n`, stream: 'stdout' })])).toMatchObject({
      code: 1,
      text: expect.stringContaining('the Common format of nginx or Apache'),
    });
  });
});

describe('one log in two files', () => {
  const lines = visits(300);
  const text = lines.map((line) => `${line}\n`).join('');
  const half = `${lines.slice(0, 150).join('\n')}\n`;

  it.each<[string, Record<string, string | Buffer>, string]>([
    ['plain and packed', { 'access.log': text, 'access.log.gz': gzipSync(text) }, 'access.log.gz'],
    [
      'packed, and plain under another name',
      { 'access.log': text, 'old.log.gz': gzipSync(text) },
      'old.log.gz',
    ],
    ['packed, and gone on since', { 'access.log': text, 'access.log.gz': gzipSync(half) }, 'access.log.gz'],
    ['packed, and cut since', { 'access.log': half, 'access.log.gz': gzipSync(text) }, 'access.log'],
    [
      'being packed just now',
      { 'access.log': text, 'access.log.gz': gzipSync(text).subarray(0, 3000) },
      'access.log.gz',
    ],
    ['being packed, with nothing there yet', { 'access.log': text, 'access.log.gz': '' }, 'access.log.gz'],
    ['packed twice', { 'a.log.gz': gzipSync(text), 'b.log.gz': gzipSync(text, { level: 1 }) }, 'a.log.gz'],
    ['copied', { 'access.log': text, 'access.log.bak': text }, 'access.log'],
    ['copied while it was written', { 'access.log': text, 'access.log.bak': half }, 'access.log.bak'],
  ])('is counted once: %s', async (_, files, dropped) => {
    for (const [file, content] of Object.entries(files)) writeFileSync(workspace.at(file), content);

    const { code, text: said, evidence } = await workspace.run({ source: '*.log*' });

    expect(code).toBe(0);
    expect(evidence).toMatchObject({ page_views: 300, lines: 300, complete: true });
    expect(said).toContain(`! ${dropped}  (`);
    expect(said).toContain('it is counted once');
  });

  it('that goes two ways is refused: nobody knows what is in both', async () => {
    put('access.log', lines);
    writeFileSync(workspace.at('other.log.gz'), gzipSync(half + half));

    expect(await workspace.run({ source: '*.log*' })).toMatchObject({
      code: 1,
      evidence: undefined,
      text: expect.stringContaining(
        'other.log.gz: begins with the same lines as access.log, and goes on with others',
      ),
    });
  });

  it('is not what follows one another', async () => {
    put('access.log', lines.slice(150));
    writeFileSync(workspace.at('access-1.log.gz'), gzipSync(half));

    expect((await workspace.run({ source: '*.log*' })).evidence).toMatchObject({
      page_views: 300,
      lines: 300,
    });
  });
});

describe('answers in parts', () => {
  const part = (uri: string, nth: number, range: string): string =>
    record(
      { status: 206, ts: noon + nth },
      { uri, headers: { Range: [range], 'User-Agent': ['Mozilla/5.0 (X11) Firefox/131.0'] } },
    );

  it('are one view of whoever reads the file', async () => {
    const paper = Array.from({ length: 30 }, (_, nth) => part('/menu.pdf', nth, `bytes=${nth * 65_536}-`));
    const other = part('/menu.pdf', 40, 'bytes=0-1023').replaceAll('198.51.100.7', '198.51.100.8');

    expect((await collect([...paper, other])).evidence).toMatchObject({
      total_requests: 31,
      page_views: 2,
      unique_visitors: 2,
      top_pages: [{ path: '/menu.pdf', views: 2 }],
    });
  });

  it('of a file that was given whole as well add nothing', async () => {
    const whole = record({}, { uri: '/menu.pdf' });
    const parts = Array.from({ length: 9 }, (_, nth) => part('/menu.pdf', nth, `bytes=${nth}-`));

    expect((await collect([whole, ...parts])).evidence).toMatchObject({ page_views: 1, unique_visitors: 1 });
  });

  it('of a page count where they begin', async () => {
    const lines = [part('/story', 1, 'bytes=0-'), part('/story', 2, 'bytes=9000-')];

    expect((await collect(lines)).evidence).toMatchObject({ page_views: 1 });
  });
});

describe('hosts of ours', () => {
  it.each([
    ['as URLs', 'https://blog.example/', 'https://blog.example/a'],
    ['as URLs with a port', 'http://blog.example:8080/x?y', 'http://blog.example/a'],
    ['with a wildcard', '*.blog.example', 'https://de.blog.example/'],
    ['with a wildcard, which means the host itself too', '*.blog.example', 'https://blog.example/'],
    ['with a leading dot', '.blog.example', 'https://a.b.blog.example/'],
    ['in other letters', 'bücher.example', 'https://xn--bcher-kva.example/'],
    ['in other letters, with a wildcard', '*.BÜCHER.example', 'https://shop.xn--bcher-kva.example/'],
    ['with the dot of the root', 'blog.example.', 'https://BLOG.example/'],
  ])('are known %s', async (_, own, referer) => {
    const headers = (from: string): Members => ({ Referer: [from] });
    const lines = [
      record({}, { headers: headers(referer) }),
      record({}, { headers: headers('https://notblog.example/') }),
    ];

    expect((await collect(lines, { 'own-hosts': own })).evidence).toMatchObject({
      top_referrers: [{ source: 'notblog.example', visits: 1 }],
    });
  });

  it.each(['*', 'https://', 'my site', '/blog'])('are no others: %s', async (own) => {
    expect(await collect(visits(1), { 'own-hosts': own })).toMatchObject({
      code: 1,
      text: expect.stringContaining(
        `${JSON.stringify(own)} is no host. Write site.example, or *.site.example for it and all hosts below it.`,
      ),
    });
  });
});
