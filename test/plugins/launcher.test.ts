import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launcher, recordedNode, usualNodes } from '../../scripts/launcher.ts';

/**
 * Launchers as pipelines start them, in environments that somebody chose. As root they run as another account: bash takes
 * less from the environment of root.
 */
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;
const node = realpathSync(process.execPath);

let scratch: string;
/** Where what must not run leaves its mark. */
let marks: string;
beforeAll(() => {
  scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'forgecrew-launcher-')));
  chmodSync(scratch, 0o755);
  marks = path.join(scratch, 'marks');
  mkdirSync(marks);
  chmodSync(marks, 0o777);
});
afterEach(() => {
  for (const name of readdirSync(marks)) rmSync(path.join(marks, name), { recursive: true });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function which(program: string): string | undefined {
  return ['/bin', '/usr/bin', '/usr/local/bin']
    .map((folder) => path.join(folder, program))
    .find((file) => existsSync(file));
}

/** A shell, and what starts it: the first line of the script, or a container by the shell's name, without options. */
interface Shell {
  what: string;
  program: string;
  startedBy: 'first line' | 'name';
}

const shells: Shell[] = [
  { what: 'dash', program: 'dash', startedBy: 'first line' },
  { what: 'bash as sh', program: 'bash', startedBy: 'first line' },
  { what: 'dash, by name', program: 'dash', startedBy: 'name' },
  { what: 'bash as sh, by name', program: 'bash', startedBy: 'name' },
  { what: 'busybox ash, by name', program: 'busybox', startedBy: 'name' },
];
const present = shells.filter(({ program }) => which(program) !== undefined);

let made = 0;
function folder(): string {
  made += 1;
  const made_ = path.join(scratch, `f${made}`);
  mkdirSync(made_);
  return made_;
}

function program(file: string, text: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

/** The shell under the name by which it is a POSIX shell. */
function shellAsSh({ program: name }: Shell): string {
  const link = path.join(scratch, name, 'sh');
  if (existsSync(link)) return link;
  mkdirSync(path.dirname(link));
  symlinkSync(which(name) ?? '', link);
  return link;
}

/** A checkout with a role that tells how it was started. */
function checkout(
  shell: Shell,
  { recorded = path.join(scratch, 'no/node'), usual = [node] }: { recorded?: string; usual?: string[] } = {},
): { file: string; root: string } {
  const root = folder();
  const tell =
    'JSON.stringify({ environment: process.env, args: process.argv.slice(2), node: process.execPath })';
  program(path.join(root, 'dist/probe/index.js'), `console.log(${tell});\n`);
  const text = launcher('probe', { recorded, usual });
  expect(text.startsWith('#!/bin/sh -p\n')).toBe(true);
  const file = program(
    path.join(root, 'plugins/probe/probe'),
    text.replace('#!/bin/sh', `#!${shellAsSh(shell)}`),
  );
  return { file, root };
}

interface Started {
  code: number | null;
  text: string;
  environment: Record<string, string>;
  args: string[];
  node: string;
}

function start(
  shell: Shell,
  file: string,
  environment: Record<string, string>,
  { args = [], cwd = marks }: { args?: string[]; cwd?: string } = {},
): Started {
  const [command, ...rest] = shell.startedBy === 'name' ? [shellAsSh(shell), file, ...args] : [file, ...args];
  const { status, stdout, stderr, error } = spawnSync(command ?? '', rest, {
    cwd,
    env: environment,
    encoding: 'utf8',
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  });
  if (error !== undefined) throw error;
  const told = stdout.split('\n').find((line) => line.startsWith('{"environment"'));
  return {
    code: status,
    text: `${stdout}${stderr}`,
    environment: {},
    args: [],
    node: '',
    ...(told === undefined ? {} : JSON.parse(told)),
  };
}

/** What is left of an environment: names that are no names of variables cannot be taken away, and nothing heeds them. */
function variables({ environment }: Started): Record<string, string> {
  // Bash gives every program `_`, the path that it was started by, and counts shells in SHLVL, here from none.
  const ofBash = (name: string, value: string): boolean =>
    name === '_' || (name === 'SHLVL' && value === '0');
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !ofBash(name, value),
    ),
  );
}

function mark(name: string): string {
  return path.join(marks, name);
}

const programFolders =
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';
/** What every role gets. */
const always = { PATH: programFolders, ROLE_EXTRA_CA_CERTS: '' };

it.each(['dash', 'bash', 'busybox'])('%s is here to be tried', (name) => {
  // Said by name where it is not, so that nobody takes the tests below for more than they are.
  if (which(name) === undefined) console.warn(`${name} is not installed: launchers were not tried with it`);
});

it('is described with the places that it looks at', () => {
  const told = readFileSync(new URL('../../docs/threat-model.md', import.meta.url), 'utf8');

  for (const place of [...usualNodes, recordedNode, ...programFolders.split(':'), '#!/bin/busybox sh'])
    expect(told).toContain(`\`${place}\``);
});

describe.each(present)('a launcher in $what', (shell) => {
  it('hands on settings, what CI says and what the machine says of the network, and nothing else', () => {
    const { file } = checkout(shell);
    const told = {
      PLUGIN_FORGE_TOKEN: 'secret',
      CI: 'woodpecker',
      CI_REPO: 'owner/ops',
      http_proxy: 'http://a.test',
      HTTPS_PROXY: 'http://b.test',
      no_proxy: 'c.test',
      HOME: '/home/agent',
      TMPDIR: '/tmp',
      LANG: 'C.UTF-8',
      LC_ALL: 'C',
    };

    const started = start(shell, file, {
      ...told,
      NODE_EXTRA_CA_CERTS: '/etc/ssl/own.pem',
      ROLE_EXTRA_CA_CERTS: '/tmp/evil.pem',
      CIRCUS: 'x',
      PLUGI: 'x',
      WOODPECKER_AGENT_SECRET: 'x',
    });

    expect(started.node).toBe(node);
    expect(variables(started)).toEqual({ ...told, ...always, ROLE_EXTRA_CA_CERTS: '/etc/ssl/own.pem' });
  });

  it('hands on every value byte by byte', () => {
    const { file } = checkout(shell);
    // Every byte but NUL that is text, and the quotes, lines and substitutions a shell would heed.
    const bytes = Array.from({ length: 127 }, (_, at) => String.fromCharCode(at + 1)).join('');
    const hard = {
      PLUGIN_BYTES: bytes,
      PLUGIN_LETTERS: 'äöü €  \u{1f600}\u0081\u0088',
      PLUGIN_QUOTES: `'"\`$(touch ${mark('quotes')})\\'$'\\n'"`,
      PLUGIN_EMPTY: '',
      PLUGIN_LINES: '\n\n a \n\nb\n',
      PLUGIN_LONG: 'x\n'.repeat(50_000),
    };

    const started = start(shell, file, hard);

    expect(variables(started)).toEqual({ ...hard, ...always });
    expect(existsSync(mark('quotes'))).toBe(false);
  });

  it.each(['export ', 'declare -x ', 'declare -rx ', 'typeset -x '])(
    'adds and hides no variable for a line in a value that begins with %j',
    (word) => {
      const { file } = checkout(shell);
      const evil = [
        'x',
        `${word}PLUGIN_EVIL='y'`,
        `${word}NODE_OPTIONS='--require=/tmp/evil.cjs'`,
        `${word}PATH='/tmp/evil'`,
        `${word}IFS='P'`,
        `${word}name='P'`,
        `${word}line='P'`,
        `${word}exported='P'`,
        `${word}PLUGIN_$(touch ${mark('line')})='y'`,
        `${word}x; touch ${mark('line')} #='y'`,
        `${word}PPID='1'`,
        `${word}UID='1'`,
        `${word}SHELLOPTS='xtrace'`,
        "'",
        '"',
        `export LD_PRELOAD`,
      ];
      const told = {
        // Sorted first, last and between, as shells print them.
        AAA: evil.join('\n'),
        CI_COMMIT_MESSAGE: evil.join('\n'),
        PLUGIN_A: evil.join("'\n"),
        PLUGIN_B: evil.toReversed().join('"\n'),
        zzz: evil.join('\n'),
        NODE_OPTIONS: `--require=${mark('no-such-module.cjs')}`,
      };

      const started = start(shell, file, told);

      const { AAA: _, zzz: __, NODE_OPTIONS: ___, ...handed } = told;
      expect(variables(started)).toEqual({ ...handed, ...always });
      expect(existsSync(mark('line'))).toBe(false);
    },
  );

  it('runs its own node and its own programs, whatever PATH says', () => {
    // A link, so that the launcher has to ask a program where it leads.
    const { file, root } = checkout(shell);
    symlinkSync(file, path.join(root, 'link'));
    const evil = folder();
    for (const name of ['node', 'env', 'dirname', 'readlink', 'ls', 'sh', '[', 'test', 'printf'])
      program(path.join(evil, name), `#!/bin/sh\n>${mark('path')}\n`);

    const started = start(shell, path.join(root, 'link'), { PATH: evil, PLUGIN_A: '1' });

    expect(started.node).toBe(node);
    expect(variables(started)).toEqual({ PLUGIN_A: '1', ...always });
    expect(existsSync(mark('path'))).toBe(false);
  });

  it('starts no code that the environment names for Node, OpenSSL or a shell', () => {
    const { file } = checkout(shell);
    const [module, script] = [path.join(folder(), 'evil.cjs'), path.join(folder(), 'evil.sh')];
    writeFileSync(module, `require('node:fs').writeFileSync(${JSON.stringify(mark('code'))}, '');\n`);
    writeFileSync(script, `>${mark('code')}\n`);

    const started = start(shell, file, {
      NODE_OPTIONS: `--require=${module}`,
      NODE_PATH: path.dirname(module),
      NODE_V8_COVERAGE: mark('coverage'),
      NODE_REDIRECT_WARNINGS: mark('warnings'),
      NODE_COMPILE_CACHE: mark('cache'),
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      OPENSSL_CONF: script,
      SSL_CERT_FILE: script,
      ENV: script,
      BASH_ENV: script,
      FPATH: path.dirname(script),
      LOCPATH: path.dirname(script),
      GCONV_PATH: path.dirname(script),
      GLIBC_TUNABLES: 'glibc.malloc.check=3',
      LD_LIBRARY_PATH: path.dirname(script),
      PROMPT_COMMAND: `. ${script}`,
      PS1: `$(. ${script})`,
      FORGECREW_FORGE_URL: 'http://evil.test',
      GITHUB_ACTIONS: 'true',
      PLUGIN_A: '1',
    });

    expect(started.node).toBe(node);
    expect(variables(started)).toEqual({ PLUGIN_A: '1', ...always });
    for (const name of ['code', 'coverage', 'warnings', 'cache']) expect(existsSync(mark(name))).toBe(false);
  });

  // As the threat model says: where an image's shell is bash, the environment gives it options, for nothing says `-p`.
  const takesOptions = shell.program === 'bash' && shell.startedBy === 'name';

  it.each(['xtrace', 'verbose:xtrace', 'noexec', 'nounset:errexit', 'allexport'])(
    'takes no option from the environment, and runs no command in PS4 (%s), where its first line starts it',
    (options) => {
      const { file } = checkout(shell);

      const started = start(shell, file, {
        PS4: `$(>${mark('ps4')})`,
        SHELLOPTS: options,
        BASHOPTS: 'extdebug:extglob',
        PLUGIN_A: '1',
      });

      const { SHELLOPTS: _, BASHOPTS: __, ...left } = variables(started);
      expect(left).toEqual(takesOptions && options === 'noexec' ? {} : { PLUGIN_A: '1', ...always });
      expect(existsSync(mark('ps4'))).toBe(takesOptions && options.includes('xtrace'));
    },
  );

  it('is not misled by IFS, CDPATH, GLOBIGNORE and what else steers a shell', () => {
    const { file, root } = checkout(shell);
    const steering = {
      IFS: 'PLUGIN_/',
      CDPATH: '/tmp',
      GLOBIGNORE: '*',
      POSIXLY_CORRECT: '1',
      BASH_COMPAT: '3.1',
      BASH_VERSION: '',
      OPTIND: '7',
      PWD: '/tmp/evil',
      OLDPWD: '/tmp/evil',
      SHLVL: '9',
      FUNCNEST: '1',
      EXECIGNORE: '*',
      LINENO: '7',
      name: '/tmp/evil',
      line: 'x',
      exported: 'x',
      node: '/tmp/evil',
      place: '/tmp/evil',
      here: '/tmp/evil',
      // Variables that a shell itself makes, and may not let go.
      PPID: '1',
      UID: '0',
      EUID: '0',
      GROUPS: '0',
      RANDOM: '1',
      SECONDS: '1',
      BASHPID: '1',
      BASH_SOURCE: 'x',
      BASH_LINENO: '1',
      BASH_ARGV: 'x',
      BASH_VERSINFO: '1',
      DIRSTACK: '/',
      FUNCNAME: 'x',
      PIPESTATUS: '1',
      HISTCMD: '1',
      HOSTNAME: 'x',
      _: 'x',
    };

    for (const started of [
      start(shell, file, { ...steering, PLUGIN_A: '1' }),
      start(shell, path.relative(root, file), { ...steering, PLUGIN_A: '1' }, { cwd: root }),
    ]) {
      // These a shell does not give up; they are numbers, and steer nothing.
      const { UID: _, EUID: __, PPID: ___, BASH_VERSINFO: ____, OPTIND: _____, ...left } = variables(started);
      expect(started.node).toBe(node);
      expect(left).toEqual({ PLUGIN_A: '1', ...always });
    }
  });

  it('takes no function from the environment', () => {
    const { file } = checkout(shell);
    const names = [
      ...['[', 'test', 'printf', 'read', 'ls', 'readlink', 'env', 'true', 'node', node, 'stop', 'is_roots'],
      ...['is_program', 'command', 'builtin', 'case'],
    ];
    const functions = Object.fromEntries(
      names.flatMap((name) => [
        [`BASH_FUNC_${name}%%`, `() { >${mark('function')}; }`],
        [`BASH_FUNC_${name}()`, `() { >${mark('function')}; }`],
        [name, `() { >${mark('function')}; }`],
      ]),
    );

    const started = start(shell, file, { ...functions, PLUGIN_A: '1' });

    expect(started.node).toBe(node);
    expect(variables(started)).toEqual({ PLUGIN_A: '1', ...always });
    expect(existsSync(mark('function'))).toBe(false);
  });

  it('takes no function in place of the words that are special to a shell either', () => {
    const { file } = checkout(shell);
    const names = ['set', 'export', 'unset', 'exec', 'return', 'exit', ':', '.', 'eval', 'break'];
    const functions = Object.fromEntries(
      names.map((name) => [`BASH_FUNC_${name}%%`, `() { >${mark('special')}; }`]),
    );

    const started = start(shell, file, { ...functions, PLUGIN_A: '1' });

    expect(variables(started)).toEqual({ PLUGIN_A: '1', ...always });
    expect(existsSync(mark('special'))).toBe(false);
  });

  it('is not slowed down, nor led past its end, by thousands of variables', () => {
    const { file } = checkout(shell);
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`LD_${at}`, `${at}\nexport X`]));

    const started = start(shell, file, { ...many, ZZZ: '1', PLUGIN_A: '1' });

    expect(variables(started)).toEqual({ PLUGIN_A: '1', ...always });
  });

  it('hands its arguments on, and ends as the role ends', () => {
    const { file, root } = checkout(shell);
    const args = ['--a', 'b c', '', "it's $HOME", '*'];

    expect(start(shell, file, {}, { args }).args).toEqual(args);

    writeFileSync(path.join(root, 'dist/probe/index.js'), 'process.exitCode = 7;\n');
    expect(start(shell, file, {}).code).toBe(7);
  });

  it('puts no setting into the arguments of a program, where every account of the machine reads it', () => {
    const { file, root } = checkout(shell);
    const told = "require('node:fs').readFileSync('/proc/' + process.ppid + '/cmdline', 'utf8')";
    writeFileSync(
      path.join(root, 'dist/probe/index.js'),
      `console.log(JSON.stringify({ environment: {}, args: [process.argv.join(' '), ${told}], node: '' }));\n`,
    );

    const { args } = start(shell, file, { PLUGIN_FORGE_TOKEN: 'a secret' });

    expect(args).toHaveLength(2);
    expect(args.join(' ')).not.toContain('a secret');
    // Nothing but the shell and Node is started in the usual case, so nothing else can have had it.
    expect(launcher('probe')).not.toMatch(/\benv -|\$\{?PLUGIN/);
  });

  it('takes the first Node of the usual places that is a program', () => {
    const places = folder();
    const told = (name: string): string => JSON.stringify({ environment: {}, args: [], node: name });
    mkdirSync(path.join(places, 'a-folder'));
    writeFileSync(path.join(places, 'no-program'), '');
    for (const name of ['first', 'second'])
      program(path.join(places, name), `#!/bin/sh\necho '${told(name)}'\n`);
    const usual = ['none', 'a-folder', 'no-program', 'first', 'second'].map((name) =>
      path.join(places, name),
    );

    expect(start(shell, checkout(shell, { usual }).file, {}).node).toBe('first');
  });

  it('says what to do where there is no Node, and ends red', () => {
    const usual = ['/nowhere/a/node', '/nowhere/b/node'];

    const { code, text } = start(shell, checkout(shell, { usual, recorded: '/nowhere/record' }).file, {
      PATH: path.dirname(node),
    });

    expect(code).toBe(1);
    expect(text).toBe(
      'Stopped: Node was not found in /nowhere/a/node, /nowhere/b/node.\n' +
        'Install Node 20.18.1 or newer in one of these places, or write its path into /nowhere/record (as root).\n',
    );
  });

  describe.skipIf(!isRoot)('with a Node recorded by root (as root)', () => {
    function record(text: string): string {
      const file = path.join(folder(), 'forgecrew/node');
      mkdirSync(path.dirname(file));
      writeFileSync(file, text);
      return file;
    }

    it.each(['', '\n', '\nand more\n'])('takes it before the usual places, ended by %j', (end) => {
      const own = path.join(folder(), 'own-node');
      symlinkSync(node, own);
      const other = program(path.join(folder(), 'node'), `#!/bin/sh\n>${mark('usual')}\n`);

      const started = start(
        shell,
        checkout(shell, { recorded: record(`${own}${end}`), usual: [other] }).file,
        {},
      );

      expect(started.node).toBe(node);
      expect(started.environment.PATH).toBe(`${path.dirname(own)}:${programFolders}`);
      expect(existsSync(mark('usual'))).toBe(false);
    });

    it.each(['', '\n/usr/bin/node', 'node', './node', '/nowhere/node', '/tmp', '/etc/passwd', '$(id)'])(
      'refuses %j, and does not look elsewhere',
      (text) => {
        const recorded = record(text);

        const { code, text: said, node: used } = start(shell, checkout(shell, { recorded }).file, {});

        expect(used).toBe('');
        expect(code).toBe(1);
        expect(said).toMatch(
          /^Stopped: The first line of \S+forgecrew\/node is not the path of a program: '/,
        );
        expect(said).toContain('such as /opt/node/bin/node.');
      },
    );

    it.each([
      ['the file may be written by its group', (file: string) => chmodSync(file, 0o664)],
      ['the file may be written by everybody', (file: string) => chmodSync(file, 0o646)],
      ['the file belongs to somebody else', (file: string) => chownSync(file, nobody, 0)],
      ['the folder may be written by everybody', (file: string) => chmodSync(path.dirname(file), 0o757)],
      ['the folder belongs to somebody else', (file: string) => chownSync(path.dirname(file), nobody, 0)],
    ])('refuses it where %s', (_, spoil) => {
      const recorded = record(`${node}\n`);
      spoil(recorded);

      const { code, text, node: used } = start(shell, checkout(shell, { recorded }).file, {});

      expect(used).toBe('');
      expect(code).toBe(1);
      expect(text).toContain('names the Node to use, and somebody else than root may write it.');
    });
  });
});

/** Whether a program is linked without the system's loader, which is what heeds LD_PRELOAD. */
function isStatic(name: string): boolean {
  const { stdout, stderr } = spawnSync('ldd', [which(name) ?? ''], { encoding: 'utf8' });
  return `${stdout}${stderr}`.includes('not a dynamic executable');
}

describe.skipIf(which('cc') === undefined)('LD_PRELOAD (cc)', () => {
  it.each(present)(
    'runs in $what before its first line unless that is static, as the threat model says, and never in Node',
    (shell) => {
      const source = path.join(folder(), 'evil.c');
      const library = source.replace(/c$/, 'so');
      const where = mark(`preload-${made}`);
      writeFileSync(
        source,
        `#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void evil(void) {
  char exe[4096];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  FILE *f = fopen("${where}", "a");
  if (f != NULL && n > 0) { exe[n] = 0; fprintf(f, "%s\\n", exe); fclose(f); }
}
`,
      );
      const { status } = spawnSync('cc', ['-shared', '-fPIC', '-o', library, source], { stdio: 'inherit' });
      expect(status).toBe(0);

      const started = start(shell, checkout(shell).file, { LD_PRELOAD: library, PLUGIN_A: '1' });

      const ran = existsSync(where) ? readFileSync(where, 'utf8').trim().split('\n') : [];
      const dynamic = isStatic(shell.program) ? [] : [realpathSync(which(shell.program) ?? '')];
      expect([...new Set(ran)]).toEqual(dynamic);
      expect(started.node).toBe(node);
      expect(variables(started)).toEqual({ PLUGIN_A: '1', ...always });
    },
  );
});
