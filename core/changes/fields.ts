import * as z from 'zod/mini';
import { repositoryShape } from '../accounts.ts';
import type { ApplyContext } from './kind.ts';

/** What every change carries. */
export const common = () => ({
  /** Why, in words for a person. */
  why: z.string(),
  /** Names this change, so that later ones can wait for it or refer to what it makes. */
  key: z.optional(z.string()),
  /** Keys of changes of the same plan that have to be done first. */
  after: z.optional(z.array(z.string())),
  /** Only done while a file still says that this run holds the work: looked at right before it. */
  held: z.optional(claim()),
});

/** A file that says, by the id of a lease, which run holds some work. */
export const claim = () =>
  z.strictObject({ repository: repository(), branch: z.string(), path: z.string(), lease: z.string() });
export type Claim = z.infer<ReturnType<typeof claim>>;

/** `owner/name` */
export const repository = () => z.string().check(z.regex(repositoryShape));
export const issueNumber = () => z.int().check(z.positive());

/** An issue by its number, or the one that an earlier change of the same plan makes. */
export const issueReference = () => z.union([issueNumber(), z.strictObject({ made: z.string() })]);
export type IssueReference = z.infer<ReturnType<typeof issueReference>>;

/** A label by its id, or the one that an earlier change makes; the name is for people. */
export const labelReference = () =>
  z.strictObject({ name: z.string(), id: z.union([z.int(), z.strictObject({ made: z.string() })]) });
export type LabelReference = z.infer<ReturnType<typeof labelReference>>;

/**
 * Text with references: pieces that stand as they are, and issue numbers that may not be known yet. Never a template
 * inside text, so nothing in text from outside can be taken for a reference.
 */
export const prose = () => z.array(z.union([z.string(), z.strictObject({ issue: issueReference() })]));
export type Prose = z.infer<ReturnType<typeof prose>>;

function made(context: ApplyContext, key: string): { number?: number; id?: number } {
  const found = context.made.get(key);
  if (found === undefined) throw new Error(`nothing made by ${key} yet: the plan is out of order`);
  return found;
}

/** The number of an issue that a change refers to. Throws where that issue is still to be made: then the plan is out of order. */
export function resolveIssue(reference: IssueReference, context: ApplyContext): number {
  if (typeof reference === 'number') return reference;
  const { number } = made(context, reference.made);
  if (number === undefined) throw new Error(`${reference.made} made no issue`);
  return number;
}

/** The id of a label that a change refers to. Throws where that label is still to be made. */
export function resolveLabel(reference: LabelReference, context: ApplyContext): number {
  if (typeof reference.id === 'number') return reference.id;
  const { id } = made(context, reference.id.made);
  if (id === undefined) throw new Error(`${reference.id.made} made no label`);
  return id;
}

/** A text with the numbers of the issues that it names. Throws where one of them is still to be made. */
export function resolveProse(pieces: Prose, context: ApplyContext): string {
  return pieces
    .map((piece) => (typeof piece === 'string' ? piece : `#${resolveIssue(piece.issue, context)}`))
    .join('');
}

/** The keys that labels refer to. */
export function keysOfLabels(labels: LabelReference[]): string[] {
  return labels.flatMap(({ id }) => (typeof id === 'number' ? [] : [id.made]));
}

/** The keys that a text refers to. */
export function keysOfProse(pieces: Prose): string[] {
  return pieces.flatMap((piece) =>
    typeof piece === 'string' || typeof piece.issue === 'number' ? [] : [piece.issue.made],
  );
}
