import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../roles.ts';
import { compiledFile } from './compiled.ts';
import { bare, commandsIn } from './shell.ts';

// Every command and every link of every document: a command is held against what the command line declares, and run where that needs
// no forge; of the others it is said who runs them.

const root = path.join(import.meta.dirname, '..');
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');

function pagesIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.posix.join(folder, file));
}
const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...pagesIn('docs'),
  ...roles.flatMap(({ name }) => [`actions/${name}/README.md`, `plugins/${name}/docs.md`]),
];

/** What programs a block of a shell may begin with; anything else is a picture, a log, or a text. */
const programs = [
  ...['npm', 'npx', 'node', 'forgecrew', '$forgecrew', 'git', 'curl', 'openssl', 'sha256sum', 'podman'],
  ...['export', 'sed', 'chmod', 'ssh-keygen', 'sudo'],
];

interface Told {
  file: string;
  words: string[];
  /** In a block a command is whole; in a sentence it may be only named. */
  isWhole: boolean;
}

/** The blocks of a page, with what stands outside of them. */
function parts(text: string): { blocks: { language: string; text: string }[]; outside: string } {
  const blocks: { language: string; text: string }[] = [];
  const outside = text.replace(
    /^( *)(`{3,})([^\n`]*)\n([\s\S]*?)^ *\2 *$/gm,
    (_, indent: string, __, language: string, body: string) => {
      blocks.push({ language: language.trim(), text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), '') });
      return '';
    },
  );
  return { blocks, outside };
}

/** A command of this project as its words, whatever it is started by; undefined for another program. */
function ours(words: readonly string[]): string[] | undefined {
  const [program, first = '', ...rest] = bare(words);
  if (program === 'forgecrew' || program === '$forgecrew')
    return [first, ...rest].filter((word) => word !== '');
  return program === 'node' && first.endsWith('dist/forgecrew/index.js') ? rest : undefined;
}

const told: Told[] = documents.flatMap((file) => {
  const { blocks, outside } = parts(textOf(file));
  const inBlocks = blocks.flatMap(({ language, text }) => {
    const commands = commandsIn(text).map((words) => words);
    const isShell = ['sh', 'bash', 'shell'].includes(language);
    const isOne = isShell || (language === '' && programs.includes(bare(commands[0] ?? [])[0] ?? ''));
    // What a log begins with is no command.
    return isOne && !/^forgecrew \d/.test(text)
      ? commands.map((words) => ({ file, words, isWhole: true }))
      : [];
  });
  const inSentences = [...outside.matchAll(/`((?:forgecrew|npm|npx|node|podman) [^`]+)`/g)]
    .map(([, text = '']) => text)
    .filter((text) => !/^forgecrew (?:\d|itself failed)/.test(text) && !text.includes('<'))
    .flatMap((text) => commandsIn(text).map((words) => ({ file, words, isWhole: false })));
  return [...inBlocks, ...inSentences];
});

/** The command line's own declarations. Its file starts it at once, so what starts it is kept from that. */
let program: Command;
beforeAll(async () => {
  const { parseAsync } = Command.prototype;
  Command.prototype.parseAsync = function (this: Command) {
    program = this;
    return Promise.resolve(this);
  };
  try {
    await import('../cli/main.ts');
  } finally {
    Command.prototype.parseAsync = parseAsync;
  }
});

interface Resolved {
  command: Command;
  name: string;
  faults: string[];
}

/** The command that these words start, and what of them it does not know. */
function resolve(words: readonly string[], isWhole: boolean): Resolved {
  const left = [...words];
  let command = program;
  for (;;) {
    const next = command.commands.find((item) => item.name() === left[0]);
    if (next === undefined) break;
    command = next;
    left.shift();
  }
  if (command === program) return { command, name: '', faults: [`there is no command ${left[0] ?? ''}`] };
  const name = words.slice(0, words.length - left.length).join(' ');
  // `agents` alone lists them.
  const listed = command.commands.find((item) => item.name() === 'list');
  const chosen = listed ?? command;
  const faults: string[] = [];
  const given = new Set<string>();
  let positionals = 0;
  while (left.length > 0) {
    const word = left.shift() ?? '';
    if (!word.startsWith('-')) {
      positionals += 1;
      continue;
    }
    const [flag = ''] = word.split('=');
    const option = chosen.options.find(({ long, short }) => long === flag || short === flag);
    if (option === undefined) faults.push(`${name} has no option ${flag}`);
    else if (option.required && !word.includes('=')) left.shift();
    given.add(flag);
  }
  const declared = chosen.registeredArguments;
  if (positionals > declared.length && !declared.some(({ variadic }) => variadic))
    faults.push(`${name} takes ${declared.length} arguments`);
  if (isWhole) {
    const wanted = chosen.options.filter(({ mandatory, long }) => mandatory && !given.has(long ?? ''));
    faults.push(...wanted.map(({ long }) => `${name} needs ${long}`));
    if (positionals < declared.filter(({ required }) => required).length)
      faults.push(`${name} lacks an argument`);
  }
  return { command: chosen, name, faults };
}

/** Commands that ask a forge: which test runs them, against the embedded one. */
const runElsewhere: Record<string, string> = {
  init: 'test/cli/init.test.ts',
  doctor: 'test/cli/doctor.test.ts',
  protect: 'test/cli/protect.test.ts',
  'policy open': 'test/cli/policy.test.ts',
  'policy close': 'test/cli/policy.test.ts',
  policy: 'test/cli/policy.test.ts',
  explain: 'test/cli/explain.test.ts',
  upgrade: 'test/cli/upgrade.test.ts',
  agents: 'test/cli/agents.test.ts',
  'agents add': 'test/cli/agents-add.test.ts',
  'agents wake': 'test/cli/wake.test.ts',
  'agents try': 'test/cli/agents-try.test.ts',
  propose: 'test/cli/escalation.test.ts',
  'escalation-init': 'test/cli/escalation.test.ts',
  provenance: 'test/cli/provenance.test.ts',
};
/** Where a command is run that asks a forge; those of `dispatch` have a folder of tests. */
function placeOf(name: string): string | undefined {
  return runElsewhere[name] ?? (/^dispatch\b/.test(name) ? 'test/cli/dispatch' : undefined);
}
/** Commands that need no forge: they are run below. */
const runHere = ['lint', 'provenance keygen'];

describe('the commands of forgecrew in the documents', () => {
  const all = told.flatMap(({ file, words, isWhole }) => {
    const own = ours(words);
    return own === undefined ? [] : [{ file, words: own, isWhole }];
  });

  it('are known, with every option, and whole where they stand in a block', () => {
    const faults = all.flatMap(({ file, words, isWhole }) =>
      resolve(words, isWhole).faults.map((fault) => `${file}: ${words.join(' ')}: ${fault}`),
    );

    expect(faults).toEqual([]);
    expect(all.length).toBeGreaterThan(30);
  });

  it('are each run by a test, here or against a forge', () => {
    const names = new Set(all.map(({ words, isWhole }) => resolve(words, isWhole).name));

    const elsewhere = [...names].filter((name) => !runHere.includes(name));
    for (const name of elsewhere)
      expect([name, existsSync(path.join(root, placeOf(name) ?? 'nowhere'))]).toEqual([name, true]);
  });

  it('name every command that there is: none is left out of the documents', () => {
    const page = textOf('docs/commands.md');

    for (const command of program.commands) expect(page).toContain(`\n## ${command.name()}\n`);
    for (const command of program.commands.find((item) => item.name() === 'agents')?.commands ?? [])
      if (command.name() !== 'list') expect(page).toContain(`\n## agents ${command.name()}\n`);
  });
});

describe.skipIf(!existsSync(compiledFile('forgecrew')))('what needs no forge', () => {
  /** A folder with what the documents speak of: the example of an ops repo, and the sprint document of the README. */
  function folderOf(): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-documents-'));
    cpSync(path.join(root, 'docs/examples/ops-repo'), folder, { recursive: true });
    const sprint = parts(textOf('README.md')).blocks.find(({ language }) => language === 'markdown');
    mkdirSync(path.join(folder, 'sprints'), { recursive: true });
    writeFileSync(path.join(folder, 'sprints/first.md'), sprint?.text ?? '');
    return folder;
  }

  it('lint and keygen do what the documents say, as they stand there', () => {
    const folder = folderOf();
    try {
      const lines = told.flatMap(({ words }) => {
        const own = ours(words);
        const name = own === undefined ? '' : resolve(own, false).name;
        // Of those that are only named there is nothing to run.
        return own !== undefined && runHere.includes(name) && own.length > name.split(' ').length
          ? [own.join(' ')]
          : [];
      });
      const results = [...new Set(lines)].map((line) => {
        // By a shell, which puts names of files in the place of stars.
        const { status, stdout } = spawnSync('/bin/sh', ['-c', `"$NODE" "$FORGECREW" ${line}`], {
          cwd: folder,
          encoding: 'utf8',
          env: { PATH: process.env.PATH, NODE: process.execPath, FORGECREW: compiledFile('forgecrew') },
        });
        return {
          line,
          status,
          isValid: line.startsWith('lint')
            ? /valid/.test(stdout)
            : existsSync(path.join(folder, 'provenance.key')),
        };
      });

      expect(results.map(({ line }) => line).sort()).toEqual([
        'lint .',
        'lint forgecrew.toml',
        'lint sprints/first.md',
        'lint vault/formulas/*.toml vault/policy.toml',
        'provenance keygen --private provenance.key --public provenance.pub',
      ]);
      expect(results.filter(({ status, isValid }) => status !== 0 || !isValid)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('other commands in the documents', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  const demos = /const stories = \{([^}]*)\}/.exec(textOf('scripts/demo.ts'))?.[1] ?? '';

  it('start scripts that are there', () => {
    const faults = told.flatMap(({ file, words }) => {
      const [program = '', verb = '', ...rest] = bare(words);
      if (program !== 'npm') return [];
      const [script, more] = verb === 'run' ? [rest[0] ?? '', rest.slice(1)] : [verb, rest];
      const what = more[0] === '--' ? (more[1] ?? '') : '';
      const isThere =
        scripts[script] !== undefined &&
        (what === '' ||
          what.startsWith('--') ||
          (script === 'demo'
            ? new RegExp(`\\b${what}\\b`).test(demos)
            : existsSync(path.join(root, script === 'bench' ? `scripts/bench/${what}.ts` : what)) ||
              existsSync(path.join(root, `${what}.test.ts`))));
      return isThere ? [] : [`${file}: ${words.join(' ')}`];
    });

    expect(faults).toEqual([]);
  });

  it('are of programs whose work nobody has to guess: whoever adds one says here who runs it', () => {
    const notOurs = told.filter(({ words, isWhole }) => isWhole && ours(words) === undefined);
    const names = new Set(notOurs.map(({ words }) => bare(words)[0] ?? 'a variable'));

    expect(Object.fromEntries([...names].sort().map((name) => [name, true]))).toEqual({
      // CI runs `npm run demo` and `npm test`; the others are what developers run, and start.mjs is theirs all.
      npm: true,
      // By test/scripts/a-new-role.test.ts.
      ...{ npx: true, sed: true, chmod: true },
      // Not run: the forge, keys and accounts of somebody else's machine.
      ...{ curl: true, git: true, 'ssh-keygen': true, sudo: true },
      // Not run: it takes a whole factory away, and was followed to the letter on a Forgejo 17. `api` is defined there.
      ...{ 'api()': true, api: true, xargs: true },
      // Not run as they stand: provenance by hand. test/cli/provenance.test.ts checks the same bytes.
      ...{ node: true, openssl: true, sha256sum: true },
      // Said to the shell itself.
      ...{ export: true, 'a variable': true, for: true, do: true, done: true, true: true, '}': true },
    });
  });
});

describe('links in the documents', () => {
  /** Headings as forges make anchors of them: many drop what is no letter, Forgejo makes one hyphen of it. Only what both call alike counts. */
  function anchors(text: string): string[] {
    const { outside } = parts(text);
    return [...outside.matchAll(/^#{1,6} (.+)$/gm)].flatMap(([, heading = '']) => {
      const usual = heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-');
      const words = heading.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
      return words.join('-') === usual ? [usual] : [];
    });
  }

  it.each(documents)('of %s lead to what is there', (file) => {
    const { outside } = parts(textOf(file));
    const links = [...outside.replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, link = '']) => link,
    );
    const faults = links
      .filter((link) => !/^(?:https?|mailto):/.test(link))
      .flatMap((link) => {
        const [target = '', anchor] = link.split('#');
        const where = target === '' ? file : path.posix.join(path.posix.dirname(file), target);
        if (!existsSync(path.join(root, where))) return [`${link}: no such file`];
        return anchor === undefined || !where.endsWith('.md') || anchors(textOf(where)).includes(anchor)
          ? []
          : [`${link}: no such heading`];
      });

    expect(faults).toEqual([]);
  });
});
