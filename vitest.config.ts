import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const {
  FORGE_CONTRACT_URL: realForge,
  FORGECREW_FAULTS: faults,
  FORGECREW_FUZZ_RUNS: fuzzRuns,
} = process.env;
// All that there is to try takes as long as it takes.
const isSample = faults !== 'all' && Number(fuzzRuns ?? 0) <= 1000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Many tests wait for a process of their own; one worker more than there are processors keeps those busy.
    maxWorkers: availableParallelism() + 1,
    // Loading everything anew for each file was half of what the tests took. It is safe as long as no test puts a module in
    // another's place or leaves a global changed; none does.
    isolate: false,
    // A real forge is asked one question at a time: it takes seconds to settle, and would be asked about what another
    // file has just made. The embedded one is started by each file for itself.
    fileParallelism: realForge === undefined || realForge === '',
    // Speed is judged by the bench, never by a test: a slow machine must not turn a test red.
    testTimeout: isSample ? 600_000 : 3_600_000,
    hookTimeout: 600_000,
  },
});
