/** A time with a distance from UTC, somewhere in JSON. */
const isElsewhere = /T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?[+-]\d{2}:\d{2}"/;
const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?[+-]\d{2}:\d{2}$/;
/** What servers call times. Anything else is somebody's text, whatever it looks like. */
const timeName = /_at$|^(?:created|updated|started|stopped|date|timestamp|last_login)$/;

/**
 * An answer of a server, with its times in UTC. A forge writes them by the clock of its machine (`2026-11-26T21:00:00+01:00`), and
 * whoever takes the day from such a text, or holds two of them against each other, would be wrong by hours.
 */
export function answerIn(text: string): unknown {
  return isElsewhere.test(text) ? JSON.parse(text, inUtc) : JSON.parse(text);
}

function inUtc(name: string, value: unknown): unknown {
  if (typeof value !== 'string' || !timeName.test(name) || !time.test(value)) return value;
  const moment = Date.parse(value);
  return Number.isNaN(moment) ? value : new Date(moment).toISOString().replace('.000Z', 'Z');
}
