import { isApiError } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
import type { Change } from '../change.ts';
import { blobId } from '../forge/blobs.ts';
import { getIssue } from '../forge/issues.ts';
import type { Result } from '../report.ts';
import type { AgentRun } from './agent-run.ts';
import { type Entry, entryText } from './entry.ts';
import { entryOfRun } from './start-point.ts';

/** At most this often is anything written, or the issue looked at. */
export const minuteMs = 60_000;

/** What keeps an entry up while its agent works, and sees when somebody ends the work. */
export interface CheckIn {
  /** The agent was seen to do something. */
  seen(): void;
  /** Looks at the issue, and writes what was seen; at most once a minute, whoever asks. */
  look(): Promise<void>;
  /** Why nothing may be written any more: another run has the work. */
  lost(): string | undefined;
  /** Why the work is to end: the label is gone, or the issue is closed. */
  calledOff(): string | undefined;
  /** The entry as it stands in the state repo now. */
  text(): string;
}

/**
 * Keeps the entry of a run up while its agent works. `write` applies changes to the state repo, `say` is a line of the log,
 * `spending` tells what the run has cost so far, or `null` where that is unknown. A forge that does not answer ends no work.
 */
export function createCheckIn(
  run: AgentRun,
  {
    send,
    write,
    clock,
    say,
  }: {
    send: Send;
    write(changes: Change[]): Promise<Result[]>;
    clock(): Date;
    say(line: string): void;
  },
  spending: () => number | null,
): CheckIn {
  let { text } = run.entry;
  let lost: string | undefined;
  let calledOff: string | undefined;
  let seenAt: string | undefined;
  let entry = entryOfRun(run);

  async function lookAtIssue(): Promise<void> {
    try {
      const issue = await getIssue(send, run.repository, run.issue);
      if (issue.state !== 'open') calledOff = `#${run.issue} was closed`;
      else if (run.label !== null && !issue.labels.some(({ name }) => name === run.label))
        calledOff = `the label ${run.label} was taken off`;
    } catch (error) {
      if (isApiError(error, 'not-found')) calledOff = `#${run.issue} can no longer be seen`;
      // A forge that does not answer for a while is no reason to throw work away.
      else
        say(
          `Whether the work is still wanted could not be looked at: ${error instanceof Error ? error.message : String(error)}`,
        );
    }
  }

  async function writeSeen(): Promise<void> {
    if (seenAt === undefined) return;
    const cost = spending();
    const next: Entry = { ...entry, last_checkin_at: seenAt, ...(cost === null ? {} : { spending: cost }) };
    const nextText = entryText(next);
    seenAt = undefined;
    const [result] = await write([
      {
        kind: 'write-files',
        repository: run.entry.repository,
        branch: run.entry.branch,
        files: [{ path: run.entry.path, content: nextText, expects: blobId(text, run.entry.commit) }],
        message: `${run.repository}#${run.issue}: still at work`,
        why: 'the agent did something',
      },
    ]);
    if (result?.status === 'done') {
      entry = next;
      text = nextText;
    } else if (result?.status === 'stale') lost = 'another run has taken the work over';
  }

  return {
    seen() {
      seenAt = clock().toISOString();
    },
    async look() {
      await lookAtIssue();
      await writeSeen();
    },
    lost: () => lost,
    calledOff: () => calledOff,
    text: () => text,
  };
}
