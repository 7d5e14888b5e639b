import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Counts,
  type Edges,
  joinEdges,
  type LogEdges,
  noEdges,
} from '../../../../actions/collect-engagement/log/counts.ts';
import { createFastReader, type FastReader } from '../../../../actions/collect-engagement/log/fast.ts';
import { finishLine, scanLines } from '../../../../actions/collect-engagement/log/files.ts';
import { createPlainReader, type LogReader } from '../../../../actions/collect-engagement/log/reader.ts';
import type { Rules } from '../../../../actions/collect-engagement/log/rules.ts';
import { testedScanner } from '../../../scanner.ts';
import { fuzzRuns } from '../../../thorough.ts';

// The compiled reader is held to JSON.parse on every line: what is counted has to be the same, whatever stands in a
// line and wherever a buffer ends.

const tested = testedScanner();

function createReader(rules: Rules): FastReader {
  return createFastReader(rules, tested.scanner);
}

const day = '2026-11-20';
const noon = Date.parse(`${day}T12:00:00Z`) / 1000;

function read(
  create: (rules: Rules) => LogReader,
  bytes: Buffer,
  cuts: number[],
  units: Rules['units'],
): { counts: unknown; edges: Edges } {
  const reader = create({ date: day, units, ownHosts: ['own.example'] });
  reader.begin();
  let held = 0;
  let at = 0;
  for (const cut of [...new Set(cuts.map((item) => item % (bytes.length + 1))), bytes.length].sort(
    (a, b) => a - b,
  )) {
    bytes.copy(reader.buffer(), held, at, cut);
    held = scanLines(reader, held, held + cut - at);
    at = cut;
  }
  finishLine(reader, held);
  return { edges: reader.end(), counts: comparable(reader.counts()) };
}

function comparable(counts: Counts): unknown {
  return {
    ...counts,
    pages: [...counts.pages].sort(),
    referrers: [...counts.referrers].sort(),
    visitors: [...counts.visitors].sort(),
    referred: [...counts.referred].sort(),
    durations: [...counts.durations.values()].sort((a, b) => a - b),
    middle: counts.durations.size === 0 ? 0 : counts.durations.at(Math.floor(counts.durations.size / 2)),
    // Only how long a log has been silent is asked of it, in hours.
    newest: Math.floor(counts.newest),
    latest: Math.floor(counts.latest),
  };
}

function expectSame(bytes: Buffer, cuts: number[] = [], units = { time: 1, duration: 1 }): void {
  expect(read(createReader, bytes, cuts, units)).toEqual(read(createPlainReader, bytes, cuts, units));
}

const nasty = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '/',
      '/a',
      '/b?c=d',
      '/x#y',
      '/a.css',
      '/A.JS?x',
      'http://u:p@h/x',
      '//u@h/x',
      '/a.pdf',
      '/a.pdf?b',
      'http://u:p@h/x.zip',
      '/c.html',
    ),
  },
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\n',
    '\u001b[31m',
    '__proto__',
    'constructor',
    '\u2028',
    '\ud800',
    'é',
    '😀',
    '\u0000',
  ),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ minLength: 500, maxLength: 530 }),
);
const address = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('::1', '10.0.0.1', '10.0.0.2', '') },
  // Addresses, and what is nearly one.
  fc.constantFrom(
    '10.0.0.0',
    '255.255.255.255',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4:80',
    '1.2.3.',
    '2001:db8::',
    '2001:DB8::a',
    '::',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::',
    '1:2:3:4:5:6:7',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '12345::',
    '::ffff:1.2.3.4',
    'fe80::1%eth0',
    '@',
    '/run/caddy.sock',
    'REDACTED',
    '10.0.0.x',
  ),
  nasty,
);
const referer = fc.oneof(
  fc.constantFrom(
    'https://a.example/x?y',
    'https://site.example/',
    'https://SITE.example:8080/',
    'https://own.example/',
    'https://user:pw@b.example:8443/#x',
    'not a url',
    'data:text/plain,x',
    'https://c.example?x',
    'https://e.example ?y',
    'https://f.example /y',
    'http://g.example#y',
    'https:///h.example/y',
    'https://?y',
    'HTTPS://i.example/y',
    'https://j.example:80 #y',
    'https://k.example',
    'https:\\\\d.example\\x',
    '',
  ),
  nasty,
);
const agent = fc.oneof(
  fc.constantFrom('Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0', 'Googlebot/2.1', 'curl/8'),
  nasty,
);
/** Numbers as text, some of them no JSON. */
const numeral = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '01',
    '1.',
    '.5',
    '1e3',
    '1E+2',
    '-5',
    '200',
    '200.0',
    '2e2',
    '304',
    '99',
    '1000',
    '99999999999',
    'NaN',
    '1_0',
    '+1',
    '12345678.12345678',
    '123456789.123456',
    '1.0000000000000002',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.nat().map(String),
);
const time = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -90_000, max: 90_000 }).map((by) => `${noon + by}`) },
  fc.integer({ min: -2_000_000, max: 2_000_000 }).map((by) => `${noon + by / 7}`),
  fc.constantFrom(
    `${noon + 43_199}.9999998`,
    `${noon + 43_199}.99999999999`,
    `${noon + 43_200}`,
    `${noon - 43_200}.0000000`,
    `${noon - 43_201}.99999999999`,
    `"${day}T12:00:00.000Z"`,
    '"20/Nov/2026:13:00:00 +0100"',
    '"2026/11/20 12:00:00"',
    '"x"',
    'null',
  ),
  numeral,
);
const duration = fc.oneof(
  fc.double({ min: 0, max: 100, noNaN: true }).map(String),
  fc.integer({ min: 0, max: 2_000_000_000 }).map((ns) => `${ns / 1e9}`),
  fc.constantFrom('0.000000001', '"1m2.5s"', '"350µs"', '"x"', 'null', '"\\u0031s"'),
  numeral,
);
const junk = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    'false',
    'tru',
    '{}',
    '[]',
    '[[[]]]',
    '{"a":{"b":[1,{"c":"d"}]}}',
    '["a","b"]',
    '["\\"x\\""]',
    '"\\u00e9\\n"',
    '"\\q"',
    '"\t"',
    `${'['.repeat(70)}${']'.repeat(70)}`,
    `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
  ),
  fc.json({ maxDepth: 3 }),
  numeral,
);

/** JSON text of a string: as it is written, or with every character escaped. */
const text = (content: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(content, fc.integer({ min: 0, max: 19 }))
    .map(([value, how]) =>
      how === 0
        ? `"${[...value].flatMap((item) => item.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)).join('')}"`
        : JSON.stringify(value),
    );
const orJunk = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 15, arbitrary }, { weight: 1, arbitrary: junk });

type Pair = [name: string, value: string];
/** Pairs as an object: in any order, now and then one twice, with or without space. */
function object(pairs: fc.Arbitrary<Pair>[]): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.tuple(...pairs),
      fc.array(fc.nat({ max: 30 }), { maxLength: 3 }),
      fc.constantFrom('', '', '', '', ' ', '  ', '\t', '\r'),
      fc.nat({ max: 6 }),
      fc.nat({ max: 25 }),
    )
    .map(([all, twice, space, turned, left]) => {
      const kept = all.filter((_, index) => index !== left);
      const list = [
        ...kept.slice(turned),
        ...kept.slice(0, turned),
        ...twice.flatMap((index) => kept.slice(index, index + 1)),
      ];
      return `{${space}${list.map(([name, value]) => `${name.startsWith('"') ? name : JSON.stringify(name)}${space}:${space}${value}`).join(`${space},${space}`)}${space}}`;
    });
}
const pair = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<Pair> =>
  value.map((item) => [name, item]);
const header = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<Pair> =>
  fc.tuple(
    name,
    fc.oneof(
      { weight: 6, arbitrary: text(value).map((item) => `[${item}]`) },
      text(value).map((item) => `[ ${item} , "other" ]`),
      text(value),
      fc.constantFrom('[]', '[null]', '[["x"]]', '{"0":"x"}', '["a" "b"]'),
    ),
  );
const headers = object([
  header(
    fc.constantFrom('User-Agent', 'user-agent', 'USER-AGENT', 'User_Agent', '"\\u0055ser-Agent"'),
    agent,
  ),
  header(fc.constantFrom('Referer', 'referer', 'REFERER', 'Referrer'), referer),
  header(
    fc.constantFrom('Range', 'range'),
    fc.constantFrom('bytes=0-', 'bytes=00-9', 'bytes=1-', 'bytes=-5', 'lines=0-', ''),
  ),
  header(fc.constantFrom('Accept', 'Cookie', '__proto__', 'User-Agent', 'Referer', ''), nasty),
]);
const request = object([
  pair('remote_ip', orJunk(text(address))),
  pair('client_ip', orJunk(text(address))),
  pair('method', orJunk(text(fc.constantFrom('GET', 'GET', 'GET', 'POST', 'get', 'HEAD')))),
  pair('host', orJunk(text(fc.constantFrom('site.example', 'SITE.example:443', '[::1]:80', '')))),
  pair('uri', orJunk(text(nasty))),
  pair('headers', orJunk(headers)),
  pair('tls', junk),
]);
const status = fc.oneof(
  fc.constantFrom('200', '200', '200', '204', '206', '206', '206.0', '304', '404', '500', '101'),
  numeral,
  junk,
);
/** What says of a line that it tells of a request, and what nearly does. */
const logger = fc.constantFrom(
  '"http.log.access"',
  '"http.log.access.log0"',
  '"http.log.acces"',
  '"http.log.error"',
  '"tls"',
  '""',
  '"\\u0074ls"',
  '7',
  'null',
);
const message = fc.constantFrom(
  '"handled request"',
  '"handled  request"',
  '"handled requests"',
  '"x"',
  '"a\\"b"',
  '1',
);
const line = object([
  pair('level', fc.constantFrom('"info"', '"info"', '"error"', '3', '"\\n"')),
  pair(
    'logger',
    fc.oneof(
      { weight: 4, arbitrary: fc.constant('"http.log.access.log0"') },
      { weight: 1, arbitrary: logger },
    ),
  ),
  pair(
    'msg',
    fc.oneof({ weight: 4, arbitrary: fc.constant('"handled request"') }, { weight: 1, arbitrary: message }),
  ),
  pair('ts', orJunk(time)),
  pair('request', orJunk(request)),
  pair('duration', orJunk(duration)),
  pair('status', orJunk(status)),
  pair('resp_headers', junk),
]);
/** A line, sometimes with a byte changed, cut off, or followed by something. */
const damaged = fc
  .tuple(line, fc.nat({ max: 12 }), fc.nat(), fc.nat({ max: 255 }))
  .map(([whole, how, where, byte]) => {
    const bytes = Buffer.from(whole);
    const at = where % bytes.length;
    if (how === 0) bytes[at] = byte === 10 ? 32 : byte;
    if (how === 1) return bytes.subarray(0, at);
    if (how === 2) return Buffer.concat([bytes, Buffer.from(' x')]);
    if (how === 3) return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
    if (how === 4) return Buffer.concat([Buffer.from(' \t'), bytes, Buffer.from('\r')]);
    if (how === 5) return Buffer.concat([bytes, Buffer.from('\r')]);
    const wrapping = ['log', 'MESSAGE', 'line', 'other'][byte % 4] ?? '';
    if (how === 6) return Buffer.from(JSON.stringify({ [wrapping]: `${whole}\n`, stream: 'stderr' }));
    if (how === 7 && byte % 8 === 0)
      return Buffer.from(JSON.stringify({ MESSAGE: [...bytes], SYSLOG_IDENTIFIER: 'systemd' }));
    return bytes;
  });
const log = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: damaged },
      fc.constantFrom(
        Buffer.from(''),
        Buffer.from(' \r'),
        Buffer.from('\t'),
        Buffer.from('x'),
        Buffer.from('7'),
      ),
    ),
    { maxLength: 8 },
  )
  .map((lines) => Buffer.concat(lines.flatMap((item) => [item, Buffer.from('\n')])));

/** Mostly one, now and then the other. */
const mostly = (usual: fc.Arbitrary<string>, rare: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: rare });
const plainText = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[ -!#-[\]-~]{0,12}$/) },
  fc.stringMatching(/^[,:[\]{}]{0,4}$/),
  // As long as the places where marks are looked at 57 and 64 at a time.
  fc
    .integer({ min: 40, max: 140 })
    .map((length) => 'x'.repeat(length)),
);
const quoted = (content: fc.Arbitrary<string>): fc.Arbitrary<string> => content.map((value) => `"${value}"`);
/** Members of headers as Caddy writes them, and next to them nearly everything that is not quite that. */
const member = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        fc.oneof(
          fc.constantFrom('Accept', 'Etag', 'TE', ''),
          fc.stringMatching(/^[A-Za-z-]{1,12}$/),
          fc.integer({ min: 50, max: 70 }).map((length) => 'N'.repeat(length)),
        ),
        fc.oneof(plainText, fc.constantFrom('\\"t1\\"', '\\u00e9', '\\\\')),
      )
      .map(([name, value]) => `"${name}":["${value}"]`),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '"Referer":["https://a.example/"]',
      '"Referer":["https://b.example/x?y"]',
      '"REFERER":["https://c.example/"]',
      '"referer":["https://h.example/"]',
      '"Referer":["https://d.example/","https://e.example/"]',
      '"Referer":["https:\\/\\/f.example/"]',
      '"Referers":["https://g.example/"]',
      '"User-Agent":["Googlebot/2.1"]',
      '"User-Agent":["Mozilla/5.0"]',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '"Vary":["a","b"]',
      '"Vary":["\\"a","b\\n","c"]',
      '"Vary":["a","b]',
      '"Vary":[]',
      '"Vary": ["a"]',
      '"Vary":["a"] ',
      '"Vary":["a" ]',
      '"Vary":"a"',
      '"Vary":["a"',
      '"Vary":["a",]',
      '"Vary":[1]',
      '"Vary":[["a"]]',
      '"Vary":["a"]]',
      '"Vary":{"a":"b","c":1}',
      '"Vary":["\\"]',
      '"Vary":["\\x"]',
      '"Va\\"ry":["a"]',
      'Vary":["a"]',
      '',
    ),
  },
);
const members = fc.array(member, { maxLength: 9 }).map((all) => `{${all.join(',')}}`);
const number = mostly(
  fc.oneof(
    fc.nat().map(String),
    fc.integer({ min: 0, max: 2_000_000_000 }).map((ns) => (ns / 1e9).toFixed(9)),
  ),
  fc.oneof(numeral, fc.constantFrom('', ' 1', '1 ', '1.', '00', '-1', '1e5', '"1"', 'null', '1,1')),
);
/** What differs between lines that are otherwise written alike. */
const values = fc.tuple(
  mostly(
    time.filter((item) => /^\d+$/.test(item)),
    time,
  ),
  quoted(
    fc.oneof(
      address.filter((item) => /^[\d.:]+$/.test(item)),
      plainText,
    ),
  ),
  fc.constantFrom('"GET"', '"GET"', '"POST"'),
  mostly(
    quoted(fc.tuple(plainText, fc.constantFrom('', '', '.pdf')).map((path) => `/${path.join('')}`)),
    text(nasty),
  ),
  members,
  mostly(
    fc.constant('"logger":"http.log.access.log0","msg":"handled request",'),
    fc.oneof(
      fc.constantFrom('', '"msg":"handled request",', '"msg":"handled request!",'),
      logger.map((name) => `"logger":${name},`),
      fc.tuple(logger, message).map(([name, said]) => `"logger":${name},"msg":${said},`),
      message.map((said) => `"msg":${said},`),
    ),
  ),
  mostly(fc.constant('{"resumed":false}'), fc.constantFrom('{"resumed":true}', '{}', 'null', '[1,{"a":""}]')),
  mostly(fc.constant('""'), quoted(plainText)),
  number,
  mostly(fc.constantFrom('200', '206', '304', '404'), number),
  members,
);
const alikeLine = (headers: string): string =>
  `{"ts":${noon},"request":{"remote_ip":"::1","method":"GET","host":"h","uri":"/","headers":{${headers}}},"duration":0.5,"status":200}\n`;
const damages = [...'",:[]{}\\ 0-.e\t\n\u0000x'];
const alike = fc
  .tuple(
    fc.array(values, { minLength: 2, maxLength: 12 }),
    fc.constantFrom('', '', ' '),
    fc.constantFrom('', '', '\r', ' '),
    fc.boolean(),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: damages.length - 1 })), { maxLength: 2 }),
  )
  .map(([all, space, end, isHeaderFirst, changes]) => {
    const lines = all.map(([ts, ip, method, uri, head, telling, tls, user, seconds, code, response]) => {
      const asked = [
        `"remote_ip":${ip},"method":${method},"host":"site.example","uri":${uri}`,
        `"headers":${head}`,
      ];
      if (isHeaderFirst) asked.reverse();
      return `{"level":"info",${space}"ts":${ts},${telling}"request":{${asked.join(',')},"tls":${tls}},"user_id":${user},"duration":${seconds}${space},"status":${code},"resp_headers":${response}}${end}\n`;
    });
    const whole = lines.join('');
    let changed = whole;
    for (const [where, what] of changes) {
      const at = where % whole.length;
      changed = changed.slice(0, at) + damages[what] + changed.slice(at + 1);
    }
    return Buffer.from(changed.endsWith('\n') ? changed : `${changed}\n`);
  });

/** How a version writes its lines: which members it has that others do not, before and behind the headers. */
const version = fc.record({
  client: fc.boolean(),
  proto: fc.constantFrom('', '"proto":"HTTP/1.1",', '"proto":"HTTP/2.0",'),
  tls: fc.constantFrom(
    '',
    ',"tls":{"version":772}',
    ',"tls":{"version":772,"ech":false}',
    ',"tls":{"ech":true}',
  ),
  user: fc.constantFrom('', '"user_id":"",', '"user_id":"a",', '"user_id":7,'),
  isHeaderFirst: fc.boolean(),
});
/** Lines of several versions, mixed, so that many leave the shape of the line before somewhere. */
const mixed = fc
  .tuple(
    fc.array(version, { minLength: 2, maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(), values), { minLength: 8, maxLength: 40 }),
  )
  .map(([versions, all]) => {
    const lines = all.map(([nth, [ts, ip, method, uri, head, , , user, seconds, code, response]]) => {
      const {
        client,
        proto,
        tls,
        user: id,
        isHeaderFirst,
      } = versions[nth % versions.length] as (typeof versions)[number];
      const asked = [
        `"remote_ip":${ip},${client ? `"client_ip":${user},` : ''}${proto}"method":${method},"host":"site.example","uri":${uri}`,
        `"headers":${head}`,
      ];
      if (isHeaderFirst) asked.reverse();
      return `{"level":"info","ts":${ts},"logger":"http.log.access","msg":"handled request","request":{${asked.join(',')}${tls}},${id}"duration":${seconds},"status":${code},"resp_headers":${response}}\n`;
    });
    return Buffer.from(lines.join(''));
  });

const runs = fuzzRuns(1);

describe(`the compiled reader, with ${tested.name}, counts as JSON.parse does`, () => {
  it('on lines of every shape, cut into buffers anywhere', () => {
    fc.assert(
      fc.property(log, fc.array(fc.nat(), { maxLength: 4 }), (bytes, cuts) => expectSame(bytes, cuts)),
      { numRuns: runs },
    );
  });

  it('on lines that are written alike, but for what a server writes nearly alike', () => {
    fc.assert(
      fc.property(alike, fc.array(fc.nat(), { maxLength: 2 }), (bytes, cuts) => expectSame(bytes, cuts)),
      { numRuns: runs },
    );
  });

  it('on lines of several versions of a server, mixed', () => {
    fc.assert(
      fc.property(mixed, fc.array(fc.nat(), { maxLength: 2 }), (bytes, cuts) => expectSame(bytes, cuts)),
      { numRuns: runs },
    );
  });

  it('on names of headers that end, or are none, where marks are looked at no further', () => {
    const usual = alikeLine('"Accept":["x"]');
    for (let before = 0; before < 8; before += 1) {
      const lines = [usual, usual, usual];
      for (let length = 50; length < 70; length += 1)
        for (const end of ['', '\u0001', '"', '\\'])
          for (const more of [0, 1, 5, 6, 7, 8, 9, 14])
            lines.push(
              alikeLine(
                `"${'A'.repeat(before)}":[""],"${'N'.repeat(length)}${end}${'N'.repeat(more)}":["x"]`,
              ),
            );
      expectSame(Buffer.from(lines.join('')));
    }
  });

  it('on headers that are nearly usual, in each of the 64 places that are looked at together', () => {
    const odd = [
      '"Te":["ab"]',
      '"Te":["ab"],"Ab":["cd"],"Ef":["gh"]',
      '"":[""]',
      '"X":["\\"t1\\""]',
      '"X":["\\"\\""]',
      '"X":["\\\\"]',
      '"X":["\\\\\\""]',
      '"X":["\\\\"t1\\""]',
      '"X":["\\"]',
      '"X":["\\\u0001"]',
      '"X":["\\n\\u00e9"]',
      '"X":["\u0001"]',
      '"X":\u0001["a"]',
      '"X":["a"\u0001,"Y":["b"]',
      '"X":["]}"]',
      '"X":["],"]',
      '"X":[":["]',
      '"X":["\\"]}"]',
      '"X":["a"],"b"]',
      '"X":["a":["b"]',
      '"X":["a":["b":["c"]',
      '"X":["a"};"Y":["b"]',
      '"X"=["a"]',
      '"X":["a"}',
      '"X":["a"x',
      '"X"]',
      '"X"],"Y":["a"]',
      '"X":["a","b"]',
      '"X":["a"]]',
      '"\\"X":["a"]',
      '"User-Agent":["Googlebot/2.1"]',
      '"User-Agent":["Googlebot/2.1","b"]',
      '"User-Agent":["a \\"Googlebot/2.1"]',
      '"User-Agent":["a"],"User-Agent":["Googlebot/2.1"]',
      '"User-Agents":["Googlebot/2.1"]',
      '"User-Id":["a"]',
      '"User-Id":["a"],"User-Agent":["Googlebot/2.1"]',
      '"Referrer":["a"],"Referer":["https://b.example/"]',
      '"User-age\\"User-Agent":["Googlebot/2.1"]',
      '"x\\"User-Agent":["Googlebot/2.1"]',
      '"Referer":["https://a.example/"]',
      '"Referer":["https://a.example/"],"referer":["https://b.example/"]',
      '"Referer\\"":["https://a.example/"]',
      '"x\\"Referer":["https://a.example/"]',
      '"Referer":["https://a.example\\"b"]',
    ];
    const answering = (headers: string): string =>
      alikeLine('"Accept":["x"]').replace('}\n', `,"resp_headers":{${headers}}}\n`);
    for (const line of [alikeLine, answering])
      for (const more of ['', ',"Accept":["x"]']) {
        const lines = Array.from({ length: 3 }, () => line('"Accept":["x"]'));
        for (let place = 0; place < 66; place += 1)
          for (const member of odd) lines.push(line(`"N":["${'x'.repeat(place)}"],${member}${more}`));
        expectSame(Buffer.from(lines.join('')));
      }
  });

  it('on headers of more bytes than are looked at together', () => {
    const lines = [alikeLine('"Accept":["x"]'), alikeLine('"Accept":["x"]')];
    for (const length of [3900, 3960, 4000, 4024, 4040, 4060, 4070, 4080, 4090, 4100, 4160, 4200, 9000])
      for (const end of ['', '"', '\\', '\n'])
        lines.push(alikeLine(`"Cookie":["${'x'.repeat(length)}${end}"],"User-Agent":["Googlebot/2.1"]`));
    lines.push(alikeLine(`${'"":[""],'.repeat(600)}"User-Agent":["Googlebot/2.1"]`));
    expectSame(Buffer.from(lines.join('')));
  });

  it('on headers of which many begin alike, whatever stands where the sum of their places would be', () => {
    const lineOf = (uri: string, headers: string): string =>
      `{"ts":${noon},"request":{"remote_ip":"::1","method":"GET","host":"a.example","uri":"/${uri}","headers":{${headers}}},"duration":0.1,"status":200}\n`;
    const usual = '"User-Agent":["Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0"]';
    // Two numbers of which the second is larger by 14, as the places of a name and its value are, and which are no places at all.
    const bait = 'aaaaoaaa'.repeat(131_072);
    for (const count of [2, 3, 170, 200, 240])
      for (const shift of [0, 1, 2, 3, 4, 5, 6, 7]) {
        const alike = Array.from({ length: count }, () => '"User":["x"]').join(',');
        const log = `${lineOf('a', usual).repeat(20)}${lineOf('x'.repeat(shift) + bait, usual)}${lineOf('b', alike).repeat(2)}`;

        expectSame(Buffer.from(log));
      }
  });

  it('on lines with more members than a shape has room for', () => {
    const many = Array.from({ length: 70 }, (_, index) => `"n${index}":${index},`).join('');
    const lines = [200, 200, 404, 200, 404, 404].map((status) =>
      alikeLine('').replace('"status":200', `${many}"status":${status}`),
    );
    expectSame(Buffer.from(lines.join('')));
  });

  it('in every unit that Caddy writes', () => {
    fc.assert(
      fc.property(log, fc.constantFrom(1, 1e3, 1e9), fc.constantFrom(1, 1e3, 1e9), (bytes, time, duration) =>
        expectSame(bytes, [], { time, duration }),
      ),
      { numRuns: Math.ceil(runs / 4) },
    );
  });

  it('with a buffer that ends at every byte of a line', () => {
    const whole = Buffer.from(
      `${JSON.stringify({ ts: noon, request: { remote_ip: '::1', method: 'GET', host: 'h', uri: '/"a', headers: { Referer: ['https://a.example/'], 'User-Agent': ['x'] } }, duration: 0.000000001, status: 200 })}\n`.repeat(
        2,
      ),
    );

    for (let cut = 0; cut <= whole.length; cut += 1) expectSame(whole, [cut]);
  });

  it('on a duration of no time at all, written with a sign', () => {
    const took = (text: string): string => alikeLine('').replace(/"duration":[^,]*/, `"duration":${text}`);
    const bytes = Buffer.from(took('-0') + took('0.5') + took('2') + took('-0.0'));

    expectSame(bytes);
    expect(read(createReader, bytes, [], { time: 1, duration: 1 }).counts).toMatchObject({
      durations: [0, 0, 0.5, 2],
      middle: 0.5,
    });
  });

  it('on numbers with as many digits as a double holds exactly, and with more', () => {
    const fractions = ['0.1', '0.3', '1.1', '0.7', '9.9'].flatMap((start) =>
      Array.from({ length: 18 }, (_, more) => `${start}${'357191'.repeat(3).slice(0, more)}`),
    );
    const whole = Array.from({ length: 18 }, (_, more) => `1${'946283'.repeat(3).slice(0, more)}`);
    const edge = [-43_201, -43_200, 43_199, 43_200].flatMap((by) => [
      `${noon + by}.9999999`,
      `${noon + by}.00000000000001`,
    ]);
    const lines = [
      ...[...fractions, ...whole].map((took) =>
        alikeLine('').replace('"duration":0.5', `"duration":${took}`),
      ),
      ...edge.map((ts) => alikeLine('').replace(`"ts":${noon}`, `"ts":${ts}`)),
    ];

    // Each in a log of its own as well: what is counted together may hide one that differs.
    for (const item of [...lines, lines.join('')]) expectSame(Buffer.from(item));
  });

  it('on numbers of every length that are read in one step, and on what only looks like them', () => {
    const usual = alikeLine('"Accept":["x"]');
    const digits = '1946283057'.repeat(4);
    const numbers = [
      ...Array.from({ length: 36 }, (_, length) => digits.slice(0, length)),
      ...[1, 2, 10, 15, 16, 29, 30, 31, 32, 33].flatMap((before) =>
        [0, 1, 2, 14, 15, 16, 30].map((behind) => `${digits.slice(0, before)}.${digits.slice(0, behind)}`),
      ),
      ...[
        '0',
        '00',
        '01',
        '0.5',
        '00.5',
        '01.5',
        '0.',
        '.5',
        '.',
        '1..5',
        '1.5.5',
        '0.5.',
        '-0',
        '-1.5',
        '--1',
      ],
      ...['1:', '1/', '1 ', '1e', '1e5', '1.e5', '1.5e', '1.5E-5', '\u00b1', '1\u0030'],
    ];
    const lines = numbers.map((number) => usual.replace('"duration":0.5', `"duration":${number}`));

    for (const item of [...lines.map((line) => usual.repeat(3) + line), usual.repeat(3) + lines.join('')])
      expectSame(Buffer.from(item));
  });

  it('on times that begin with the same second and end in any way', () => {
    const ends = ['.1234567', '.12345e2', '.123e-12', '.1234567', '.12345678', '', '.0', '.1234E+5'];
    const at = (second: number, end: string): string =>
      alikeLine('').replace(`"ts":${noon}`, `"ts":${second}${end}`);
    const seconds = [noon, noon + 1, noon - 43_201, noon - 43_200, noon + 43_199, noon + 43_200, noon + 10];

    for (const second of seconds)
      for (const end of ends) {
        // The second line and the third begin as the first does, and the last is of the second before.
        const lines = [at(second, '.1234567'), at(second, '.7654321'), at(second, end), at(second - 1, end)];
        expectSame(Buffer.from(lines.join('')));
      }
  });

  it('on lines that wait to be counted together, whatever they turn out to be', () => {
    const parts = {
      uri: ['/', '/a', '/a.css', '/a.pdf', '/b.pdf?c', `/${'d'.repeat(33)}`],
      status: [200, 206, 304],
      duration: ['0.5', '0.1234567890123456', '1e-3', '-0.5', '"1s"'],
      agent: [
        '',
        '"User-Agent":["x"]',
        '"User-Agent":["Googlebot/2.1"]',
        `"User-Agent":["${'x'.repeat(600)}"]`,
      ],
    };
    const every = parts.uri.flatMap((uri) =>
      parts.status.flatMap((status) =>
        parts.duration.flatMap((duration) =>
          parts.agent.map((agent) =>
            alikeLine(agent)
              .replace('"uri":"/"', `"uri":"${uri}"`)
              .replace('"status":200', `"status":${status}`)
              .replace('"duration":0.5', `"duration":${duration}`),
          ),
        ),
      ),
    );

    for (const line of every) expectSame(Buffer.from(line));
    // As many as wait together, one more or less, and many times as many.
    for (const count of [63, 64, 65, 127, 128, 129, every.length])
      expectSame(Buffer.from(every.slice(0, count).join('')));
    expectSame(Buffer.from(every.filter((_, nth) => nth % 7 === 0).join('')), [20_000]);
  });

  it('on a megabyte in one field, and on a line that is longer than any', () => {
    const long = (size: number): string =>
      `${JSON.stringify({ ts: noon, request: { remote_ip: '::1', method: 'GET', host: 'h', uri: `/${'x'.repeat(size)}?q`, headers: {} }, duration: 1, status: 200 })}\n`;

    expectSame(Buffer.from(long(1_000_000) + long(1)), [500_000]);
    expectSame(Buffer.from(long(5_000_000) + long(1)), [2_000_000, 4_100_000, 4_200_000]);
  });
});

describe('a reader that is given what another one counted', () => {
  const rules = { date: day, units: { time: 1, duration: 1 }, ownHosts: [] };

  function take(reader: LogReader, bytes: Buffer): void {
    reader.begin();
    bytes.copy(reader.buffer());
    if (bytes.length > 0) reader.scan(bytes.length);
  }

  /** Each log by a reader of its own, whose counts go to the other as they go from thread to thread. */
  function added([a, b]: [Buffer, Buffer]): unknown {
    const one = createReader(rules);
    const other = createReader(rules);
    take(one, a);
    take(other, b);
    one.add(structuredClone(other.share()));
    return comparable(one.counts());
  }

  function together(logs: [Buffer, Buffer]): unknown {
    const reader = createPlainReader(rules);
    for (const bytes of logs) take(reader, bytes);
    return comparable(reader.counts());
  }

  it('has counted both, visitors of any bytes included', () => {
    fc.assert(
      fc.property(fc.oneof(log, alike), fc.oneof(log, alike), (one, other) => {
        expect(added([one, other])).toEqual(together([one, other]));
      }),
      { numRuns: Math.ceil(runs / 2) },
    );
  });

  it('says the same when it is asked twice', () => {
    const reader = createReader(rules);
    take(reader, Buffer.from(alikeLine('') + alikeLine('').replace('::1', '\\u0031.1') + alikeLine('')));

    expect(comparable(reader.counts())).toEqual(comparable(reader.counts()));
    expect(reader.counts()).toMatchObject({ views: 3, durations: { size: 3 } });
  });

  it('knows a visitor again', () => {
    const from = (address: string): string => alikeLine('').replace('::1', address);
    const many = Array.from({ length: 300 }, (_, index) => from(`10.0.0.${index % 200}`)).join('');
    const logs: [Buffer, Buffer] = [
      Buffer.from(many + from('é') + from('\\u0031.1')),
      Buffer.from(from('é') + from('1.1') + many.slice(0, many.length / 2)),
    ];

    expect(added(logs)).toEqual(together(logs));
    expect(added(logs)).toMatchObject({ views: 300 + 2 + 2 + 150 });
  });
});

describe('the parts of a log', () => {
  const of = (leading: number, first: 0 | 1 | 2 | 3, last: 0 | 1 | 2 | 3): Edges => ({
    ...noEdges(),
    leading,
    first,
    last,
  });

  const joined = (more: Partial<LogEdges> = {}): LogEdges => ({
    bad: 0,
    gap: 0,
    runtime: 0,
    hasRecords: true,
    isForeign: false,
    ...more,
  });

  it('give their first bad lines to the day of the record before them', () => {
    expect(joinEdges([of(0, 1, 1), of(2, 2, 2)])).toEqual(joined({ bad: 2 }));
    expect(joinEdges([of(0, 1, 2), of(2, 1, 1)])).toEqual(joined());
    expect(joinEdges([of(0, 1, 1), of(3, 0, 0), of(2, 2, 2)])).toEqual(joined({ bad: 5 }));
  });

  it('give those before the first record of all to its day', () => {
    expect(joinEdges([of(3, 0, 0), of(2, 1, 2)])).toEqual(joined({ bad: 5 }));
    expect(joinEdges([of(3, 0, 0), of(2, 2, 1), of(1, 1, 1)])).toEqual(joined({ bad: 1 }));
  });

  it('without any record are of something else, unless they are empty or Caddy’s own', () => {
    expect(joinEdges([of(3, 0, 0)])).toEqual(joined({ hasRecords: false, isForeign: true }));
    expect(joinEdges([of(0, 0, 0)])).toEqual(joined({ hasRecords: false }));
    expect(joinEdges([])).toEqual(joined({ hasRecords: false }));
    expect(joinEdges([{ ...noEdges(), runtime: 40 }, of(1, 0, 0)])).toEqual(
      joined({ hasRecords: false, runtime: 40 }),
    );
    expect(joinEdges([{ ...noEdges(), runtime: 10 }, of(1, 0, 0)])).toEqual(
      joined({ hasRecords: false, runtime: 10, isForeign: true }),
    );
  });

  it('know the bad lines that stand where the day would be, and has no record', () => {
    const behind = (trailing: number, day: 1 | 2 | 3): Edges => ({ ...of(0, day, day), trailing });

    expect(joinEdges([behind(4, 2), of(3, 0, 0), of(2, 3, 3)])).toEqual(joined({ gap: 9 }));
    expect(joinEdges([behind(4, 2)])).toEqual(joined({ gap: 4 }));
    expect(joinEdges([of(5, 3, 3)])).toEqual(joined({ gap: 5 }));
    expect(joinEdges([of(0, 2, 3), { ...of(0, 3, 3), gap: 2 }])).toEqual(joined({ gap: 2 }));
    for (const parts of [
      [behind(4, 2), of(1, 1, 1)],
      [behind(4, 2), of(1, 2, 1)],
      [behind(4, 3), of(1, 3, 3)],
      [of(4, 2, 1)],
    ])
      expect(joinEdges(parts)).toEqual(joined());
  });
});
