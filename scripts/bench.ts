// `npm run bench` measures ops-filer, `npm run bench -- start` the start of a role, `npm run bench -- engagement` the
// reading of logs, `npm run bench -- growth` the calls of a run where much is finished, `npm run bench -- proxy` the way of
// an agent to its model, `npm run bench -- agent` what forge-agent costs beside its agent, `npm run bench -- dispatch` commands beside many dispatches.
// Everything is a ratio of things measured in the same run. `--docs` also writes the table into docs/speed.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { root } from './bench/measure.ts';
import { between } from './docs.ts';

const which =
  ['start', 'engagement', 'growth', 'proxy', 'agent', 'dispatch'].find((name) =>
    process.argv.includes(name),
  ) ?? 'filing';
const { measure, conditions } = await import(`./bench/${which}.ts`);
const rows: import('./bench/measure.ts').Row[] = await measure();
const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}; ${conditions}`;
const table = [
  '',
  '| what | measured | limit |',
  '|---|---|---|',
  ...rows.map(
    ({ what, measured, limit, holds }) =>
      `| ${what} | ${measured}${holds ? '' : ' (**missed**)'} | ${limit} |`,
  ),
  '',
  `Measured on ${machine}`,
  '',
].join('\n');
console.log(table);
for (const { what, measured, limit } of rows.filter(({ holds }) => !holds)) {
  console.error(`missed: ${what}: ${measured}, ${limit}`);
  process.exitCode = 1;
}
if (process.argv.includes('--docs')) {
  const page = 'docs/speed.md';
  const file = path.join(root, page);
  const place = which === 'filing' ? 'bench' : `bench-${which}`;
  writeFileSync(file, between(readFileSync(file, 'utf8'), place, table, page));
  console.log(`wrote the table into ${page}`);
}
