import { Buffer } from 'node:buffer';
import { timeOf } from './time.ts';

/** What is read of one line of a Caddy v2 access log; everything else on it is never looked at. */
export interface LogRecord {
  /** Seconds since the epoch. */
  time: number;
  uri: string;
  method: string;
  status: number;
  seconds: number | undefined;
  host: string;
  /** Who asked, as the server says it: mostly an address. */
  visitor: string;
  userAgent: string | undefined;
  referer: string | undefined;
  range: string | undefined;
}

/** What a number in `ts` and in `duration` is divided by to be seconds; Caddy's encoder can be told to write either. */
export interface Units {
  time: number;
  duration: number;
}

/**
 * What a line is: the record of a request, something else that Caddy tells of itself (`runtime`), or neither (`bad`), with
 * its text as the program wrote it that others wrapped.
 */
export type Line =
  | { kind: 'record'; record: LogRecord }
  | { kind: 'runtime' }
  | { kind: 'bad'; text: string };

export function readLine(line: string, units: Units): Line {
  const data = jsonOf(line);
  const read = readData(data, units);
  if (read !== undefined) return read;
  const text = wrappedText(data);
  if (text === undefined) return { kind: 'bad', text: line };
  // Neither a line that is blank nor what systemd says of the service, in the same journal, is the web server's.
  if (text.trim() === '' || own(data, 'SYSLOG_IDENTIFIER') === 'systemd') return { kind: 'runtime' };
  return readData(jsonOf(text), units) ?? { kind: 'bad', text };
}

/** A line as a record, or undefined when it is none. */
export function parseRecord(line: string, units: Units): LogRecord | undefined {
  const read = readLine(line, units);
  return read.kind === 'record' ? read.record : undefined;
}

function readData(data: unknown, units: Units): Line | undefined {
  if (isRuntime(data)) return { kind: 'runtime' };
  const record = recordOf(data, units);
  return record === undefined ? undefined : { kind: 'record', record };
}

/** A text as JSON, or undefined when it is none. */
export function jsonOf(text: string): unknown {
  try {
    // Some editors and consoles begin a file with a mark of its encoding.
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}

/** Where other programs put the lines that they pass on: Docker's json-file, journald, and shippers of logs. */
const wrappings = ['log', 'MESSAGE', 'message', 'line'];

/** The line that another program wrapped into JSON of its own, or undefined when none did. */
function wrappedText(data: unknown): string | undefined {
  for (const name of wrappings) {
    const inner = own(data, name);
    if (typeof inner === 'string') return inner;
    // journald writes a text with control characters in it as a list of its bytes.
    if (Array.isArray(inner) && inner.every((item) => Number.isInteger(item)))
      return Buffer.from(inner).toString('utf8');
  }
  return undefined;
}

/** The loggers of a request that was answered, whatever the site names its own. */
const accessLogger = 'http.log.access';
/** What they say of each. */
const accessMessage = 'handled request';

/**
 * Whether Caddy tells something else with a line than that a request was answered: of itself, of an upstream, or of an
 * error that the record of the same request tells as well. `logger` says so; a line without one says it by its message.
 */
function isRuntime(data: unknown): boolean {
  const logger = own(data, 'logger');
  if (typeof logger === 'string') return !logger.startsWith(accessLogger);
  const message = own(data, 'msg');
  const time = own(data, 'ts');
  return (
    typeof message === 'string' &&
    message !== accessMessage &&
    typeof own(data, 'level') === 'string' &&
    (typeof time === 'number' || typeof time === 'string')
  );
}

/**
 * JSON with a time in `ts`, a text in `request.uri` and a number in `status`. Keys are read as `JSON.parse` reads them: of
 * identical ones the last counts.
 */
function recordOf(data: unknown, units: Units): LogRecord | undefined {
  const request = own(data, 'request');
  const uri = own(request, 'uri');
  const status = own(data, 'status');
  const time = timeOf(own(data, 'ts'), units.time);
  if (time === undefined || typeof uri !== 'string' || typeof status !== 'number') return undefined;
  const headers = own(request, 'headers');
  return {
    time,
    uri,
    status,
    method: text(own(request, 'method')),
    host: text(own(request, 'host')),
    seconds: durationOf(own(data, 'duration'), units.duration),
    visitor: text(own(request, 'client_ip')) || text(own(request, 'remote_ip')),
    userAgent: header(headers, 'user-agent'),
    referer: header(headers, 'referer'),
    range: header(headers, 'range'),
  };
}

/** A property of the data itself, never of Node's own `Object.prototype`. */
export function own(data: unknown, name: string): unknown {
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, name)) return undefined;
  return Reflect.get(data, name);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The first value of the first header of that name, whatever its case. */
function header(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const key = Object.keys(headers).find((item) => item.toLowerCase() === name);
  const values: unknown = key === undefined ? undefined : Reflect.get(headers, key);
  const first: unknown = Array.isArray(values) ? values[0] : values;
  return typeof first === 'string' ? first : undefined;
}

const unitSeconds: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, µs: 1e-6, us: 1e-6, ns: 1e-9 };

/** A duration in seconds: a number, or Go's own writing such as `1m2.5s` or `350µs`. */
export function durationOf(value: unknown, perSecond: number): number | undefined {
  // A duration of -0 is no time at all, and is counted as 0.
  if (typeof value === 'number')
    return value >= 0 && Number.isFinite(value) ? Math.abs(value) / perSecond : undefined;
  if (typeof value !== 'string' || value.length > 40) return undefined;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(h|ms|µs|us|ns|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== value) return undefined;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (unitSeconds[unit ?? ''] ?? 0), 0);
}
