// The sources as JavaScript, for the compiler. ncc would compile TypeScript itself, but with our compiler options it makes
// CommonJS of every module, so that nothing unused can be left out, and it checks all types once more for each target.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { type Digests, digestOf } from './record.ts';

/** Folders that compiled files are made from. */
const sources = ['actions', 'cli', 'core'];

/**
 * Packages of which only a part is used, and the rest would come along: an HTTP client, Octokit. They change nothing
 * outside themselves when they are loaded, and do not say so; said here, the compiler leaves out what nobody uses.
 */
const sideEffectFree = ['@actions/core', '@actions/github'];

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  rewriteRelativeImportExtensions: true,
};

/** Writes every source into `folder`, under its own path, without its types; answers the digests of what was read. */
export function stripTypes(root: string, folder: string): Digests {
  const digests: Digests = {};
  for (const file of sources.flatMap((source) => filesBelow(root, source))) {
    const target = path.join(folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    const text = readFileSync(path.join(root, file), 'utf8');
    digests[file] = digestOf(text);
    writeFileSync(target, ts.transpileModule(text, { fileName: file, compilerOptions: options }).outputText);
  }
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const name of sideEffectFree) {
    const from = path.join(root, 'node_modules', name);
    const to = path.join(folder, 'node_modules', name);
    // What the package depends on is found in the node_modules above, as for everything else.
    cpSync(path.join(from, 'lib'), path.join(to, 'lib'), { recursive: true });
    const description = JSON.parse(readFileSync(path.join(from, 'package.json'), 'utf8'));
    writeFileSync(path.join(to, 'package.json'), JSON.stringify({ ...description, sideEffects: false }));
  }
  return digests;
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(root, file);
    // The log scanner's source is AssemblyScript, which has a compiler of its own.
    return /(?<!\.as|\.d)\.ts$/.test(entry.name) ? [file] : [];
  });
}
