import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compiledFile, story } from '../compiled.ts';
import { action, anIssue, aRun, type Escalating, startEscalating } from '../escalating.ts';

describe.skipIf(!existsSync(compiledFile('escalation')))('the compiled escalation', () => {
  let crew: Escalating;
  let folder: string;
  beforeEach(async () => {
    crew = await startEscalating();
    folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-engine-'));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await crew.close();
  });

  /** What differs from run to run is named instead. */
  const settled = (text: string): string =>
    text
      .replaceAll(crew.forge.url, '<forge>')
      .replace(/\b[0-9a-f]{40}\b/g, '<commit>')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '<time>')
      .replace(/\d{4}-\d\d-\d\d/g, '<day>')
      .replace(/\b20\d{6}-(\d+-\d)/g, '<id $1>')
      .replace(/(digest is )`[0-9a-f]{12}`/g, '$1<digest>');

  async function ran(overrides: Record<string, string> = {}): Promise<string> {
    const from = crew.forge.requests.length;
    const { code, text } = await crew.runCompiled(overrides);
    const calls = crew.forge.requests
      .slice(from)
      .map(({ method, path: where, status }) => `${method} ${where} ${status}`);
    const writes = calls.filter((call) => !call.startsWith('GET'));
    return settled(
      story({
        code,
        lines: text.split('\n').filter((line) => line !== ''),
        calls: [...writes, `and ${calls.length - writes.length} reads`],
      }),
    );
  }

  /** A program that answers this, whatever it is asked. */
  function engine(answer: string): Record<string, string> {
    const file = path.join(folder, 'engine.sh');
    writeFileSync(file, `#!/bin/sh\ncat > /dev/null\ncat <<'ANSWER'\n${answer}\nANSWER\n`);
    chmodSync(file, 0o755);
    return { PLUGIN_ENGINE_COMMAND: file };
  }

  it('answers, shows two proposals, waits, and does what was approved: as a Woodpecker plugin', async () => {
    await crew.say(crew.ada, '/crew please');
    const answered = await ran(
      engine(`As you wish.\n${[anIssue, aRun].map((item) => action(item.type, item.payload)).join('\n')}`),
    );
    const waiting = await ran();
    // A click in the second of the comment does not count.
    await new Promise((done) => setTimeout(done, 1100));
    for (const { id } of await crew.proposals()) await crew.react(crew.bob, id);
    const done = await ran();
    const idle = await ran();

    const comments = (await crew.comments()).map(({ body }) => body).join('\n\n=====\n\n');
    const [made] = await crew.made();
    expect([answered, waiting, done, idle].join('\n')).toMatchSnapshot('the runs');
    expect(settled(comments)).toMatchSnapshot('the comments');
    expect(settled(made?.body ?? '').replace(/sha256:[0-9a-f]{64}/, '<digest>')).toMatchSnapshot('the issue');
  });
});
