/** How much of an agent's work is taken. */
export interface Limits {
  /** Of the bundle, in bytes, and in objects. */
  bundleBytes: number;
  objects: number;
  /** How long the agent's side may take to make it, and git to read it. */
  receiveMs: number;
  readMs: number;
  /** What git may take of the memory while it reads it. */
  memoryKiB: number;
  /** Of the net change. */
  files: number;
  fileBytes: number;
  allBytes: number;
  /** How long secrets are looked for. */
  searchMs: number;
}

export const usualLimits: Limits = {
  bundleBytes: 64 * 1024 * 1024,
  objects: 100_000,
  receiveMs: 120_000,
  readMs: 120_000,
  memoryKiB: 2 * 1024 * 1024,
  files: 1000,
  fileBytes: 4 * 1024 * 1024,
  allBytes: 16 * 1024 * 1024,
  searchMs: 120_000,
};
