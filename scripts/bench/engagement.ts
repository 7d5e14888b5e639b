// How fast collect-engagement reads a log: next to the same reader with a scanner that only finds where lines end, next to
// what a user would otherwise pick, and packed next to Node's own unpacker. `cat` of the same file in page cache is shown as
// well; it differs twofold between machines, so nothing is asked of it. The log is made here; the role is the compiled one,
// as a pipeline starts it.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { wasm } from '../../actions/collect-engagement/log/scan.wasm.ts';
import { install } from '../install.mjs';
import { buildScanner, installCompiler } from '../scanner.ts';
import { writeTraffic } from '../traffic.ts';
import { median, type Row, root, timed } from './measure.ts';

const date = '2026-11-20';
const lines = 1_000_000;
const runs = 7;
const compiled = path.join(root, 'dist/collect-engagement/index.js');

export const conditions = 'logs in page cache; medians of ratios, each of two runs that followed each other.';

/** The compiled role with the scanner of lines.as.ts in it instead of its own, in a folder of the bench. */
function yardstick(folder: string): string {
  installCompiler();
  const role = path.join(folder, 'lines-only');
  cpSync(path.dirname(compiled), role, { recursive: true });
  const entry = path.join(role, 'index.js');
  const text = readFileSync(entry, 'utf8');
  // Otherwise the role would be measured against itself.
  if (!text.includes(wasm)) throw new Error('dist/ is not what the sources give: run npm run build first');
  writeFileSync(entry, text.replace(wasm, buildScanner('scripts/bench/lines.as.ts').toString('base64')));
  return entry;
}

function has(command: string, ...args: string[]): boolean {
  return spawnSync(command, args).status === 0;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function environment(log: string, folder: string): Record<string, string> {
  return {
    FORGECREW_SOURCE: log,
    FORGECREW_DATE: date,
    FORGECREW_COMMIT: 'none',
    FORGECREW_EVIDENCE_FILE: path.join(folder, 'engagement.json'),
  };
}

/** Prints the peak of its memory in KiB when a process ends; what `getrusage` says may be its parent's. */
const peak = `data:text/javascript,${encodeURIComponent(
  'import { readFileSync } from "node:fs"; process.on("exit", () => process.stderr.write(readFileSync("/proc/self/status", "utf8")));',
)}`;

/** The same numbers by another program, or nothing where it is not installed. */
interface Peer {
  name: string;
  /** Of the lines, how many it is given: those that would take minutes get a tenth, and are scaled. */
  share: number;
  command: string;
  args: (log: string) => string[];
}

const sql = (log: string): string => `
  WITH r AS (
    SELECT ts, status, duration, request.uri AS uri, request.method AS method, request.host AS host,
      coalesce(nullif(request.client_ip, ''), request.remote_ip) AS visitor,
      request.headers['User-Agent'][1] AS agent, request.headers['Referer'][1] AS referer
    FROM read_json('${log}', format = 'newline_delimited', ignore_errors = true, columns = {
      ts: 'DOUBLE', status: 'INTEGER', duration: 'DOUBLE',
      request: 'STRUCT(uri VARCHAR, method VARCHAR, host VARCHAR, client_ip VARCHAR, remote_ip VARCHAR, headers MAP(VARCHAR, VARCHAR[]))'})
  ), d AS (
    SELECT *, split_part(split_part(uri, '?', 1), '#', 1) AS path FROM r
    WHERE ts >= epoch(TIMESTAMP '${date}') AND ts < epoch(TIMESTAMP '${date}') + 86400
  ), v AS (
    SELECT *, lower(regexp_extract(referer, '^[a-z]+://(?:[^/@]*@)?([^/:?#]+)', 1)) AS source FROM d
    WHERE method = 'GET' AND (status BETWEEN 200 AND 299 OR status = 304)
      AND NOT regexp_matches(path, '\\.(css|js|mjs|map|json|xml|txt|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|mp4|webm|wasm|webmanifest)$', 'i')
      AND NOT regexp_matches(coalesce(agent, ''), 'bot|crawl|spider|curl', 'i')
  )
  SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM v), (SELECT count(DISTINCT visitor) FROM v),
    (SELECT count(DISTINCT visitor) FROM v WHERE source <> '' AND source <> host),
    (SELECT list(p) FROM (SELECT (path, count(*)) AS p FROM v GROUP BY path ORDER BY count(*) DESC, path LIMIT 10)),
    (SELECT list(s) FROM (SELECT (source, count(*)) AS s FROM v WHERE source <> '' AND source <> host GROUP BY source ORDER BY count(*) DESC LIMIT 10)),
    (SELECT quantile_disc(duration, [0.5, 0.95, 0.99]) FROM v),
    (SELECT list(c) FROM (SELECT (status // 100, count(*)) AS c FROM d GROUP BY status // 100))`;

function peers(): Peer[] {
  const peersFolder = path.join(root, 'scripts/peers');
  install(peersFolder, 'DuckDB, to measure against');
  const duck = (log: string): string =>
    `import { DuckDBInstance } from ${JSON.stringify(path.join(peersFolder, 'node_modules/@duckdb/node-api/lib/index.js'))};
     const db = await (await DuckDBInstance.create(':memory:')).connect();
     const rows = await (await db.runAndReadAll(${JSON.stringify(sql(log))})).getRows();
     if (Number(rows[0][1]) === 0) throw new Error('no page views');`;
  const parse = (log: string): string =>
    `import { createReadStream } from 'node:fs'; import { createInterface } from 'node:readline';
     const pages = new Map(); let views = 0;
     for await (const line of createInterface({ input: createReadStream(${JSON.stringify(log)}) })) {
       const { request, status } = JSON.parse(line);
       if (status === 200 && request.method === 'GET') { views += 1; const path = request.uri.split('?')[0]; pages.set(path, (pages.get(path) ?? 0) + 1); }
     }`;
  return [
    {
      name: 'DuckDB, the same in SQL',
      share: 1,
      command: process.execPath,
      args: (log) => ['--input-type=module', '-e', duck(log)],
    },
    {
      name: 'JSON.parse line by line (Node), counting pages only',
      share: 0.1,
      command: process.execPath,
      args: (log) => ['--input-type=module', '-e', parse(log)],
    },
    ...(has('goaccess', '--version')
      ? [
          {
            name: 'goaccess, its own report',
            share: 0.1,
            command: 'goaccess',
            args: (log: string) => [log, '--log-format=CADDY', '-o', `${log}.goaccess.json`, '--no-progress'],
          },
        ]
      : []),
    ...(has('jq', '--version')
      ? [
          {
            name: 'jq, counting pages only',
            share: 0.1,
            command: 'jq',
            args: (log: string) => [
              '-n',
              'reduce (inputs | select(.status == 200 and .request.method == "GET") | .request.uri | split("?")[0]) as $p ({}; .[$p] += 1) | length',
              log,
            ],
          },
        ]
      : []),
  ];
}

export async function measure(): Promise<Row[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-bench-'));
  try {
    return await measureIn(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureIn(folder: string): Promise<Row[]> {
  const log = path.join(folder, 'access.log');
  say(`making a log of ${lines.toLocaleString('en')} lines ...`);
  writeTraffic(log, { lines, date });
  const rows: Row[] = [];
  const size = `${(statSync(log).size / 1e9).toFixed(2)} GB`;
  const linesOnly = yardstick(folder);
  const one = await inTurn(log, folder, linesOnly, runs);
  const what = `1,000,000 lines, ${size}`;
  rows.push(row(`${what}: wall time over ${ownReader}`, one.overLines, 2.5));
  rows.push(row(`${what}: wall time over \`cat\``, one.overCat));
  if (has('taskset', '-c', '0', 'true')) {
    const single = await inTurn(log, folder, linesOnly, runs, ['taskset', '-c', '0']);
    rows.push(row(`${what}, on one core: wall time over ${ownReader}`, single.overLines));
    rows.push(row(`${what}, on one core: wall time over \`cat\``, single.overCat));
  }
  rows.push(await memory(log, folder, what), ...(await packed(folder)));
  const tenth = path.join(folder, 'tenth.log');
  writeTraffic(tenth, { lines: lines / 10, date });
  for (const peer of peers()) {
    say(`${peer.name} ...`);
    const ratios: number[] = [];
    for (let nth = 0; nth < (peer.share === 1 ? 5 : 1); nth += 1) {
      const { ms } = await timed(peer.command, peer.args(peer.share === 1 ? log : tenth));
      const ours = await timed(process.execPath, [compiled], environment(log, folder), folder);
      ratios.push(ms / peer.share / ours.ms);
    }
    const ratio = median(ratios);
    const limit = peer.name.startsWith('DuckDB') ? 4 : undefined;
    rows.push({
      what: `${peer.name}: its wall time over ours${peer.share === 1 ? '' : ' (on a tenth of the lines, scaled)'}`,
      measured: `${ratio.toFixed(1)} x`,
      limit: limit === undefined ? '' : `at least ${limit} x`,
      holds: limit === undefined || ratio >= limit,
    });
  }
  rows.push(...(await five(log, folder, linesOnly)));
  return rows;
}

function row(what: string, ratio: number, limit?: number): Row {
  return {
    what,
    measured: `${ratio.toFixed(2)} x`,
    limit: limit === undefined ? '' : `at most ${limit} x`,
    holds: limit === undefined || ratio <= limit,
  };
}

/** Node's own unpacker, with pieces as large as ours, of the files one after the other. */
const gunzip = (files: string[]): string =>
  `import { createReadStream } from 'node:fs'; import zlib from 'node:zlib';
   for (const file of ${JSON.stringify(files)})
     for await (const _ of createReadStream(file, { highWaterMark: 1 << 20 }).pipe(zlib.createGunzip({ chunkSize: 1 << 20 })));`;

/** Packed logs, over what it takes to unpack them and nothing else. */
async function packed(folder: string): Promise<Row[]> {
  const logs = [1, 2].map((seed) => path.join(folder, `half-${seed}.log`));
  for (const [nth, log] of logs.entries()) {
    writeTraffic(log, { lines: lines / 2, date, seed: nth + 1 });
    await timed('gzip', ['-k', log]);
    if (has('zstd', '--version')) await timed('zstd', ['-q', '-k', log]);
  }
  const role = async (source: string): Promise<number> =>
    (await timed(process.execPath, [compiled], environment(source, folder), folder)).ms;
  const kinds: { ending: string; unpack: () => Promise<{ ms: number }>; limit?: number }[] = [
    {
      ending: 'gz',
      unpack: () =>
        timed(process.execPath, ['--input-type=module', '-e', gunzip(logs.map((log) => `${log}.gz`))]),
      limit: 1.3,
    },
    ...(has('zstd', '--version')
      ? [
          {
            ending: 'zst',
            unpack: () =>
              timed('sh', [
                '-c',
                'exec zstd -dqc "$@" > /dev/null',
                'sh',
                ...logs.map((log) => `${log}.zst`),
              ]),
          },
        ]
      : []),
  ];
  const rows: Row[] = [];
  for (const { ending, unpack, limit } of kinds) {
    say(`.${ending} ...`);
    const ratios: number[] = [];
    for (let nth = 0; nth < runs; nth += 1) {
      const alone = (await unpack()).ms;
      ratios.push((await role(path.join(folder, `half-*.log.${ending}`))) / alone);
    }
    const by = ending === 'gz' ? "Node's own unpacker with large pieces" : 'the `zstd` program alone';
    rows.push(row(`the same in two files, .${ending}: wall time over ${by}`, median(ratios), limit));
  }
  return rows;
}

const ownReader = 'our reader with a scanner that only finds line ends';

/**
 * The role's wall time over the others', taken in turn: the median of the ratios of each turn. What the machine does beside
 * falls on both times of a turn; on medians taken apart, from different turns, it would not.
 */
async function inTurn(
  log: string,
  folder: string,
  linesOnly: string,
  times: number,
  where: string[] = [],
): Promise<{ overCat: number; overLines: number }> {
  const run = async (...command: string[]): Promise<number> => {
    const [first = '', ...rest] = [...where, ...command];
    return (await timed(first, rest, environment(log, folder), folder)).ms;
  };
  const cat = (): Promise<number> => run('sh', '-c', 'exec cat "$0" > /dev/null', log);
  await cat();
  const all = { cat: [] as number[], lines: [] as number[], role: [] as number[] };
  const over = { cat: [] as number[], lines: [] as number[] };
  for (let nth = 0; nth < times; nth += 1) {
    const unread = await cat();
    const ends = await run(process.execPath, linesOnly);
    const role = await run(process.execPath, compiled);
    all.cat.push(unread);
    all.lines.push(ends);
    all.role.push(role);
    over.cat.push(role / unread);
    over.lines.push(role / ends);
  }
  say(
    `  ${where.join(' ')} cat ${median(all.cat).toFixed(0)} ms, line ends ${median(all.lines).toFixed(0)} ms, the role ${median(all.role).toFixed(0)} ms`,
  );
  return { overCat: median(over.cat), overLines: median(over.lines) };
}

/** Of the whole process, its threads included; known on Linux only. */
async function memory(log: string, folder: string, what: string): Promise<Row> {
  const { said } = await timed(
    process.execPath,
    ['--import', peak, compiled],
    environment(log, folder),
    folder,
  );
  const mebibytes = Number(/VmHWM:\s+(\d+)/.exec(said)?.[1] ?? Number.NaN) / 1024;
  return {
    what: `${what}: peak memory`,
    measured: `${mebibytes.toFixed(0)} MiB`,
    limit: 'at most 160 MiB',
    holds: mebibytes <= 160,
  };
}

async function five(log: string, folder: string, linesOnly: string): Promise<Row[]> {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < 6e9) {
    say('not enough room for 5,000,000 lines; left out');
    return [];
  }
  say('5,000,000 lines ...');
  const whole = path.join(folder, 'five.log');
  for (let nth = 0; nth < 5; nth += 1) await timed('sh', ['-c', 'cat "$0" >> "$1"', log, whole]);
  const what = `5,000,000 lines, ${(statSync(whole).size / 1e9).toFixed(2)} GB`;
  const { overCat, overLines } = await inTurn(whole, folder, linesOnly, 5);
  return [
    // The start, which is a part of a gigabyte's time on both sides, hardly counts here, so the limit of a gigabyte says nothing.
    row(`${what}: wall time over ${ownReader}`, overLines, 3.3),
    row(`${what}: wall time over \`cat\``, overCat),
    await memory(whole, folder, what),
  ];
}
