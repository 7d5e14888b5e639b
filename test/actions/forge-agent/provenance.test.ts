import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { provenance } from '../../../cli/provenance/provenance.ts';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import { startAgents } from '../../agent.ts';
import { keyPair } from '../../core/agent/provenance/records.ts';

// The forge is of this very process: a git that is waited for in place would wait for ever.
const run = promisify(execFile);

const { best } = await possibleIsolation({ first: 70_000, count: 256 });

it.skipIf(best === 'none')(
  'two rounds on one issue leave two records that fit, in clones of what the forge has',
  async () => {
    const rig = await startAgents();
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-provenance-'));
    try {
      const key = keyPair();
      const agent = (status: string): string =>
        `const { execFileSync } = require('node:child_process'); require('node:fs').writeFileSync('poem.txt', '${status}'); execFileSync('forge', ['signal-done', '${status}', '--summary', 'See poem.txt.']);`;
      await rig.declare(agent('needs_person'));
      const issue = await rig.ask();
      const first = await rig.run({ PLUGIN_PROVENANCE_KEY: key.secret }, 10);
      expect(first).toMatchObject({ code: 0 });
      expect(first.text).not.toContain(key.secret);
      // An open pull request of ours would keep everybody from working on its issue.
      const [pull] = await rig.pulls();
      await rig.seed.api(
        'PATCH',
        `/repos/${rig.project}/pulls/${pull?.number}`,
        { state: 'closed' },
        rig.ada.token,
      );
      await rig.declare(agent('success'));
      await rig.take(issue);
      await rig.give(issue);
      await rig.run({ PLUGIN_PROVENANCE_KEY: key.secret });
      expect(await rig.entry(issue)).toMatchObject({ rounds: 2, why: 'success' });
      for (const [name, repository] of Object.entries({
        state: rig.state,
        project: rig.project,
        ops: rig.ops,
      }))
        await run('git', [
          'clone',
          '-q',
          `${rig.forge.url.replace('://', `://x:${rig.forge.adminToken}@`)}/${repository}.git`,
          path.join(folder, name),
        ]);
      writeFileSync(path.join(folder, 'key.pub'), key.pem);
      const look = async (): Promise<{ code: number; lines: string[] }> => {
        const lines: string[] = [];
        const code = await provenance(
          {
            issue: `${rig.project}#${issue}`,
            keys: [path.join(folder, 'key.pub')],
            state: path.join(folder, 'state'),
            repository: path.join(folder, 'project'),
            ops: path.join(folder, 'ops'),
            forge: undefined,
            stateRepository: undefined,
            json: false,
            path: process.env.PATH ?? '',
          },
          (line) => lines.push(line),
        );
        return { code, lines };
      };

      // The branch of the work is in the fork alone.
      const { code, lines } = await look();
      const text = lines.join('\n');
      expect(text).not.toContain('DOES NOT FIT');
      expect(text).toContain('it follows the record of round 1, by its digest');
      expect(
        lines.filter((line) => line.includes('could not be checked') && !line.includes('commit:')),
      ).toEqual([expect.stringMatching(/^Nothing that was checked is wrong/)]);
      expect(code).toBe(2);

      const [, command = ''] = /git (fetch origin '[^']+')/.exec(text) ?? [];
      await run('git', command.replaceAll("'", '').split(' '), { cwd: path.join(folder, 'project') });
      const whole = await look();
      expect(whole.lines.at(-1)).toBe('Everything was checked, and everything fits.');
      expect(whole.code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await rig.close();
    }
  },
);
