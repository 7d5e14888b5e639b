// Compiles one entry, in a process of its own that build.ts starts in the folder of the stripped sources: ncc names
// modules by their place in the folder it is started in, and keeps a processor busy.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ncc, { type Chunk, type Compilation } from '@vercel/ncc';
import { minify } from 'terser';
import { compiledAtOnce } from './eager.ts';

/** The module to start from, the name of the file to make, where to, and the files that are made beside it. */
const [entry = '', name = '', out = '', ...beside] = process.argv.slice(2);
const folder = process.cwd();

const { code, assets, stats } = await ncc(path.join(folder, entry), {
  filename: `${name}.js`,
  // Node starts CommonJS in less time than modules.
  esm: false,
  // Every target is compiled from nothing, so that what comes out depends on the sources alone.
  cache: false,
  quiet: true,
  // undici loads it for HTTP/2, which no role speaks, and does without it where a Node has none. With TLS and files, which it
  // brings along, it takes a tenth of a short run.
  externals: { 'node:http2': 'node:http2/left-out' },
  // Done below: ncc keeps what nobody uses, and leaves the parts that are loaded later as they are.
  minify: false,
});
const parts = namesOf(stats.compilation);

mkdirSync(out, { recursive: true });
writeFileSync(path.join(out, `${name}.js`), await small(withNames(code)));
for (const [chunk, part] of parts) {
  const [file = ''] = chunk.files;
  const asset = assets[file];
  if (asset === undefined) throw new Error(`ncc made no ${file}`);
  writeFileSync(path.join(out, `${part}.js`), await small(asset.source.toString()));
  delete assets[file];
}
// A file that the sources name in a way ncc follows: it would be copied as it is, uncompiled.
const unexpected = Object.keys(assets);
if (unexpected.length > 0)
  throw new Error(`${entry} needs files that are not made: ${unexpected.join(', ')}`);

process.send?.(
  [...stats.compilation.fileDependencies]
    .map((file) => path.relative(folder, file))
    .filter((file) => /^(?:actions|cli|core)\/.*\.js$/.test(file))
    .sort(),
);

/** The same program with shorter names, without blanks, without what is never used, and sooner ready. */
async function small(text: string): Promise<string> {
  const { code: shorter } = await minify(text, { compress: true, mangle: true, toplevel: true, ecma: 2020 });
  if (shorter === undefined) throw new Error(`${entry} cannot be made smaller`);
  return `${compiledAtOnce(shorter)}\n`;
}

/** The compiled file asks for its parts by number; here it learns their names. */
function withNames(text: string): string {
  if (parts.size === 0) return text;
  const byNumber = `return "" + chunkId + ".${name}.js";`;
  if (text.split(byNumber).length !== 2)
    throw new Error(`ncc loads the parts of ${entry} in another way than before: look at what it makes`);
  const names = Object.fromEntries([...parts].map(([chunk, part]) => [chunk.id, `${part}.js`]));
  return text.replace(byNumber, () => `return (${JSON.stringify(names)})[chunkId];`);
}

/**
 * A name for every part that is loaded later: that of the module it is imported as, with as much of its path as tells it
 * from the others. What ncc puts apart itself, because it is large or needed by several, is named after those that need it.
 */
function namesOf({ chunks, chunkGraph }: Compilation): Map<Chunk, string> {
  const later = [...chunks].filter((chunk) => !chunk.files.has(`${name}.js`));
  const asked = later.filter(({ chunkReason }) => chunkReason === undefined);
  // An import of a package leaves nothing but what ncc put apart.
  const stands = (chunk: Chunk): boolean =>
    ![...chunk.groupsIterable].some((group) => group.chunks.some((other) => asked.includes(other)));
  const imported = later.filter((chunk) => asked.includes(chunk) || stands(chunk));
  const found = new Map<Chunk, string>();
  for (let length = 1; found.size < imported.length && length < 10; length += 1) {
    const ends = imported
      .filter((chunk) => !found.has(chunk))
      .map((chunk) => [chunk, endOf(chunk, length)] as const);
    for (const [chunk, end] of ends)
      if (ends.filter(([, other]) => other === end).length === 1) found.set(chunk, end);
  }
  for (const chunk of later.filter((item) => !imported.includes(item))) {
    const needing = [...chunk.groupsIterable].flatMap((group) =>
      group.chunks.flatMap((other) => (imported.includes(other) ? (found.get(other) ?? []) : [])),
    );
    const modules = [...chunkGraph.getChunkModulesIterable(chunk)];
    const kind = modules.every((module) => module.nameForCondition()?.includes('/node_modules/'))
      ? 'packages'
      : 'shared';
    const part = [...[...new Set(needing)].sort(), kind].join('-');
    // What the same parts need can be packed apart, by what else needs it; the names say which came first in the same order every time.
    const alike = [...found.values()].filter(
      (other) => other === part || other.startsWith(`${part}-`),
    ).length;
    found.set(chunk, alike === 0 ? part : `${part}-${alike + 1}`);
  }
  // The entry's own name goes before, so that two entries in one folder never write the same file.
  const named = new Map(
    [...found].map(([chunk, part]) => [chunk, name === 'index' ? part : `${name}-${part}`]),
  );
  const all = [name, ...beside.map((file) => path.parse(file).name), ...named.values()];
  if (named.size !== later.length || new Set(all).size !== all.length)
    throw new Error(`two parts of ${entry} would have one name: ${all.join(', ')}`);
  return named;
}

/** The end of the path of the module that a part is imported as, without its ending. */
function endOf(chunk: Chunk, length: number): string {
  const paths = [...chunk.groupsIterable]
    .flatMap(({ origins }) => origins)
    .map(({ module, request }) =>
      request.startsWith('.')
        ? path.join(path.dirname(module?.nameForCondition() ?? ''), request.replace(/\.\w+$/, ''))
        : request,
    )
    .map((file) => file.split('/').filter((part) => part !== ''))
    .map((segments) => segments.slice(-length).join('-'));
  return paths.sort()[0] ?? '';
}
