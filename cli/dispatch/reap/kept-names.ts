import { slugOf } from '../../../core/text/slug.ts';

// Under which refs the commits of a reaped worktree are kept, and until when. Pure.

const prefix = 'refs/forgecrew/reaped';
const days = 30;
const dayMs = 24 * 60 * 60 * 1000;

/** The ref for a commit; `now` is a moment in UTC as in `2026-11-26T12:24:38Z`. */
export function keptRef(now: string, name: string, commit: string): string {
  const stamp = new Date(now)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
  const slug = slugOf(name, 80);
  return `${prefix}/${stamp}/${slug === '' ? 'worktree' : slug}/${commit}`;
}

/** Where all of them stand. */
export const keptRefs = `${prefix}/`;

/** Whether a ref was kept for its thirty days. One whose name says no time is nobody's to delete. */
export function isOver(ref: string, now: string): boolean {
  const [, year, month, day, hour, minute, second] =
    /^refs\/forgecrew\/reaped\/(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z\//.exec(ref) ?? [];
  const kept = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Date.parse(now) - kept > days * dayMs;
}
