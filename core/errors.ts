/**
 * Something the person who runs the role can fix: told as one sentence with its remedy, never with a stack.
 * Everything else that is thrown is our own defect and is told with its cause chain.
 */
export class UserError extends Error {
  override name = 'UserError';
  /** What to do next, as a sentence; empty when the message already says it. */
  readonly remedy: string;

  constructor(message: string, remedy = '', options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** What the system calls an error, such as `ENOENT`; its own words where it has no such name. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** A fault in a document: where it is, what was expected. Lines and columns count from 1; 0 means the whole file. */
export interface Fault {
  file: string;
  line: number;
  column: number;
  message: string;
}

/** Takes down what is wrong, and where; lines and columns from 1. */
export type ReportFault = (line: number, column: number, message: string) => void;

/** How many faults of one document are told: whoever mends these looks again, and nobody reads thousands. */
export const mostFaults = 20;

/** The faults of one document as they are found: the first ones are kept, the others only counted. */
export interface FaultList {
  report: ReportFault;
  /** How many were reported, told or not. */
  count(): number;
  /** Whether the next one is only counted, so that nobody needs to look for its place. */
  isFull(): boolean;
  /** The first ones; where there are more, the last of them says how many. */
  told(): Fault[];
}

/** A list for the faults of one file, which stays small however many there are. */
export function faultList(file: string): FaultList {
  const kept: Fault[] = [];
  let count = 0;
  return {
    report(line, column, message) {
      count += 1;
      if (count <= mostFaults) kept.push({ file, line, column, message });
    },
    count: () => count,
    isFull: () => count >= mostFaults,
    told: () => (count <= mostFaults ? kept : [...kept, andMore(file, count - mostFaults)]),
  };
}

function andMore(file: string, more: number): Fault {
  return {
    file,
    line: 0,
    column: 0,
    message: `and ${more} more ${more === 1 ? 'fault' : 'faults'}: mend the ones above first`,
  };
}

/** `file:line:column: message`, the form that editors and people can jump to. */
export function formatFault(fault: Fault): string {
  const place = fault.line > 0 ? `${fault.file}:${fault.line}:${fault.column}` : fault.file;
  return `${place}: ${fault.message}`;
}

/** An error and its causes, outermost first, one per line: for failures that are ours. */
export function causeChain(error: unknown): string[] {
  const lines: string[] = [];
  let current: unknown = error;
  while (current !== undefined && lines.length < 10) {
    lines.push(current instanceof Error ? `${current.name}: ${current.message}` : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines;
}
