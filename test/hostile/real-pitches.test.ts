import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { visionsNamed } from '../../core/sprint/layout.ts';
import { type Pitching, pitchText, startPitching } from '../pitching.ts';

/** Real input, where a checkout has it: an ops repo as its owner published it. */
const folder = new URL('../../../shared/ops-repo/', import.meta.url);
const isThere = existsSync(fileURLToPath(folder));
const documents = isThere
  ? readdirSync(new URL('sprints/', folder)).filter((name) => name.endsWith('.md'))
  : [];
const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8');

describe.skipIf(!isThere)('beside a real ops repo', () => {
  let forge: Pitching;
  beforeEach(async () => {
    forge = await startPitching();
    await forge.seed.api('POST', `/repos/${forge.ops}/contents`, {
      branch: 'main',
      message: 'as it was published',
      files: [...documents.map((name) => `sprints/${name}`), 'prerequisites.md'].map((path) => ({
        operation: 'create',
        path,
        content: Buffer.from(textOf(path), 'utf8').toString('base64'),
      })),
    });
  });
  afterEach(() => forge.close());

  it('every document says which one vision it is about, most of them without a filer block', () => {
    const named = documents.map((name) => visionsNamed(textOf(`sprints/${name}`)));

    expect(documents.length).toBeGreaterThan(5);
    expect(named.map((visions) => visions.length)).toEqual(documents.map(() => 1));
    expect(visionsNamed(textOf('sprints/edge-subpath-chat.md'))).toEqual([623]);
  });

  it('a vision of none of them is pitched under a name that none of them has, its prerequisites shown to the model', async () => {
    const vision = await forge.vision('vision: edge subpath chat');
    let prompt = '';

    const { code } = await forge.run({ PLUGIN_ENGINE: 'command', PLUGIN_ENGINE_COMMAND: 'x' }, (question) => {
      prompt = question.prompt;
      return pitchText(vision, { name: 'edge subpath chat' });
    });

    expect(code).toBe(0);
    expect(prompt).toContain('<<<prerequisites.md of owner/ops>>>');
    expect(await forge.files(1)).toEqual([`sprints/edge-subpath-chat-vision-${vision}.md`]);
  });
});
