import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

// Whoever puts a copy of forgecrew on a forge wants its roles, not its tests: nothing of it may start by itself there.

function filesOf(folder: string): [string, unknown][] {
  const root = new URL(`../${folder}/`, import.meta.url);
  return readdirSync(root).map((name) => [name, parse(readFileSync(new URL(name, root), 'utf8'))]);
}

it.each(filesOf('.woodpecker'))(
  '%s starts on Woodpecker by hand, or where the server asks for it',
  (_, file) => {
    const { when } = file as { when: { event: string | string[]; evaluate?: string }[] };

    expect(when.length).toBeGreaterThan(0);
    for (const { event, evaluate } of when)
      if (event !== 'manual') expect(evaluate).toBe('FORGECREW_CI == "true"');
  },
);

it.each(filesOf('.forgejo/workflows'))(
  '%s runs on Forgejo by hand, or where the repository asks for it',
  (_, file) => {
    const { jobs } = file as { jobs: Record<string, { if?: string }> };

    expect(Object.keys(jobs)).not.toEqual([]);
    for (const job of Object.values(jobs))
      expect(job.if).toBe("vars.FORGECREW_CI == 'true' || github.event_name == 'workflow_dispatch'");
  },
);
