import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentEngineName } from '../../../../core/agent/manifest.ts';
import { works } from '../cell/machine.ts';
import { folderOf, playRound, type Round } from './rig.ts';
import { type ScriptedModel, startModel } from './scripted-model.ts';

// The real programs, with a scripted model: a whole round in a cell, and a second one in a fresh home that goes on with its
// session. They are found by CLAUDE_BIN, CODEX_BIN and OPENCODE_BIN, and are no dependencies of the project.

const model: { current?: ScriptedModel } = {};
afterEach(async () => {
  await model.current?.close();
  delete model.current;
});

interface Real {
  engine: AgentEngineName;
  variable: string;
  api: 'anthropic' | 'openai';
}

const programs: Real[] = [
  { engine: 'claude', variable: 'CLAUDE_BIN', api: 'anthropic' },
  { engine: 'codex', variable: 'CODEX_BIN', api: 'openai' },
  { engine: 'opencode', variable: 'OPENCODE_BIN', api: 'openai' },
  { engine: 'opencode', variable: 'OPENCODE_BIN', api: 'anthropic' },
];

for (const { engine, variable, api } of programs) {
  const program = process.env[variable] ?? '';
  describe.skipIf(program === '')(`the real ${engine} (${variable}), model of ${api}`, () => {
    const cases = [
      { isolation: 'user', network: 'open' },
      { isolation: 'bwrap', network: 'open' },
      { isolation: 'bwrap', network: 'model' },
    ] as const;
    it.each(cases.filter(({ isolation }) => works(isolation)))(
      'works in $isolation with network $network, and goes on in a fresh home',
      { timeout: 600_000 },
      async ({ isolation, network }) => {
        model.current = await startModel([
          { call: 'read_issue', with: {} },
          { shell: 'echo made > made.txt' },
          { call: 'signal_done', with: { status: 'success', summary: 'Made it.' } },
          { say: 'The word to remember is PINEAPPLE.' },
          { call: 'read_comments', with: {} },
          { call: 'signal_done', with: { status: 'success', summary: 'Mended it.' } },
          { say: 'Good bye.' },
        ]);
        const round: Round = {
          engine,
          command: [program],
          isolation,
          network,
          model: { url: model.current.url, key: model.current.key, api },
          prompt: 'Do what the issue says. The word of this round is MANGO.',
          readOnly: [folderOf(program), path.dirname(program)],
        };

        const first = await playRound(round);

        expect(first.ending, first.said).toMatchObject({
          end: 'signalled',
          why: null,
          signal: { status: 'success', summary: 'Made it.' },
        });
        expect(first.calls).toEqual(['read_issue', 'signal_done']);
        expect(first.files).toEqual({ 'made.txt': 'made\n' });
        expect(first.version).toMatch(/\d+\.\d+\.\d+/);
        expect(first.models?.refused).toEqual([]);
        expect(first.session, first.said).toMatchObject({ kind: 'session', note: { engine } });
        if (first.session.kind !== 'session') return;
        expect(first.session.note.size).toBeLessThan(1024 * 1024);

        const before = model.current.asked.length;
        const second = await playRound({
          ...round,
          prompt: 'There is a comment. Look at it.',
          session: first.session,
        });

        expect(second.given).toEqual({ kind: 'given' });
        expect(second.ending, second.said).toMatchObject({
          end: 'signalled',
          why: null,
          signal: { summary: 'Mended it.' },
          session: first.session.note.id,
        });
        expect(second.calls).toEqual(['read_comments', 'signal_done']);
        // It was asked with all that was said before.
        const resumed = model.current.asked
          .slice(before)
          .find((text) => text.includes('There is a comment.'));
        expect(resumed).toContain('MANGO');
        expect(resumed).toContain('Made it.');
        expect(second.session).toMatchObject({
          kind: 'session',
          note: { engine, id: first.session.note.id },
        });
        // And what is kept of it now holds both.
        const kept =
          second.session.kind === 'session' ? gunzipSync(second.session.bytes).toString('utf8') : '';
        for (const word of ['MANGO', 'PINEAPPLE', 'There is a comment.']) expect(kept).toContain(word);
        expect(second.models?.refused).toEqual([]);
        // The key never came near it, and the placeholder never got any further than the proxy.
        expect(`${first.said}${second.said}`).not.toContain(model.current.key);
        expect(new Set(model.current.keys)).toEqual(new Set([model.current.key]));
      },
    );
  });
}
