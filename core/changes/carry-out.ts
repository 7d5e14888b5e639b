import * as z from 'zod/mini';
import { ApiError, type ApiErrorKind, isApiError, isSurelyNotDone } from '../api/errors.ts';
import { escalationText, type OutcomeRecord, outcomeRecord } from '../escalation/record.ts';
import { writeFiles } from '../forge/contents.ts';
import { createIssue } from '../forge/issues.ts';
import { getPull, openPull } from '../forge/pulls.ts';
import { dispatchWorkflow, getRun, isNameOfRef } from '../forge/workflows.ts';
import { quoted } from '../text/log-line.ts';
import { cancelPipeline, getPipeline, lookupRepository, startPipeline } from '../woodpecker/pipelines.ts';
import { common, repository } from './fields.ts';
import { type ApplyContext, changeKind } from './kind.ts';

/** What is done, with nothing left to decide. */
const act = () =>
  z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('issue-create'),
      repository: repository(),
      title: z.string(),
      body: z.string(),
      labels: z.array(z.strictObject({ id: z.int(), name: z.string() })),
    }),
    z.strictObject({
      type: z.literal('pr-create'),
      repository: repository(),
      head: z.string(),
      base: z.string(),
      title: z.string(),
      body: z.string(),
    }),
    z.strictObject({
      type: z.literal('ci-run'),
      repository: repository(),
      workflow: z.string(),
      commit: z.string().check(z.regex(/^[0-9a-f]{40,64}$/)),
      inputs: z.record(z.string(), z.string()),
    }),
    z.strictObject({
      type: z.literal('pipeline'),
      repository: repository(),
      branch: z.string(),
      commit: z.string().check(z.regex(/^[0-9a-f]{40,64}$/)),
      variables: z.record(z.string(), z.string()),
      /** Where Woodpecker is, for the address of what was started. */
      server: z.string(),
    }),
  ]);
type Act = z.infer<ReturnType<typeof act>>;

/** What came of it, as the record says it. */
type Came = Pick<OutcomeRecord, 'kind' | 'number' | 'url' | 'answer'>;

/** What passes by itself. The run ends at it, and what came of the action is left to be found out, as after a crash. */
const passing: readonly ApiErrorKind[] = ['token', 'rate', 'unreachable', 'deadline'];

/**
 * Whether a failure is what came of the action, for good: nothing was done, and nothing would be if it were asked again. A conflict
 * counts here, unlike elsewhere: one run asks once, so it is no earlier try of ours that stands in the way. Nor is anything done
 * where what is read before it is too large.
 */
function isForGood(error: unknown): error is ApiError {
  return (
    isApiError(error, 'conflict', 'too-large') || (isSurelyNotDone(error) && !passing.includes(error.kind))
  );
}

/**
 * Does what people approved, and writes down what came of it. Planned only by the run that claimed it, and never again: where no
 * answer comes, or the record is not written, the next run finds out by reading.
 */
export const carryOut = changeKind({
  kind: 'carry-out',
  sign: '+',
  noun: ['approved action', 'approved actions'],
  verb: ['to carry out', 'carried out'],
  schema: () =>
    z.strictObject({
      kind: z.literal('carry-out'),
      ...common(),
      act: act(),
      record: z.strictObject({
        repository: repository(),
        branch: z.string(),
        path: z.string(),
        /** The record but for what came of it. */
        content: outcomeRecord,
      }),
    }),
  describe: ({ act: given, record }) => `${describeAct(given)}, as ${record.content.id} has it`,
  async apply({ act: given, record }, context) {
    const came = await attempt(given, context);
    const { content } = record;
    const written = await writeFiles(context.send, record.repository, {
      branch: record.branch,
      message: `escalation: ${came.kind} ${content.id}`,
      files: [
        {
          path: record.path,
          content: escalationText({
            ...content,
            ...came,
            talk: content.talk.map((line) =>
              line.role === 'action' ? { ...line, answer: came.answer } : line,
            ),
          }),
          sha: null,
        },
      ],
    });
    return {
      status: 'done',
      ...(came.kind === 'done' && came.number !== null ? { number: came.number } : {}),
      said: `${content.id}: ${came.answer}${written === 'written' ? '' : ' (not on record yet: the next look finds it)'}`,
    };
  },
});

function describeAct(given: Act): string {
  switch (given.type) {
    case 'issue-create':
      return `issue ${quoted(given.title)} in ${given.repository}`;
    case 'pr-create':
      return `pull request ${quoted(given.title)} in ${given.repository}`;
    case 'ci-run':
      return `run of ${given.workflow} at ${given.commit} of ${given.repository}`;
    case 'pipeline':
      return `pipeline at ${given.branch} of ${given.repository}`;
  }
}

async function attempt(given: Act, context: ApplyContext): Promise<Came> {
  try {
    return await perform(given, context);
  } catch (error) {
    if (!isForGood(error)) throw error;
    return failed(`${error.message} ${error.remedy}`);
  }
}

function failed(answer: string): Came {
  return { kind: 'failed', number: null, url: null, answer: answer.trim().slice(0, 1000) };
}

async function perform(given: Act, context: ApplyContext): Promise<Came> {
  const { send } = context;
  switch (given.type) {
    case 'issue-create': {
      const made = await createIssue(send, given.repository, {
        title: given.title,
        body: given.body,
        labels: given.labels.map(({ id }) => id),
      });
      // The forge answers 201 and drops what the account may not set.
      const missing = given.labels.filter(({ id }) => !made.labels.some((label) => label.id === id));
      const without =
        missing.length === 0 ? '' : ` without the labels ${missing.map(({ name }) => name).join(', ')}`;
      return {
        kind: 'done',
        number: made.number,
        url: made.html_url,
        answer: `issue #${made.number} was created${without}`,
      };
    }
    case 'pr-create': {
      const number = await openPull(send, given.repository, given);
      if (number === undefined)
        return failed('a pull request between these branches is open already, or nothing is left to merge');
      return {
        kind: 'done',
        number,
        url: await orNothing(async () => (await getPull(send, given.repository, number)).html_url),
        answer: `pull request #${number} was opened`,
      };
    }
    case 'ci-run': {
      if (await isNameOfRef(send, given.repository, given.commit))
        return failed(`a tag or a branch is called ${given.commit}, like the commit that was shown`);
      const run = await dispatchWorkflow(send, given.repository, {
        workflow: given.workflow,
        ref: given.commit,
        inputs: given.inputs,
      });
      return {
        kind: 'done',
        number: run?.number ?? null,
        url:
          run === undefined
            ? null
            : await orNothing(async () => (await getRun(send, given.repository, run.id)).html_url),
        answer: `run${run === undefined ? '' : ` ${run.number}`} was started at ${given.commit}`,
      };
    }
    case 'pipeline':
      return startAt(given, context);
  }
}

/** Woodpecker starts whatever the head is: what is of another commit than people were shown is ended at once. */
async function startAt(
  { repository: name, branch, commit, variables, server }: Extract<Act, { type: 'pipeline' }>,
  { woodpecker }: ApplyContext,
): Promise<Came> {
  // A plan that holds one was made with Woodpecker at hand.
  if (woodpecker === undefined) throw new Error('a pipeline was planned without Woodpecker');
  const id = await lookupRepository(woodpecker, name);
  const number = await startPipeline(woodpecker, id, { branch, variables });
  const runs = await afterwards(number, async () => (await getPipeline(woodpecker, id, number)).commit);
  if (runs === commit)
    return {
      kind: 'done',
      number,
      url: `${server}/repos/${id}/pipeline/${number}`,
      answer: `pipeline ${number} was started at ${commit}`,
    };
  await afterwards(number, () => cancelPipeline(woodpecker, id, number));
  return failed(
    `pipeline ${number} was of ${runs ?? 'an unknown commit'}, and ${commit} was approved, so it was cancelled`,
  );
}

/** By then it was started: no failure says any more that nothing was done. */
async function afterwards<T>(number: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ApiError(
      'unknown-outcome',
      0,
      `Pipeline ${number} was started, and whether it is of the commit that was approved could not be found out.`,
      'Run the role again: it finds out by reading.',
      { cause: error },
    );
  }
}

/** What is only nice to know: the action itself is done by then. */
async function orNothing(read: () => Promise<string | null | undefined>): Promise<string | null> {
  try {
    return (await read()) ?? null;
  } catch {
    return null;
  }
}
