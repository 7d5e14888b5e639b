import { Buffer } from 'node:buffer';
import type { DurationScanner } from './durations.ts';
import { wasm } from './scan.wasm.ts';

/** What scan.as.ts exports. Places and lengths are in bytes of its memory; scan.abi.ts says what stands there. */
export interface Scanner extends DurationScanner {
  init(
    bytes: number,
    from: number,
    to: number,
    now: number,
    second: number,
    perSecond: number,
    seed: bigint,
  ): number;
  begin(): void;
  scan(start: number, stop: number): void;
  headOf(table: number): number;
  survey(): void;
  pack(): number;
  unpack(start: number): void;
  packed: WebAssembly.Global;
  visitorCount: WebAssembly.Global;
  referredCount: WebAssembly.Global;
  fourCount: WebAssembly.Global;
  fourNetworks: WebAssembly.Global;
  sixCount: WebAssembly.Global;
  sixNetworks: WebAssembly.Global;
  nobodys: WebAssembly.Global;
  addressless: WebAssembly.Global;
  classes: WebAssembly.Global;
  requests: WebAssembly.Global;
  views: WebAssembly.Global;
  bad: WebAssembly.Global;
  leading: WebAssembly.Global;
  first: WebAssembly.Global;
  last: WebAssembly.Global;
  trailing: WebAssembly.Global;
  gap: WebAssembly.Global;
  runtime: WebAssembly.Global;
  newest: WebAssembly.Global;
  latest: WebAssembly.Global;
}

/** What scan.as.ts asks while it scans; it declares there what each of them is given and answers. */
export type ScannerHost = Record<
  'slow' | 'kind' | 'address' | 'bot' | 'time' | 'duration',
  (at: number, length: number) => number
> & { external(at: number, length: number, host: number, hostLength: number): number };

/** What a fast reader runs; plain data, so that a thread can be given it. */
export interface Compiled {
  module: WebAssembly.Module;
  /** Of its tables, so that nobody outside can choose texts that collide. */
  seed: bigint;
}

/** The scanner as it is in the project, compiled once, when it is first needed; `null` where this machine cannot run it. */
let own: Compiled | null | undefined;

/** What a fast reader runs, or `null` where this machine cannot: its WebAssembly has no SIMD. */
export function compileScanner(): Compiled | null {
  if (own === undefined) own = compile(Buffer.from(wasm, 'base64'));
  return own;
}

/** The same of any module's bytes: a test compiles what the sources give now. */
export function compile(bytes: Uint8Array): Compiled | null {
  return WebAssembly.validate(bytes) ? { module: new WebAssembly.Module(bytes), seed: anySeed() } : null;
}

/** 64 bits that nobody outside can know: V8 starts `Math.random` from the system's entropy, and they are never shown. */
function anySeed(): bigint {
  const half = (): bigint => BigInt(Math.floor(Math.random() * 2 ** 32));
  return (half() << 32n) | half();
}

/** A scanner of its own memory. `init` has to be called before anything else. */
export function startScanner({ module }: Compiled, host: ScannerHost): Scanner {
  const { exports } = new WebAssembly.Instance(module, { host });
  // The module is our own: what it exports is known.
  return exports as unknown as Scanner;
}
