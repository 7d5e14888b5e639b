import { isApiError } from './api/errors.ts';
import type { Send } from './api/send.ts';
import { endOfLog, failedRuns, jobsOf } from './forge/workflows.ts';
import { endOfStepLog, failedPipelines, lookupRepository } from './woodpecker/pipelines.ts';

// The end of what failing jobs printed, for whoever has to mend them. It is text of whatever ran there: data, with control
// characters and all.

const mostLines = 100;
const mostCharacters = 8000;
const mostJobs = 5;
/** Enough for the longest tail, with the time that stands before each line. */
const logBytes = 64 * 1024;
/** Woodpecker cuts no line shorter than 1 MiB, and writes it in base64. */
const stepLogBytes = 2 * 1024 * 1024;

/** A job that failed. */
export interface FailingLog {
  name: string;
  url: string | null;
  /** The end of its log, or in a sentence why it could not be read. */
  tail: string;
}

/**
 * The ends of the logs of what failed on a commit: jobs of the forge's own Actions, and steps of Woodpecker where it is asked.
 * What cannot be read is said in a sentence in its place, so that nobody stays asleep because a log is gone.
 */
export async function failingLogs(
  given: { send: Send; woodpecker: Send | undefined },
  where: { repository: string; commit: string },
): Promise<FailingLog[]> {
  const { send, woodpecker } = given;
  const ofPipelines =
    woodpecker === undefined ? [] : await orSentence('Woodpecker', () => ofWoodpecker(woodpecker, where));
  const ofRuns = await orSentence('Forgejo Actions', () => ofForge(send, where));
  // A sentence about one of the two CIs is worth less than a log of the other.
  return [...ofRuns, ...ofPipelines]
    .sort((a, b) => Number(a.isMissing) - Number(b.isMissing))
    .slice(0, mostJobs)
    .map(({ name, url, tail }) => ({ name, url, tail }));
}

type Found = FailingLog & { isMissing: boolean };

async function orSentence(name: string, read: () => Promise<Found[]>): Promise<Found[]> {
  try {
    return await read();
  } catch (error) {
    // Without Actions, or not known to Woodpecker: then nothing failed there.
    if (isApiError(error, 'not-found')) return [];
    return [{ name, url: null, tail: whyNot(error), isMissing: true }];
  }
}

function whyNot(error: unknown): string {
  if (isApiError(error, 'no-such-call'))
    return 'This forge does not give the logs of its jobs out: that takes Forgejo 16.';
  const said = error instanceof Error ? error.message : String(error);
  return `The log could not be read: ${said}`;
}

async function ofForge(
  send: Send,
  { repository, commit }: { repository: string; commit: string },
): Promise<Found[]> {
  const found: Found[] = [];
  for (const { id, workflow_id, html_url: url } of await failedRuns(send, repository, commit)) {
    if (found.length >= mostJobs) break;
    let jobs: Awaited<ReturnType<typeof jobsOf>>;
    try {
      jobs = await jobsOf(send, repository, id);
    } catch (error) {
      found.push({ name: workflow_id, url, tail: whyNot(error), isMissing: true });
      continue;
    }
    for (const job of jobs.filter(({ status }) => status === 'failure').slice(0, mostJobs - found.length))
      found.push({
        name: `${workflow_id} / ${job.name}`,
        url,
        ...(await tailOf(async () => withoutTimes(await endOfLog(send, repository, job.id, logBytes)))),
      });
  }
  return found;
}

async function ofWoodpecker(
  send: Send,
  { repository, commit }: { repository: string; commit: string },
): Promise<Found[]> {
  const id = await lookupRepository(send, repository);
  const found: Found[] = [];
  for (const { number, errors, steps } of await failedPipelines(send, id, commit)) {
    if (steps.length === 0)
      found.push({
        name: `pipeline ${number}`,
        url: null,
        tail: endOf(errors.join('\n')),
        isMissing: errors.length === 0,
      });
    for (const step of steps.slice(0, Math.max(0, mostJobs - found.length))) {
      const read = await tailOf(() =>
        endOfStepLog(send, id, { pipeline: number, step: step.id, bytes: stepLogBytes }),
      );
      const tail = [read.tail, step.error].filter((text) => text !== '').join('\n');
      found.push({ name: `${step.workflow} / ${step.name}`, url: null, ...read, tail: endOf(tail) });
    }
  }
  return found;
}

async function tailOf(read: () => Promise<string>): Promise<{ tail: string; isMissing: boolean }> {
  try {
    return { tail: endOf(await read()), isMissing: false };
  } catch (error) {
    return { tail: whyNot(error), isMissing: true };
  }
}

/** The forge writes the time before each line, which would be a third of what may be kept. */
function withoutTimes(log: string): string {
  return log.replaceAll(/^\d{4}-\d\d-\d\dT[\d:.]{8,18}Z /gm, '');
}

/** The last lines, as many characters of them as are kept, with no half character before them. */
function endOf(text: string): string {
  const lines = text.replace(/\n+$/, '').split('\n').slice(-mostLines).join('\n');
  return lines.slice(-mostCharacters).replace(/^[\uDC00-\uDFFF\uFFFD]+/, '');
}
