import type { Change } from './change.ts';
import type { Fault } from './errors.ts';

// Changes as data: how a plan leaves or refuses something, and what can be asked of a change without carrying it out.
// Plans lean on this file; what carries changes out stands in change.ts.

/** Something that is right already, or that is left alone on purpose. */
export function keep(what: string): Change<'keep'> {
  return { kind: 'keep', what, why: '' };
}

/** The same, where a person should know of it: shown always, and never red. */
export function notice(what: string, why = ''): Change<'keep'> {
  return { kind: 'keep', what, notice: true, why };
}

/** Something that is not done until a person mends it: the run ends red. */
export function refuse(fault: Fault): Change<'refuse'> {
  return { kind: 'refuse', fault, why: '' };
}

/** The same, where there is no place in a document to point at. */
export function refuseFor(file: string, message: string): Change<'refuse'> {
  return refuse({ file, line: 0, column: 0, message });
}

/** Whether carrying the change out would do anything. */
export function isWrite(change: Change): boolean {
  return change.kind !== 'keep' && change.kind !== 'refuse';
}

/** Whether nothing has to be done, and nobody has to know. */
export function isKept(change: Change): boolean {
  return change.kind === 'keep' && change.notice !== true;
}

/** Whether the change commits this file. */
export function writesFile(change: Change, path: string): boolean {
  return change.kind === 'write-files' && change.files.some((file) => file.path === path);
}

/** The issue or pull request that a change writes a comment on, as a list of one or none. */
export function conversationsOf(change: Change): number[] {
  return change.kind === 'comment' || change.kind === 'update-comment' || change.kind === 'comment-section'
    ? [change.issue]
    : [];
}
