/** How much of everything an agent gets in one run. All of it is far more than an honest one needs. */
export interface Limits {
  /** A line longer than this ends its connection. */
  lineBytes: number;
  /** How deep the JSON of a line may be nested. */
  depth: number;
  connections: number;
  /** How many lines are worked on at the same time, of all connections, and of each only one. */
  atOnce: number;
  /** Of all connections together; lines beyond it wait, nothing is lost. */
  linesPerSecond: number;
  /** A connection whose lines are no requests this often is ended. */
  malformed: number;
  /** How long a new connection may say nothing, a line may take from its first byte on, a connection may be idle, an answer may wait to be taken. */
  firstLineMs: number;
  lineMs: number;
  idleMs: number;
  answerMs: number;
  /** Calls of one run; beyond it only the end can be signalled. */
  calls: number;
  comments: number;
  commentCharacters: number;
  descriptions: number;
  descriptionCharacters: number;
  summaryCharacters: number;
  proposals: number;
  /** Of what whoever dispatched it does for it. */
  claims: number;
  workers: number;
  deskCharacters: number;
  /** Of what the agent reads: one text, how many comments, and one whole answer. */
  textCharacters: number;
  commentsShown: number;
  answerCharacters: number;
  /** Refused calls that are listed one by one; later ones are counted. */
  refusedListed: number;
}

export const usualLimits: Limits = {
  lineBytes: 1024 * 1024,
  depth: 16,
  connections: 64,
  atOnce: 4,
  linesPerSecond: 50,
  malformed: 10,
  firstLineMs: 30_000,
  lineMs: 10_000,
  idleMs: 3_600_000,
  answerMs: 30_000,
  calls: 5000,
  comments: 30,
  commentCharacters: 20_000,
  descriptions: 50,
  descriptionCharacters: 20_000,
  summaryCharacters: 4000,
  proposals: 5,
  claims: 200,
  workers: 50,
  deskCharacters: 20_000,
  textCharacters: 60_000,
  commentsShown: 200,
  answerCharacters: 200_000,
  refusedListed: 200,
};
