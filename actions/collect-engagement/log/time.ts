const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const clock = String.raw`(?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<part>\d{1,9}))?)?`;
const day = String.raw`(?<day>[ \d]?\d)`;
const month = '(?<month>[A-Za-z]{3})';
const weekday = '(?:[A-Za-z]{3,9},? )';
/** An offset, with or without the zone's name behind it as Go prints a time, or UTC by its names. */
const zone = String.raw` ?(?:(?<utc>Z|UTC|GMT)|(?<offset>[+-]\d{2}:?(?:\d{2})?)(?: [A-Z]{3,5})?)`;

/** How Caddy's encoders write a time as text: its named layouts, and what people make of Go's. */
const layouts = [
  // 2006-01-02T15:04:05Z07:00, 2006-01-02 15:04:05 -0700, 2006/01/02 15:04:05.000 -07:00
  String.raw`(?<year>\d{4})[-/.](?<month>\d{2})[-/.](?<day>\d{2})[T ]${clock}${zone}`,
  // 02/Jan/2006:15:04:05 -0700
  String.raw`${day}/${month}/(?<year>\d{4}):${clock}${zone}`,
  // Mon, 02 Jan 2006 15:04:05 MST, Monday, 02-Jan-06 15:04:05 MST, 02 Jan 06 15:04 -0700
  String.raw`${weekday}?${day}[- ]${month}[- ](?<year>\d{2}|\d{4}) ${clock}${zone}`,
  // Mon Jan 02 15:04:05 -0700 2006
  String.raw`${weekday}${month} ${day} ${clock}${zone} (?<year>\d{4})`,
].map((layout) => new RegExp(`^${layout}$`));

/** A time as one of Caddy's encoders writes it, in seconds since the epoch: a number, or a text that has a zone. */
export function timeOf(value: unknown, perSecond: number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value / perSecond : undefined;
  if (typeof value !== 'string' || value.length > 64) return undefined;
  for (const layout of layouts) {
    const groups = layout.exec(value)?.groups;
    if (groups !== undefined) return secondsOf(groups);
  }
  // Without a zone nobody can say which day it was.
  return undefined;
}

function secondsOf(groups: Record<string, string | undefined>): number | undefined {
  const number = (name: string): number => Number(groups[name] ?? 0);
  const { year = '', month: named = '', offset } = groups;
  const month = /^\d/.test(named) ? Number(named) - 1 : months.indexOf(named.toLowerCase());
  const [hour, minute, second] = [number('hour'), number('minute'), number('second')];
  const midnight = Date.UTC(year.length === 2 ? 2000 + Number(year) : Number(year), month, number('day'));
  const date = new Date(midnight);
  // What is no day, such as the 31st of a shorter month, would become another one.
  if (date.getUTCMonth() !== month || date.getUTCDate() !== number('day')) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const east = offset === undefined ? 0 : secondsEast(offset);
  if (east === undefined) return undefined;
  return midnight / 1000 + hour * 3600 + minute * 60 + second - east + Number(`0.${groups.part ?? 0}`);
}

/** How far an offset such as `+0530` is ahead of UTC. */
function secondsEast(offset: string): number | undefined {
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(':', '') || 0);
  if (hours > 23 || minutes > 59) return undefined;
  return (offset.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}
