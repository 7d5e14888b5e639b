/** How the forge reads what a request holds: loosely, because JSON and query strings promise nothing. */

/** Text of a body's field. Half of a character is stored as U+FFFD, as Go does when it decodes JSON. */
export function text(value: unknown, fallback = ''): string {
  return typeof value === 'string' ? value.toWellFormed() : fallback;
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A number of a query string; anything that is none counts as absent. */
export function wholeNumber(value: string | null): number {
  return value !== null && /^\d{1,9}$/.test(value) ? Number(value) : 0;
}

/** A field of something that may be no object at all. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
