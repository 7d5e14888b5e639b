import type { Buffer } from 'node:buffer';
import { jsonOf, own, readLine } from './record.ts';
import { timeOf } from './time.ts';

/** Enough of a log to tell what it is, in bytes. */
export const startBytes = 64 * 1024;

export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

export function isZstd(start: Uint8Array): boolean {
  return start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd;
}

/** What is told by the first bytes, and nothing of it can be read as lines. */
const encodings: [starts: string, look: string][] = [
  ['1f8b', 'gzip without .gz in its name. Rename it, so that it is unpacked'],
  ['28b52ffd', 'zstd without .zst in its name. Rename it, so that it is unpacked'],
  ['fd377a585a00', 'xz. Unpack it, or pack it with gzip or zstd'],
  ['425a68', 'bzip2. Unpack it, or pack it with gzip or zstd'],
  ['04224d18', 'lz4. Unpack it, or pack it with gzip or zstd'],
  ['504b0304', 'a zip archive. Unpack it, or pack it with gzip or zstd'],
  ['fffe', 'UTF-16, which PowerShell makes of what is piped into a file. Let it write UTF-8'],
  ['feff', 'UTF-16. Let it be written in UTF-8'],
];

const otherServer = 'Let Caddy write JSON (its default), or name another file';
const ownFile = 'or let Caddy write into a file of its own (log { output file … })';

/** Programs that put something of their own before each line, or between the lines, and how to get the lines alone. */
const wrappers: [wrapper: RegExp, look: string][] = [
  [
    /^\d+\|\S+\s+\| /,
    'what pm2 prints, which puts its name for a program before each line. Take `pm2 logs --raw`',
  ],
  [
    /^[\w.-]+ +\| |^Attaching to \S/,
    `what docker compose prints, which puts the container's name before each line. Take \`docker compose logs --no-log-prefix --no-color <service>\`, ${ownFile}`,
  ],
  [
    /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] /,
    `a container runtime's own log (CRI, as Kubernetes keeps it), which puts a time, a stream and a tag before each line. Take \`kubectl logs <pod>\`, ${ownFile}`,
  ],
  [
    /^\[pod\/\S+\] /,
    'what kubectl logs prints with --prefix, which puts the name of the pod before each line. Leave --prefix out',
  ],
  [
    /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (?=\{)/,
    'lines with a time before each, as docker logs prints them with --timestamps. Leave that out',
  ],
  [
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:[A-Z]{4} '|(?:CRIT|DEBG|ERRO|INFO|TRAC|WARN|BLAT) )/,
    "supervisord's own log, which puts a line of its own before what a program says. Name the file that the program's `stdout_logfile` or `stderr_logfile` says",
  ],
  [
    /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \S+ [^\s:]+: |^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? \S+ [^\s:]+\[\d+\]: /,
    `journald's or syslog's text, which puts a time, a host and a program before each line. Take \`journalctl -u caddy -o cat\`, ${ownFile}`,
  ],
  [
    /^<\d{1,3}>/,
    `syslog's text, which puts a priority, a time, a host and a program before each line. Take the message alone, ${ownFile}`,
  ],
  [
    /^(?:__CURSOR|__REALTIME_TIMESTAMP|_SYSTEMD_UNIT|_HOSTNAME|SYSLOG_IDENTIFIER|PRIORITY|MESSAGE)=/,
    'what journalctl prints with -o export. Take `journalctl -u caddy -o cat`',
  ],
  [
    /^@[0-9a-f]{24} /,
    `what s6-log or multilog writes, which puts a time before each line. Take it off (without \`t\`), ${ownFile}`,
  ],
];

/** What a line that is no record looks like and what to do, in words; the wrong file is the usual reason. Undefined for what is not known. */
export function lookOf(line: string): string | undefined {
  // Some programs colour what they put before a line.
  const text = line.replaceAll(/\u001b\[[\d;]*m/g, '').trim();
  if (/^\S{1,100} \S{1,100} \S{1,100} \[\d{2}\/[A-Z][a-z]{2}\/\d{4}:/.test(text)) {
    const name = /" "[^"]{0,2000}"$/.test(text) ? 'Combined' : 'Common';
    return `the ${name} format of nginx or Apache. ${otherServer}`;
  }
  const wrapper = wrappers.find(([fits]) => fits.test(text));
  if (wrapper !== undefined) return wrapper[1];
  if (/^\d{4}\/\d{2}\/\d{2} [\d:.]{8,16}\s+[A-Z]+/.test(text))
    return "Caddy's console format. Let its log have `format json`";
  const data = jsonOf(text);
  if (data !== undefined) return jsonLook(data);
  if (/^\S.{0,400}\{"level":"/.test(text))
    return `Caddy's JSON with something else before it on each line. Take the lines without that, ${ownFile}`;
  if (/^\[?\{?$|^\[\{/.test(text))
    return 'JSON over several lines, or as one list. Give one object a line, as Caddy writes it (`jq -c` makes that)';
  return undefined;
}

/** The same of what is JSON. */
function jsonLook(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const request = own(data, 'request');
  const isAccess = typeof own(request, 'method') === 'string' || typeof own(request, 'uri') === 'string';
  if (!isAccess) return `JSON, but not an access log of Caddy. ${otherServer}`;
  if (typeof own(request, 'uri') !== 'string')
    return "Caddy's access log without `request>uri`, which a filter of its encoder takes away. Leave that in";
  if (typeof own(data, 'status') !== 'number')
    return "Caddy's access log without `status`, which a filter of its encoder takes away. Leave that in";
  return timeLook(data);
}

/** What is wrong with the time of a record. */
function timeLook(data: object): string {
  const time = own(data, 'ts');
  if (typeof time === 'string') return textLook(time);
  if (time !== undefined && time !== null)
    return "Caddy's access log with something else than a time in `ts`. Take the filter of `ts` out of its encoder";
  const key = Object.keys(data).find((name) => isTime(name, own(data, name)));
  if (key === undefined)
    return "Caddy's access log without a time: `ts` is missing. Take the line `time_key` out of its encoder, or the filter of `ts`";
  const name = /^[\w@.-]{1,40}$/.test(key) ? key : 'another key';
  return `Caddy's access log with its time in \`${name}\`, not in \`ts\`. Take the line \`time_key ${name}\` out of its encoder (log { format json { … } }), or write \`time_key ts\``;
}

/** Whether a member is the time of a record: a text that reads as one, or a number of a time since 2001. */
function isTime(name: string, value: unknown): boolean {
  if (typeof value === 'string') return timeOf(value, 1) !== undefined || layoutOf(value) !== undefined;
  return (
    typeof value === 'number' && value > 1e9 && !['size', 'bytes_read', 'duration', 'status'].includes(name)
  );
}

/** What is wrong with a time that is written as text. */
function textLook(time: string): string {
  const layout = layoutOf(time);
  if (layout === undefined) {
    const named = / ([A-Z]{2,5})$/.exec(time)?.[1];
    const isNamed = named !== undefined && timeOf(time.replace(/ [A-Z]{2,5}$/, ' +0000'), 1) !== undefined;
    return isNamed
      ? `Caddy's JSON with a time in \`ts\` whose zone is only a name, ${named}, which several places have. Write \`time_format rfc3339\` into its encoder (log { format json { … } })`
      : "Caddy's JSON with a text in `ts` that is no time known here. Write `time_format rfc3339` into its encoder (log { format json { … } })";
  }
  const wall = {
    '2006/01/02 15:04:05': 'wall',
    '2006/01/02 15:04:05.000': 'wall_milli',
    '2006/01/02 15:04:05.000000000': 'wall_nano',
  }[layout];
  const written = wall ?? `"${layout}"`;
  return `Caddy's JSON with a wall clock in ts, which has no zone: nobody can say which day it was. Instead of \`time_format ${written}\` write ${wall === undefined ? `\`time_format "${layout} -0700"\` or ` : ''}\`time_format rfc3339\` into its encoder (log { format json { … } })`;
}

/** Go's layout of a time without a zone, or undefined for anything else. */
function layoutOf(time: string): string | undefined {
  if (time.length > 40) return undefined;
  const numeric = /^(\d{4})([-/.])\d{2}\2\d{2}([T ])\d{2}:\d{2}:\d{2}(?:[.,](\d{1,9}))?$/.exec(time);
  if (numeric !== null) {
    const [, , separator = '-', between = ' ', part] = numeric;
    const date = `2006${separator}01${separator}02`;
    return `${date}${between}15:04:05${part === undefined ? '' : `.${'0'.repeat(part.length)}`}`;
  }
  const others: [RegExp, string][] = [
    [/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/, 'Mon Jan _2 15:04:05 2006'],
    [/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2}$/, '02/Jan/2006:15:04:05'],
    [/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}$/, 'Mon, 02 Jan 2006 15:04:05'],
    [/^[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}(?:\.\d{1,9})?$/, 'Jan _2 15:04:05'],
    [/^\d{1,2}:\d{2}(?::\d{2})?(?: ?[AP]M)?$/, '15:04:05'],
  ];
  return others.find(([fits]) => fits.test(time))?.[1];
}

/** What a log looks like from its start, and what to do, in words: what most of its lines look like that are no records. */
export function looksLike(start: Buffer): string {
  const hex = start.subarray(0, 8).toString('hex');
  const encoding = encodings.find(([bytes]) => hex.startsWith(bytes));
  if (encoding !== undefined) return encoding[1];
  const lines = start
    .toString('utf8')
    .split('\n')
    .filter((item) => item.trim() !== '');
  // The last one is cut off, unless it is all there is.
  const whole = lines.length > 1 && start.length === startBytes ? lines.slice(0, -1) : lines;
  if (whole.length === 0) return `an empty file. ${otherServer}`;
  return mostSeen(looksOf(whole)) ?? `no format that is known here. ${otherServer}`;
}

function looksOf(lines: string[]): Map<string, number> {
  const looks = new Map<string, number>();
  for (const line of lines) {
    const read = readLine(line, { time: 1, duration: 1 });
    const look = read.kind === 'bad' ? lookOf(read.text) : undefined;
    if (look !== undefined) looks.set(look, (looks.get(look) ?? 0) + 1);
  }
  return looks;
}

/** What most lines look like; undefined where none looks like anything known. */
export function mostSeen(looks: Map<string, number>): string | undefined {
  const most = Math.max(0, ...looks.values());
  return [...looks].find(([, times]) => times === most)?.[0];
}
