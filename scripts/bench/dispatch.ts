// How long `forgecrew dispatch list --offline` and `dispatch conflicts` take with 200 registered dispatches, as a ratio to the start
// of the command line itself.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { entryText } from '../../cli/dispatch/entry.ts';
import { nameOfProcess, thisMachine } from '../../cli/dispatch/machine.ts';
import { anEntry } from '../../test/cli/dispatch/entries.ts';
import { median, type Row, root, timed } from './measure.ts';

const runs = 15;
const dispatches = 200;
const most = 1.5;

export const conditions = `medians of ${runs} runs, taken in turn; ${dispatches} dispatches that run.`;

export async function measure(): Promise<Row[]> {
  const home = mkdtempSync(path.join(tmpdir(), 'forgecrew-bench-'));
  try {
    const checkout = path.join(home, 'src/acme/widgets');
    mkdirSync(path.join(checkout, '.git'), { recursive: true });
    mkdirSync(path.join(home, 'config/forgecrew'), { recursive: true });
    writeFileSync(
      path.join(home, 'config/forgecrew/config.toml'),
      'forge = "https://forge.example"\nallowed-owners = ["forge:acme"]\nrepo-path = "~/src/{owner}/{repo}"\nlog-root = "~/log"\n',
    );
    mkdirSync(path.join(home, 'log'));
    const own = nameOfProcess(process.pid, thisMachine());
    for (let nth = 1; nth <= dispatches; nth += 1) {
      const id = `forge.example+acme+widgets+${nth}+1`;
      writeFileSync(
        path.join(home, 'log', `${id}.json`),
        entryText(
          anEntry({
            ...own,
            id,
            ref: `acme/widgets#${nth}`,
            checkout,
            paths_claimed: [`src/part-${nth}`, `docs/part-${nth}.md`],
          }),
        ),
      );
    }
    const environment = { HOME: home, XDG_CONFIG_HOME: path.join(home, 'config') };
    const program = path.join(root, 'dist/forgecrew/index.js');
    const commands = [
      { what: 'start', args: ['--version'] },
      { what: '`forgecrew dispatch list --offline`', args: ['dispatch', 'list', '--offline'] },
      { what: '`forgecrew dispatch conflicts`', args: ['dispatch', 'conflicts', 'src/other'] },
    ];
    const times = commands.map((): number[] => []);
    for (let run = 0; run < runs; run += 1)
      for (const [index, { args }] of commands.entries())
        times[index]?.push((await timed(process.execPath, [program, ...args], environment, checkout)).ms);
    const [start = 1, ...others] = times.map(median);
    return others.map((ms, index) => ({
      what: `${commands[index + 1]?.what} beside the start of the command line`,
      measured: `${(ms / start).toFixed(2)} times (${ms.toFixed(0)} ms beside ${start.toFixed(0)} ms)`,
      limit: `at most ${most} times`,
      holds: ms / start <= most,
    }));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
