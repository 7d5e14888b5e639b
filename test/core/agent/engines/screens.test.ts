import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentEngineName } from '../../../../core/agent/manifest.ts';
import { toldAtScreen } from '../../../../core/agent/prompt.ts';
import { hasTerminals, openTerminal, type Terminal } from '../../../terminal.ts';
import { works } from '../cell/machine.ts';
import { folderOf, type Round } from './rig.ts';
import { type ScriptedModel, startModel } from './scripted-model.ts';

// The real programs with their own screens, in a fresh home of a cell: each begins with the work, and asks for no theme, no login and no
// trust. They are found by CLAUDE_BIN, CODEX_BIN and OPENCODE_BIN, and are no dependencies of the project.

const root = new URL('../../../../', import.meta.url).pathname;
const open: { model?: ScriptedModel; terminal?: Terminal } = {};
afterEach(async () => {
  open.terminal?.close();
  await open.terminal?.ended;
  await open.model?.close();
});

const programs: { engine: AgentEngineName; variable: string; api: 'anthropic' | 'openai' }[] = [
  { engine: 'claude', variable: 'CLAUDE_BIN', api: 'anthropic' },
  { engine: 'codex', variable: 'CODEX_BIN', api: 'openai' },
  { engine: 'opencode', variable: 'OPENCODE_BIN', api: 'openai' },
];

for (const { engine, variable, api } of programs) {
  const program = process.env[variable] ?? '';
  describe.skipIf(program === '' || !hasTerminals)(`the screen of the real ${engine} (${variable})`, () => {
    it.each(
      (
        [
          { isolation: 'user', network: 'open' },
          { isolation: 'bwrap', network: 'model' },
        ] as const
      ).filter(({ isolation }) => works(isolation)),
    )('shows its work in $isolation with network $network', { timeout: 300_000 }, async (given) => {
      open.model = await startModel([
        // claude and its servers begin at the same time; the tools are there for its next question.
        { shell: 'sleep 2' },
        { call: 'read_issue', with: {} },
        { shell: 'echo made > made.txt' },
        { call: 'signal_done', with: { status: 'success', summary: 'Made it.' } },
        { say: 'All of it is PINEAPPLE now.' },
      ]);
      const round: Round = {
        ...given,
        engine,
        command: [program],
        model: { url: open.model.url, key: open.model.key, api },
        prompt: '- Do what the issue says.',
        readOnly: [folderOf(program), path.dirname(program)],
        hasScreen: true,
      };
      const quoted = `'${JSON.stringify(round).replaceAll("'", "'\\''")}'`;
      const terminal = openTerminal(
        `${process.execPath} ${root}scripts/start.mjs ${root}test/core/agent/engines/screen.process.ts ${quoted}`,
      );
      open.terminal = terminal;

      await terminal.until('PINEAPPLE');
      for (let nth = 0; nth < 20 && !terminal.shown().includes('CAME '); nth += 1) {
        terminal.type('\u0003\u0003');
        await new Promise((done) => setTimeout(done, 700));
      }
      await terminal.until(/CAME .*\n/);

      const [, came = ''] = /CAME (.*)\r/.exec(terminal.shown()) ?? [];
      expect(JSON.parse(came)).toEqual({
        end: 'signalled',
        calls: ['read_issue', 'signal_done'],
        files: { 'made.txt': 'made\n' },
        signal: { status: 'success', summary: 'Made it.' },
      });
      expect(new Set(open.model.keys)).toEqual(new Set([open.model.key]));
    });
  });
}

describe('what is told at a screen', () => {
  it('is an argument, or a file where it is too long for one', () => {
    const long = 'ä'.repeat(61 * 1024);

    expect(toldAtScreen('short', '/home')).toEqual({ prompt: 'short', files: [] });
    const { prompt, files } = toldAtScreen(long, '/home');
    expect(prompt).toContain('/home/task.md');
    expect(files).toEqual([{ to: '/home/task.md', text: long }]);
  });
});
