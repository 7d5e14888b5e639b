import type { Change } from './change.ts';
import { UserError } from './errors.ts';
import { notice } from './plan.ts';
import {
  type Ground,
  openAlike,
  type Proposal,
  propose,
  type proposeChanges,
  type Standing,
} from './propose.ts';

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

/**
 * One pull request with a day's evidence, and the page and its chart over the last days: opened, or brought up to date. While another
 * one of the same kind, by `isAlike` of its branch, is to bring the page, this one asks for the evidence alone.
 */
export function proposeEvidence(
  ground: Ground,
  standing: Standing,
  {
    evidence,
    page,
    chart,
    isAlike,
    title,
    ...said
  }: Record<'evidence' | 'page' | 'chart', Proposal['files'][number]> &
    Pick<Proposal, 'title' | 'body' | 'why'> & { isAlike: (branch: string) => boolean },
): Change<(typeof proposeChanges)[number]>[] {
  const [first] = openAlike(ground, isAlike);
  // Two that change the page would be in conflict once one of them is merged.
  const waits = first !== undefined && first.number !== standing.pull?.number;
  return [
    ...(waits
      ? [
          notice(
            `${page.path} and its chart wait: pull request #${first.number} changes them as well`,
            'merge it, and the next pull request that is opened brings them up to date',
          ),
        ]
      : []),
    ...propose(ground, standing, {
      files: [evidence, ...(waits ? [] : [page, chart])],
      message: title,
      title,
      ...said,
    }),
  ];
}
