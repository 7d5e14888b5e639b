import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startStory } from '../story.ts';

const real = fileURLToPath(new URL('../../../shared/ops-repo', import.meta.url));

it.skipIf(!existsSync(real))(
  'a real ops repo gives four issues for its vision in the right order, and a second run changes nothing',
  async () => {
    const story = await startStory();
    for (let number = 2; number < 623; number += 1)
      await story.seed.createIssue(story.owner, story.project, { title: `other ${number}` });
    const vision = await story.seed.createIssue(story.owner, story.project, {
      title: 'the vision',
      labels: [story.labels.vision ?? 0],
    });
    cpSync(path.join(real, 'sprints'), path.join(story.workspace, 'sprints'), { recursive: true });

    const first = await story.run();
    const second = await story.run();

    const filed = (await story.issues()).filter(({ author }) => author === 'filer');
    expect(vision).toBe(623);
    expect(first.code).toBe(0);
    expect(filed.map(({ number, body }) => `#${number} ${/id: (\S+) -->$/.exec(body)?.[1]}`)).toEqual([
      '#624 subpath-routing-smoke-test',
      '#625 websocket-streaming-chat',
      '#626 chat-working-dir-scoping',
      '#627 subpath-fallback-automation',
    ]);
    expect(filed.slice(1).every(({ body }) => body.includes('## Depends on\n- #624\n'))).toBe(true);
    expect(second).toMatchObject({ code: 0, report: { outcome: 'unchanged' } });
    expect(second.calls.every((call) => call.startsWith('GET'))).toBe(true);
    await story.close();
  },
);
