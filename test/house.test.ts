import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { roles } from '../roles.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What one source file imports. Types count for circles: they tie two files together for a reader as well. */
interface Imports {
  /** Files of the project that it needs when it runs, and those of which it needs types only. */
  runtime: string[];
  types: string[];
  /** Packages and parts of Node that it needs when it runs. */
  packages: string[];
  /** What `import()` loads later. */
  later: string[];
}

function sourcesIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.(?:as|wasm|d)\.ts$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
}

function importsOf(file: string): Imports {
  const source = ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true);
  const found: Imports = { runtime: [], types: [], packages: [], later: [] };
  const add = (to: string, specifier: ts.Expression): void => {
    const name = ts.isStringLiteral(specifier) ? specifier.text : specifier.getText();
    const inside = path.join(path.dirname(file), name);
    if (to === 'later') found.later.push(name.startsWith('.') ? inside : name);
    else if (name.startsWith('.')) found[to === 'types' ? 'types' : 'runtime'].push(inside);
    else if (to === 'runtime') found.packages.push(name);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { importClause } = node;
      const named = importClause?.namedBindings;
      const isTypes =
        importClause !== undefined &&
        (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword ||
          (importClause.name === undefined &&
            named !== undefined &&
            ts.isNamedImports(named) &&
            named.elements.every(({ isTypeOnly }) => isTypeOnly)));
      add(isTypes ? 'types' : 'runtime', node.moduleSpecifier);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
      add(node.isTypeOnly ? 'types' : 'runtime', node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add('later', node.arguments[0] as ts.Expression);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function textOf(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

const files = ['core', 'actions', 'cli', 'embedded-forge', 'embedded-github', 'embedded-woodpecker'].flatMap(
  sourcesIn,
);
const graph = new Map(files.map((file) => [file, importsOf(file)]));

/** The way from a file back to itself, or undefined. */
function circleThrough(start: string): string[] | undefined {
  const seen = new Set<string>();
  const walk = (file: string, way: string[]): string[] | undefined => {
    const { runtime = [], types = [] } = graph.get(file) ?? {};
    for (const next of [...runtime, ...types]) {
      if (next === start) return [...way, next];
      if (seen.has(next) || !graph.has(next)) continue;
      seen.add(next);
      const found = walk(next, [...way, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(start, [start]);
}

/** Every file that runs when this one does, with the way to it. */
function reachedFrom(start: string): Map<string, string[]> {
  const reached = new Map([[start, [start]]]);
  for (const [file, way] of reached)
    for (const next of graph.get(file)?.runtime ?? [])
      if (graph.has(next) && !reached.has(next)) reached.set(next, [...way, next]);
  return reached;
}

/** Parts of Node that compute and touch nothing. */
const harmless = ['node:buffer', 'node:crypto'];
const impureFolders = [
  'core/api/',
  'core/forge/',
  'core/woodpecker/',
  'core/github/',
  'core/host/',
  'core/changes/',
];
/** Lists of names, in a folder that otherwise touches the machine. */
const namesOnly = ['core/host/backends.ts'];
const impureText =
  /\bprocess\.|\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bMath\.random\(|\bfetch\(|\bsetTimeout\(/;

/** Why a file may not be a part of a decision, or undefined. */
function impurity(file: string): string | undefined {
  if (namesOnly.includes(file)) return undefined;
  const folder = impureFolders.find((item) => file.startsWith(item));
  if (folder !== undefined) return `stands in ${folder}`;
  const { packages = [], later = [] } = graph.get(file) ?? {};
  const part = packages.find(
    (name) => (name.startsWith('node:') && !harmless.includes(name)) || /^(?:undici|@actions\/)/.test(name),
  );
  if (part !== undefined) return `imports ${part}`;
  if (later.length > 0) return `loads ${later[0]} later`;
  const clock = impureText.exec(textOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))?.[0];
  return clock === undefined ? undefined : `says ${clock}`;
}

describe('the house', () => {
  it('has no circle of imports', () => {
    const circles = files.flatMap((file) => {
      const circle = circleThrough(file);
      return circle === undefined ? [] : [circle.join(' -> ')];
    });

    expect(circles).toEqual([]);
  });

  it('core knows no role', () => {
    const known = files.flatMap((file) => {
      const { runtime = [], types = [], later = [] } = graph.get(file) ?? {};
      return file.startsWith('core/')
        ? [...runtime, ...types, ...later]
            .filter((to) => !to.startsWith('core/') && graph.has(to))
            .map((to) => `${file} -> ${to}`)
        : [];
    });

    expect(known).toEqual([]);
  });

  it.each([
    ['core/text/', ['core/text/', 'core/errors.ts']],
    ['core/api/', ['core/api/', 'core/text/', 'core/errors.ts', 'core/mask.ts']],
    ['core/forge/', ['core/forge/', 'core/api/', 'core/text/', 'core/errors.ts', 'core/accounts.ts']],
    ['core/github/', ['core/github/', 'core/api/', 'core/text/', 'core/errors.ts', 'core/accounts.ts']],
    ['core/woodpecker/', ['core/woodpecker/', 'core/api/', 'core/text/', 'core/errors.ts']],
    ['core/host/', ['core/host/', 'core/text/', 'core/errors.ts']],
  ])('%s stands on nothing but %j', (folder, allowed) => {
    const others = files
      .filter((file) => file.startsWith(folder))
      .flatMap((file) => {
        const { runtime = [], types = [] } = graph.get(file) ?? {};
        return [...runtime, ...types]
          .filter((to) => !allowed.some((place) => to.startsWith(place)))
          .map((to) => `${file} -> ${to}`);
      });

    expect(others).toEqual([]);
  });
});

describe.each(roles)('the room of $name', ({ name }) => {
  const room = `actions/${name}/`;

  it('decides without a client, a clock, an environment or a file system, however far its plan reaches', () => {
    const faults = [...reachedFrom(`${room}plan.ts`)].flatMap(([file, way]) => {
      const why = impurity(file);
      return why === undefined ? [] : [`${way.join(' -> ')} ${why}`];
    });

    expect(faults).toEqual([]);
  });

  it('is read by its role object alone', () => {
    const readers = files.filter((file) => {
      const { runtime = [], types = [] } = graph.get(file) ?? {};
      return [...runtime, ...types].some((to) => to.startsWith(`${room}read`));
    });

    expect(readers.filter((file) => !file.startsWith(`${room}read`))).toEqual([`${room}role.ts`]);
  });
});

it.each([
  'cli/init/plan.ts',
  'cli/protect/plan.ts',
  'cli/policy/plan.ts',
  'cli/doctor/examine.ts',
  'cli/dispatch/reap/decide.ts',
])('%s decides without a client, a clock, an environment or a file system', (start) => {
  const faults = [...reachedFrom(start)].flatMap(([file, way]) => {
    const why = impurity(file);
    return why === undefined ? [] : [`${way.join(' -> ')} ${why}`];
  });

  expect(faults).toEqual([]);
});

it('the test of the house sees what it forbids', () => {
  expect(impurity('core/run.ts')).toBeDefined();
  expect(impurity('core/write-whole.ts')).toBe('imports node:fs');
  expect(impurity('core/forge/issues.ts')).toBe('stands in core/forge/');
  expect(reachedFrom('core/run.ts').has('core/apply.ts')).toBe(true);
});
