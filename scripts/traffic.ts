// A day of made-up traffic as Caddy writes it, for the bench and the demo: lines of about a kilobyte, as several versions of
// Caddy write them; headers in any order, those of answers too; 50,000 visitors, a quarter of them with IPv6; pages that are
// asked for more often than others, assets, bots, visitors who come from elsewhere. The same seed gives the same bytes.
import { closeSync, openSync, writeSync } from 'node:fs';

/** Numbers from 0 to before 1, always the same for a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

const systems = ['X11; Linux x86_64', 'Windows NT 10.0; Win64; x64', 'Macintosh; Intel Mac OS X 10_15_7'];
const referrers = [
  'https://news.ycombinator.com/item?id=',
  'https://www.google.com/search?q=',
  'https://lobste.rs/s/',
  'https://site.example/docs/',
];

const visitors = 50_000;

/** The address of a visitor, always the same for a number: every fourth one has IPv6. */
function addressOf(visitor: number): string {
  const spread = Math.imul(visitor + 1, 0x9e3779b1) >>> 0;
  const bytes = [24, 16, 8, 0].map((shift) => (spread >>> shift) & 255);
  if (visitor % 4 !== 0) return `${10 + (visitor % 90)}.${bytes.slice(1).join('.')}`;
  const groups = [spread >>> 16, spread & 0xffff, (spread ^ visitor) & 0xffff].map((group) =>
    group.toString(16),
  );
  return `2001:db8:${visitor % 3000}:${groups.join(':')}::${(visitor % 9000) + 1}`;
}

/** Writes `lines` lines over the day (UTC) into a file. */
export function writeTraffic(
  file: string,
  { lines, date, seed = 1 }: { lines: number; date: string; seed?: number },
): void {
  const next = random(seed);
  const whole = (most: number): number => Math.floor(next() * most);
  /** Small numbers far more often than large ones, as pages and visitors are. */
  const skewed = (most: number): number => Math.floor(most * next() ** 3);
  // Caddy writes headers in the order of a Go map, which is any.
  const anyOrder = (headers: string[]): string => {
    for (let left = headers.length - 1; left > 0; left -= 1) {
      const other = whole(left + 1);
      [headers[left], headers[other]] = [headers[other] ?? '', headers[left] ?? ''];
    }
    return headers.join(',');
  };
  const agents = Array.from(
    { length: 300 },
    (_, index) =>
      `Mozilla/5.0 (${systems[index % 3]}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${100 + (index % 40)}.0.${index}.0 Safari/537.36`,
  );
  agents.push('Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'curl/8.5.0');
  const pages = Array.from({ length: 2000 }, (_, index) =>
    index === 0 ? '/' : `/docs/section-${index % 37}/page-${index}`,
  );
  const assets = Array.from(
    { length: 200 },
    (_, index) => `/assets/chunk-${index.toString(16)}.${['js', 'css', 'png', 'woff2'][index % 4]}`,
  );
  const start = Date.parse(`${date}T00:00:00Z`) / 1000;
  const fd = openSync(file, 'w');
  let text = '';
  for (let nth = 0; nth < lines; nth += 1) {
    const ts = start + ((nth + next()) / lines) * 86_400;
    const isPage = next() < 0.4;
    const uri = isPage
      ? `${pages[skewed(pages.length)]}${next() < 0.15 ? `?utm_source=letter-${whole(90)}` : ''}`
      : assets[whole(assets.length)];
    const from = next();
    const headers = [
      `"User-Agent":["${agents[skewed(agents.length)]}"]`,
      '"Accept":["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"]',
      '"Accept-Encoding":["gzip, deflate, br, zstd"]',
      '"Accept-Language":["en-US,en;q=0.5"]',
      '"Sec-Fetch-Dest":["document"]',
      '"Sec-Fetch-Mode":["navigate"]',
      '"Cookie":["REDACTED"]',
      ...(from < 0.5 ? [`"Referer":["${referrers[whole(referrers.length)]}${whole(400)}"]`] : []),
    ];
    const answer = [
      '"Server":["Caddy"]',
      `"Etag":["\\"t${nth % 1000}\\""]`,
      '"Content-Type":["text/html; charset=utf-8"]',
      '"Accept-Ranges":["bytes"]',
      `"Content-Length":["${whole(50_000)}"]`,
    ];
    const ip = addressOf(skewed(visitors));
    const kind = next();
    const status = kind < 0.93 ? 200 : kind < 0.96 ? 304 : kind < 0.99 ? 404 : 500;
    // 2.6 has no `client_ip`, and 2.10 says whether the client's hello was encrypted.
    const version = [6, 7, 10][whole(3)] ?? 7;
    text += `{"level":"info","ts":${ts.toFixed(7)},"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"${ip}","remote_port":"${1024 + whole(60_000)}",${version < 7 ? '' : `"client_ip":"${ip}",`}"proto":"HTTP/2.0","method":"${next() < 0.97 ? 'GET' : 'POST'}","host":"site.example","uri":"${uri}","headers":{${anyOrder(headers)}},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"site.example"${version < 10 ? '' : ',"ech":false'}}},"bytes_read":0,"user_id":"","duration":${(0.0002 + next() ** 4 * 0.4).toFixed(9)},"size":${whole(50_000)},"status":${status},"resp_headers":{${anyOrder(answer)}}}\n`;
    if (text.length > 1 << 20) {
      writeSync(fd, text);
      text = '';
    }
  }
  writeSync(fd, text);
  closeSync(fd);
}
