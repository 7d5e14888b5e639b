// `npm run fuzz`: hostile inputs for every parser of text from outside. None may take more than twenty times as long as the
// median of harmless ones of its size, throw, or need more memory than a small machine has.
//   npm run fuzz                          5,000 inputs for each parser
//   npm run fuzz -- --count 200           so many
//   npm run fuzz -- --parser formula      one parser
//   npm run fuzz -- --seed 17 --count 1   one input again
import { parseArgs } from 'node:util';
import { fuzz } from '../test/fuzz/fuzz.ts';
import { parsers } from '../test/fuzz/parsers.ts';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    parser: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '5000' },
  },
});
for (const { name } of parsers) {
  if (values.parser !== undefined && !name.includes(values.parser)) continue;
  const [outcome] = await fuzz({ parser: name, seed: Number(values.seed), count: Number(values.count) });
  const { inputs, worst, worstSeed, found } = outcome ?? {
    inputs: 0,
    worst: 0,
    worstSeed: 0,
    found: ['it did not start'],
  };
  console.log(
    `${found.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${inputs} inputs, the worst ${worst.toFixed(1)} times a harmless one (seed ${worstSeed})`,
  );
  for (const item of found.slice(0, 20)) console.log(`       ${item}`);
  if (found.length > 0) process.exitCode = 1;
}
