import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Committing, evidenceFile, type Ran, startCommitting } from '../engagement.ts';

let story: Committing;
beforeEach(async () => {
  story = await startCommitting();
});
afterEach(() => story.close());

describe('verify-observable', () => {
  const verify = (settings: Record<string, string> = {}): Promise<Ran> =>
    story.commit({ mode: 'verify-observable', source: '', ...settings });

  it('is green with evidence of the days asked for, and says of which', async () => {
    await story.commit();

    const ran = await verify();

    expect(ran.code).toBe(0);
    expect(ran.text).toContain('observable: evidence of 1 day up to 2026-11-20');
    expect(await verify({ source: 'access.log' })).toMatchObject({
      code: 0,
      text: expect.stringContaining('newest record 13.3 h ago'),
    });
  });

  it('is red when a day is missing or not complete, or the log is silent; all of it is said', async () => {
    await story.commit();
    await story.commit({ date: '2026-11-21' });

    const ran = await verify({ days: '3', source: 'access.log', 'max-silence': '12h' });

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('evidence/engagement/2026-11-19.json: is missing');
    expect(ran.text).toContain('evidence/engagement/2026-11-18.json: is missing');
    expect(ran.text).toContain('access.log: has no record for 13.3 h, and may be silent for 12 h at most');
    await story.seed.putFile(
      story.owner,
      story.ops,
      evidenceFile,
      ((await story.textOf(evidenceFile)) ?? '').replace('"complete": true', '"complete": false'),
    );
    expect(await verify()).toMatchObject({ code: 1, text: expect.stringContaining('is not complete') });
  });

  it('is green whatever is missing when it is advisory', async () => {
    const ran = await verify({ advisory: 'true' });

    expect(ran.code).toBe(0);
    expect(ran.text).toContain('evidence/engagement/2026-11-20.json: is missing');
  });
});
