import type { Change } from './change.ts';
import type { Fault } from './errors.ts';

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
