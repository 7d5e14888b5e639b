import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Most of a test is waiting for a process of its own; all processors can be busy with that.
    maxWorkers: '100%',
    // Speed is judged by the bench, never by a test: a slow machine must not turn a test red.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
