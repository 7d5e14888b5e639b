/** What is read of one line of a Caddy v2 access log; everything else on it is never looked at. */
export interface LogRecord {
  /** Seconds since the epoch. */
  time: number;
  uri: string;
  method: string;
  status: number;
  seconds: number | undefined;
  host: string;
  visitor: string;
  userAgent: string | undefined;
  referer: string | undefined;
}

/** What a number in `ts` and in `duration` is divided by to be seconds; Caddy's encoder can be told to write either. */
export interface Units {
  time: number;
  duration: number;
}

/**
 * A line as a record, or undefined when it is none: JSON with a time in `ts`, a text in `request.uri` and a number in
 * `status`. Keys are read as `JSON.parse` reads them: of identical ones the last counts.
 */
export function parseRecord(line: string, units: Units): LogRecord | undefined {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return undefined;
  }
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
  };
}

/** A property of the data itself, never of Node's own `Object.prototype`. */
function own(data: unknown, name: string): unknown {
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

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time as one of Caddy's encoders writes it, in seconds: a number, ISO 8601 with a zone, or the common log's form. */
export function timeOf(value: unknown, perSecond: number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value / perSecond : undefined;
  if (typeof value !== 'string' || value.length > 64) return undefined;
  const common = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/.exec(value);
  const month = months.indexOf(common?.[2] ?? '') + 1;
  const iso =
    common === null
      ? /^\d{4}-\d{2}-\d{2}T[\d:.]{8,18}(?:Z|[+-]\d{2}:?\d{2})$/.exec(value)?.[0]
      : `${common[3]}-${String(month).padStart(2, '0')}-${common[1]}T${common[4]}${common[5]}:${common[6]}`;
  // Without a zone nobody can say which day it was.
  if (iso === undefined) return undefined;
  const time = Date.parse(iso.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isNaN(time) ? undefined : time / 1000;
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
