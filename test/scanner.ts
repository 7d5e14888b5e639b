import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Compiled, compile, compileScanner } from '../actions/collect-engagement/log/scanner.ts';
import { buildScanner, hasCompiler, scannerInputs } from '../scripts/scanner.ts';

const cache = fileURLToPath(new URL('../.cache/scanner', import.meta.url));

/** The module that the scanner's sources give now, compiled once for each state of them; undefined without the compiler. */
export function freshModule(): Buffer | undefined {
  if (!hasCompiler()) return undefined;
  const file = path.join(cache, `${createHash('sha256').update(scannerInputs()).digest('hex')}.wasm`);
  if (existsSync(file)) return readFileSync(file);
  const compiled = buildScanner();
  mkdirSync(cache, { recursive: true });
  // Test files run at the same time: whoever finds the file finds all of it.
  writeFileSync(`${file}.${process.pid}`, compiled);
  renameSync(`${file}.${process.pid}`, file);
  return compiled;
}

/** The scanner that is tested, and what to call it in the names of tests. */
export function testedScanner(): { scanner: Compiled; name: string } {
  const fresh = freshModule();
  const scanner = fresh === undefined ? compileScanner() : compile(fresh);
  if (scanner === null) throw new Error('this machine has no SIMD in WebAssembly');
  return {
    scanner,
    name:
      fresh === undefined
        ? 'the scanner of scan.wasm.ts (npm run build installs the compiler that tests its source)'
        : 'the scanner of scan.as.ts',
  };
}
