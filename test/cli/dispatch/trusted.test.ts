import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runTrusted } from '../../../cli/dispatch/trusted.ts';
import { UserError } from '../../../core/errors.ts';

let before: string | undefined;
beforeEach(() => {
  before = process.env.TMPDIR;
});
afterEach(() => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
});

describe.skipIf(process.platform !== 'linux')('a worker that is trusted', () => {
  it('is not started where its way to the forge cannot stand, which is said in words', async () => {
    process.env.TMPDIR = '/proc/forgecrew';

    const started = runTrusted({} as never, {} as never);

    await expect(started).rejects.toBeInstanceOf(UserError);
    await expect(started).rejects.toThrow(
      /^\/proc cannot be written to \(E\w+\)\. Name another place .*TMPDIR/,
    );
  });
});
