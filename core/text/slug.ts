import { visible } from './inert.ts';

/**
 * A text as a name for files, branches and ids: words of letters and digits of ASCII, in lower case, with hyphens between
 * them, at most `limit` characters. Empty where the text has none of them: what stands in its place is for the caller.
 */
export function slugOf(text: string, limit: number): string {
  return visible(text)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, limit)
    .replace(/-+$/, '');
}
