/** What one proxy bears. Tests make them small. */
export interface Limits {
  bodyBytes: number;
  /** Of all bodies that are held at once. */
  heldBytes: number;
  headerBytes: number;
  connections: number;
  /** Requests at the provider at once, and how many may wait for them. */
  atOnce: number;
  waiting: number;
  /** For a request to come whole, headers and then the body. */
  headersMs: number;
  bodyMs: number;
  firstByteMs: number;
  /** From going to the provider to the last byte at the agent. */
  totalMs: number;
  /** Of an answer, what is kept to count its usage. */
  countedBytes: number;
  /** How many refusals are kept and said. */
  refusals: number;
}

export const usualLimits: Limits = {
  bodyBytes: 32 * 1024 * 1024,
  heldBytes: 96 * 1024 * 1024,
  headerBytes: 16 * 1024,
  connections: 256,
  atOnce: 8,
  waiting: 64,
  headersMs: 10_000,
  bodyMs: 60_000,
  firstByteMs: 5 * 60_000,
  totalMs: 20 * 60_000,
  countedBytes: 8 * 1024 * 1024,
  refusals: 200,
};
