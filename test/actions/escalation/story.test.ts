import { afterEach, expect, it } from 'vitest';
import { anIssue, type Escalating, startEscalating } from '../../escalating.ts';

let crew: Escalating;
afterEach(() => crew.close());

it('a person asks, the model proposes, a person clicks, and exactly that happens once', async () => {
  crew = await startEscalating();

  const [proposal] = await crew.proposed(anIssue);
  expect(await crew.made()).toEqual([]);
  expect(proposal?.body).toContain('Title: `Mend the roof`');
  const waiting = await crew.run();
  expect([waiting.code, waiting.writes]).toEqual([0, []]);
  await crew.react(crew.bob, proposal?.id ?? 0);
  const ran = await crew.run();

  expect(ran.text).toContain('carried out');
  expect(ran.code).toBe(0);
  const [made, ...more] = await crew.made();
  expect(more).toEqual([]);
  expect(made?.title).toBe('Mend the roof');
  expect(made?.body).toContain('Asked for by `ada` in `owner/project#1`, approved by `bob`.');
  crew.later();
  const after = await crew.run();
  expect([after.code, after.writes]).toEqual([0, []]);
  expect(await crew.made()).toHaveLength(1);
});
