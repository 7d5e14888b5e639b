import * as z from 'zod/mini';
import { repositoryShape, repositoryWords } from '../accounts.ts';
import { strictJson } from '../strict-json.ts';
import { shapeFault } from '../text/shape-fault.ts';
import { visible } from '../text/visible.ts';

// What a model may propose, as data: closed, and read in one way only. Pure.

export const actionTypes = ['issue-create', 'pr-create', 'ci-run'] as const;
export type ActionType = (typeof actionTypes)[number];

/** More than this nobody reads before they click. */
export const mostPayload = 20_000;

const repo = z.string().check(z.maxLength(200), z.regex(repositoryShape, repositoryWords));
/** The name of a branch: never a commit, and never `refs/...`, which a forge would take for something else. */
const branch = z.string().check(
  z.maxLength(200),
  z.regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]*$/, 'the name of a branch'),
  z.refine((name) => !/^refs\//.test(name), 'the name of a branch, without refs/'),
  z.refine((name) => !/^[0-9a-f]{7,64}$/.test(name), 'the name of a branch, and no commit'),
  z.refine((name) => !name.includes('..') && !name.endsWith('.lock'), 'the name of a branch'),
);
/** Text in which everything can be seen; what cannot be seen is nothing that a person can say yes to. */
const seen = z.string().check(
  z.refine((text) => visible(text) === text, 'text without invisible characters, whose lines end with \\n'),
  z.refine((text) => !text.includes('<!--'), 'text without hidden comments of HTML'),
);
const title = seen.check(
  z.maxLength(200),
  z.regex(/^\S(?:[^\n\t]*\S)?$/, 'one line that neither begins nor ends with a blank'),
);
const body = seen.check(z.maxLength(mostPayload));

const payloads = {
  'issue-create': z.strictObject({
    repo: z.optional(repo),
    title,
    body: z.optional(body),
    labels: z.optional(z.array(z.string().check(z.minLength(1), z.maxLength(50))).check(z.maxLength(10))),
  }),
  'pr-create': z.strictObject({
    repo: z.optional(repo),
    head: branch,
    base: branch,
    title,
    body: z.optional(body),
  }),
  'ci-run': z.strictObject({
    repo: z.optional(repo),
    ref: z.optional(branch),
    branch: z.optional(branch),
    workflow: z.optional(
      z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, 'the name of a workflow file')),
    ),
    inputs: z.optional(
      z.record(
        z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, 'the name of an input')),
        seen.check(z.maxLength(4000)),
      ),
    ),
  }),
};

/** A payload with nothing left open: these are what people are shown, and what is carried out. */
export const payloadSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('issue-create'),
    repo: z.string(),
    title: z.string(),
    body: z.string(),
    labels: z.array(z.string()),
  }),
  z.strictObject({
    type: z.literal('pr-create'),
    repo: z.string(),
    head: z.string(),
    base: z.string(),
    title: z.string(),
    body: z.string(),
  }),
  z.strictObject({
    type: z.literal('ci-run'),
    repo: z.string(),
    branch: z.string(),
    /** `null` on Woodpecker, which starts all that take the event `manual`. */
    workflow: z.nullable(z.string()),
    inputs: z.record(z.string(), z.string()),
  }),
]);
export type Payload = z.infer<typeof payloadSchema>;

export type ReadPayload = { ok: true; payload: Payload } | { ok: false; why: string };

/** What a model or a pipeline wrote, as a payload, or why it is none. `repository`: the thread's, where none is named. */
export function readPayload(type: string, text: string, repository: string): ReadPayload {
  const found = strictJson(text, { most: mostPayload });
  if (!found.ok) return found;
  return payloadOf(type, found.value, repository);
}

function payloadOf(type: string, value: unknown, repository: string): ReadPayload {
  switch (type) {
    case 'issue-create': {
      const parsed = payloads[type].safeParse(value);
      if (!parsed.success) return { ok: false, why: whyNot(parsed.error) };
      const { repo = repository, body = '', labels = [], title } = parsed.data;
      return { ok: true, payload: { type, repo, title, body, labels: [...new Set(labels)].sort() } };
    }
    case 'pr-create': {
      const parsed = payloads[type].safeParse(value);
      if (!parsed.success) return { ok: false, why: whyNot(parsed.error) };
      const { repo = repository, body = '', head, base, title } = parsed.data;
      return head === base
        ? { ok: false, why: 'head and base are one branch' }
        : { ok: true, payload: { type, repo, head, base, title, body } };
    }
    case 'ci-run': {
      const parsed = payloads[type].safeParse(value);
      if (!parsed.success) return { ok: false, why: whyNot(parsed.error) };
      const { repo = repository, ref, branch: named, workflow = null, inputs = {} } = parsed.data;
      const found = named ?? ref;
      if (found === undefined) return { ok: false, why: '"ref": the name of a branch is missing' };
      if (named !== undefined && ref !== undefined && named !== ref)
        return { ok: false, why: '"ref" and "branch" name two branches' };
      return { ok: true, payload: { type, repo, branch: found, workflow, inputs } };
    }
    default:
      return { ok: false, why: `there is no such action; there are ${actionTypes.join(', ')}` };
  }
}

function whyNot({ issues }: z.core.$ZodError): string {
  return issues
    .slice(0, 3)
    .map((issue) => {
      const where = issue.path.map(String).join('.').slice(0, 80);
      const what = issue.code === 'unrecognized_keys' ? 'a field that there is not' : shapeFault(issue);
      return where === '' ? what : `"${where}": ${what}`;
    })
    .join('; ')
    .slice(0, 500);
}
