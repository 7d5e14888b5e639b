import { UserError } from './errors.ts';

// What roles that write dated evidence have in common. Pure.

/** A day (`YYYY-MM-DD`, UTC) some days before a moment. */
export function daysBefore(now: string, days: number): string {
  return new Date(Date.parse(now) - days * 86_400_000).toISOString().slice(0, 10);
}

/** The day that evidence is of: the one that was asked for, or yesterday. Throws where it is no day, or has not begun. */
export function evidenceDay(given: string | undefined, now: string): string {
  const date = given ?? daysBefore(now, 1);
  const isDay =
    /^\d{4}-\d{2}-\d{2}$/.test(date) &&
    !Number.isNaN(Date.parse(date)) &&
    new Date(date).toISOString().startsWith(date);
  if (!isDay) throw new UserError(`date: ${JSON.stringify(date)} is no day.`, 'Write it as YYYY-MM-DD.');
  if (Date.parse(date) > Date.parse(now)) throw new UserError(`date: ${date} has not begun yet.`);
  return date;
}

/** Of a chart: a round number at or above the largest value, whose quarters, where the lines of the grid are, are whole. */
export function ceiling(value: number): number {
  const step = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return (
    [1, 2, 3, 4, 6, 8, 10, 12]
      .map((factor) => factor * step)
      .find((item) => item >= value && item >= 4 && item % 4 === 0) ?? value
  );
}
