import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../faults/proxy.ts';
import { type Pitching, type Ran, startPitching, wellBehaved } from '../pitching.ts';

let forge: Pitching;
beforeEach(async () => {
  forge = await startPitching();
});
afterEach(() => forge.close());

/** A run in which a file at any commit but main's is not there in this repository, the first so many times it is looked for. */
async function runWhere(repository: string, times: number, vision: number): Promise<Ran> {
  const { body } = await forge.seed.api('GET', `/repos/${forge.ops}/branches/main`);
  const main = (body as { commit: { id: string } }).commit.id;
  let looks = 0;
  const proxy = await startFaultProxy(forge.forge.url, undefined, (_, request) => {
    const ref = request.includes(`/repos/${repository}/contents/`)
      ? /ref=([0-9a-f]{40})/.exec(request)
      : null;
    if (ref === null || ref[1] === main) return undefined;
    looks += 1;
    return looks > times
      ? undefined
      : { status: 404, body: { message: "The target couldn't be found.", errors: [] } };
  });
  try {
    return await forge.run({ CI_FORGE_URL: proxy.url }, wellBehaved(vision));
  } finally {
    await proxy.close();
  }
}

describe('a commit in a fork', () => {
  it('is read in the fork: that the ops repo has it seconds later holds nothing up', async () => {
    const vision = await forge.pitched();
    await forge.say(forge.ada, 1, 'ACCEPT');

    const asked = await runWhere(forge.ops, 1000, vision);
    await forge.say(forge.ada, 1, 'A1: One\nA2: Later');
    const ready = await runWhere(forge.ops, 1000, vision);

    expect([asked.code, ready.code]).toEqual([0, 0]);
    expect(asked.text).not.toContain('exactly one document');
    expect((await forge.comments(1)).join('\n')).toContain('These are left to decide');
    expect((await forge.comments(1)).join('\n')).toContain('Ready for a person to merge');
  });

  it('that is named and not there yet is looked for again in the same run', async () => {
    const vision = await forge.pitched();
    await forge.say(forge.ada, 1, 'ACCEPT');

    const { code, text } = await runWhere('architect/ops', 2, vision);

    expect(code).toBe(0);
    expect(text).toContain('Waiting: the forge does not show the head of #1 yet');
    expect((await forge.comments(1)).join('\n')).toContain('These are left to decide');
  });

  it('that does not come is nothing known: said so, nothing asked or written, and the next run goes on', async () => {
    const vision = await forge.pitched();
    await forge.say(forge.ada, 1, 'ACCEPT');

    const late = await runWhere('architect/ops', 1000, vision);
    const next = await forge.run({}, wellBehaved(vision));

    expect(late.code).toBe(0);
    expect(late.text).toContain('what pitch #1 holds could not be found out');
    expect(late.text).not.toContain('exactly one document');
    expect(late.writes).toEqual([]);
    expect(next.text).toContain('design questions for #1');
  });
});
