import * as z from 'zod/mini';

/** What a document has where programs say something else. */
const kinds: Record<string, string> = { record: 'a table of names and values', int: 'a whole number' };

/** What was expected, in words, where a value has not the shape that its schema asks for: the schema library itself says nothing of limits. */
export function shapeFault(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}`;
    case 'too_big':
      return isBare(issue)
        ? `${issue.inclusive === false ? 'less than' : 'at most'} ${measured(issue.maximum, issue.origin)}`
        : issue.message;
    case 'too_small':
      return isBare(issue)
        ? `${issue.inclusive === false ? 'more than' : 'at least'} ${measured(issue.minimum, issue.origin)}`
        : issue.message;
    default:
      return issue.message;
  }
}

/** Whether the schema has no words of its own for it. Where the whole of zod is loaded as well, its English takes the place of none. */
function isBare(issue: z.core.$ZodIssue): boolean {
  const usual = z.config().localeError?.(issue as z.core.$ZodRawIssue);
  return issue.message === ((typeof usual === 'string' ? usual : usual?.message) ?? 'Invalid input');
}

function measured(limit: number | bigint, origin: string): string {
  const one = BigInt(Math.trunc(Number(limit))) === 1n;
  if (origin === 'string') return `${limit} ${one ? 'character' : 'characters'}`;
  if (origin === 'array') return `${limit} ${one ? 'item' : 'items'}`;
  return String(limit);
}
