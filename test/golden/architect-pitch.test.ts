import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compiledFile, loadedFiles, story } from '../compiled.ts';
import { type Pitching, type Ran, startPitching } from '../pitching.ts';
import { scripted } from '../scripted.ts';

const body = `Old letters are hard to find.

## Today
They are in folders.

## Tasks
- [ ] Index them
  - [ ] Every letter has a date
- [ ] A page to search
`;

describe.skipIf(!existsSync(compiledFile('architect-pitch')))('the compiled architect-pitch', () => {
  let forge: Pitching;
  beforeEach(async () => {
    forge = await startPitching();
  });
  afterEach(() => forge.close());

  /** What differs from run to run is named instead; of the reads only how many there were. */
  function told(ran: Ran): string {
    const reads = ran.calls.length - ran.writes.length;
    return story({
      code: ran.code,
      lines: ran.lines.map((line) =>
        line.replace(/result-\d+/, 'result').replaceAll(forge.forge.url, '<forge>'),
      ),
      calls: [...ran.writes, `and ${reads} reads`],
    });
  }

  it('pitches, waits, asks, revises, and is done when it is merged: as a Woodpecker plugin', async () => {
    await forge.vision('vision: an archive', body);

    const pitched = told(await forge.runCompiled());
    const waiting = told(await forge.runCompiled());
    await forge.say(forge.ada, 1, 'ACCEPT');
    const asked = told(await forge.runCompiled());
    await forge.say(forge.ada, 1, 'A1: A\nA2: b\nA3: By a letter that is found');
    const ready = told(await forge.runCompiled());
    const document = await forge.document(1);
    const comments = (await forge.comments(1)).join('\n\n---\n\n').replace(/\d{4}-\d\d-\d\d/g, '<day>');
    await forge.seed.mergePull(forge.ada, forge.ops, 1);
    const merged = told(await forge.runCompiled());

    expect([pitched, waiting, asked, ready, merged].join('\n')).toMatchSnapshot('the runs');
    expect(document).toMatchSnapshot('the document');
    expect(comments).toMatchSnapshot('the comments');
  });

  it('ends red with one sentence when its engine cannot answer, and leaves nothing', async () => {
    await forge.vision('vision: an archive', body);

    expect(
      told(await forge.runCompiled({ PLUGIN_ENGINE: 'command', PLUGIN_ENGINE_COMMAND: 'false' })),
    ).toMatchSnapshot();
  });

  it('loads no engine before it is used, and no SDK at all for one that needs none', async () => {
    await forge.vision('vision: an archive', body);
    const engines = async (settings: Record<string, string>): Promise<string[]> =>
      (
        await loadedFiles(compiledFile('architect-pitch'), (more) =>
          forge.runCompiled({ ...settings, ...more }),
        )
      ).filter((file) => /anthropic|openai|claude|command|outline|agent/.test(file));
    const asked = { PLUGIN_ENGINE: 'command', PLUGIN_ENGINE_COMMAND: 'false' };

    expect(await engines({ ...asked, PLUGIN_DRY_RUN: 'true' })).toEqual([]);
    expect(await engines(asked)).toEqual(['command.js']);
    expect(await engines({ PLUGIN_ENGINE: 'outline' })).toEqual(['outline.js']);
  });

  it.each(['anthropic', 'openai'])('asks %s with its SDK, and says when it is refused', async (engine) => {
    await forge.vision('vision: an archive', body);
    const server = await scripted(() => ({ status: 401, body: { error: { message: 'no such key' } } }));

    const ran = await forge.runCompiled({
      PLUGIN_ENGINE: engine,
      PLUGIN_ENGINE_URL: server.url,
      PLUGIN_ENGINE_KEY: 'key-of-the-engine',
      PLUGIN_MODEL: 'm',
    });
    await server.close();

    expect(server.asked.length).toBeGreaterThan(0);
    expect(ran).toMatchObject({ code: 1, writes: [] });
    expect(ran.lines.join('\n')).toContain('401');
    expect(ran.lines.join('\n')).not.toContain('key-of-the-engine');
  });

  it('says what it needs when it is given nothing', async () => {
    expect(
      told(
        await forge.runCompiled({
          PLUGIN_FORGE_TOKEN: '',
          PLUGIN_FORGE_LOGIN: '',
          PLUGIN_PROJECT_REPO: '',
          PLUGIN_ENGINE: 'gpt',
        }),
      ),
    ).toMatchSnapshot();
  });
});
