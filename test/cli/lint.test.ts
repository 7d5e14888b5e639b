import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lint as lintHere } from '../../cli/lint/lint.ts';
import { entries, sprintDocument } from '../story.ts';

const compiled = fileURLToPath(new URL('../../dist/forgecrew/index.js', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-lint-'));
  writeFileSync(path.join(folder, 'good.md'), sprintDocument(7, entries('a', 'b: a')));
  writeFileSync(path.join(folder, 'bad.md'), sprintDocument(7, '- id: a\n  tittle: A\n  body: x'));
  writeFileSync(path.join(folder, 'plain.md'), '# no block\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lint(...files: string[]): { code: number | null; text: string } {
  const run = spawnSync(process.execPath, [compiled, 'lint', ...files], { cwd: folder, encoding: 'utf8' });
  return { code: run.status, text: run.stdout };
}

describe.skipIf(!existsSync(compiled))('forgecrew lint', () => {
  it('says that a good document is good, and ends with 0', () => {
    expect(lint('good.md', 'plain.md')).toEqual({
      code: 0,
      text: 'good.md: 2 entries for vision #7, valid\nplain.md: no filer block, nothing to check\n',
    });
  });

  it('prints one line per fault that an editor can jump to, and ends with 1', () => {
    expect(lint('good.md', 'bad.md')).toEqual({
      code: 1,
      text: 'good.md: 2 entries for vision #7, valid\nbad.md:9:3: title is missing\nbad.md:10:3: unknown field "tittle": an entry has id, title, labels, depends_on and body\n',
    });
  });

  it('checks the documents of a vault, each by its place', () => {
    for (const place of ['vault/actions', 'vault/formulas'])
      mkdirSync(path.join(folder, place), { recursive: true });
    writeFileSync(path.join(folder, 'vault/policy.toml'), '[tiers]\nbackup = "low"\n');
    writeFileSync(
      path.join(folder, 'vault/actions/a-1.toml'),
      'formula = "backup"\ncontext = ""\nsecrets = []\n',
    );
    writeFileSync(path.join(folder, 'vault/formulas/backup.toml'), 'description = "x"\ntier = "lo"\n');

    const { code, text } = lint('vault/policy.toml', 'vault/actions/a-1.toml', 'vault/formulas/backup.toml');

    expect(code).toBe(1);
    expect(text).toContain('vault/policy.toml: policy, valid\nvault/actions/a-1.toml: action, valid\n');
    expect(text).toContain('vault/formulas/backup.toml:2:1: "tier": expected low or medium or high');
  });

  it('checks agents by their place, with the file of their prompt', () => {
    mkdirSync(path.join(folder, 'agents'), { recursive: true });
    const agent = (more: string): string =>
      `enabled = true\nengine = "command"\ncommand = ["true"]\nrepositories = ["o/r"]\n${more}`;
    writeFileSync(path.join(folder, 'agents/builder.toml'), agent('prompt = "x"\n'));
    writeFileSync(path.join(folder, 'agents/told.toml'), agent('prompt_file = "told.md"\n'));
    writeFileSync(path.join(folder, 'agents/told.md'), 'Do it.\n');
    writeFileSync(path.join(folder, 'agents/untold.toml'), agent('prompt_file = "gone.md"\n'));
    writeFileSync(path.join(folder, 'agents/wide.toml'), agent('prompt_file = "wide.md"\n'));
    writeFileSync(path.join(folder, 'agents/wide.md'), 'x'.repeat(64 * 1024 + 1));
    writeFileSync(path.join(folder, 'agents/Bad.toml'), agent('network = "model"\n'));

    const { code, text } = lint(
      ...['builder', 'told', 'untold', 'wide', 'Bad'].map((name) => `agents/${name}.toml`),
    );

    expect(code).toBe(1);
    expect(text.split('\n')).toEqual([
      'agents/builder.toml: agent, valid',
      'agents/told.toml: agent, valid',
      'agents/untold.toml: "prompt_file": there is no file agents/gone.md',
      'agents/wide.toml: "prompt_file": wide.md has more than 65536 bytes',
      expect.stringMatching(/^agents\/Bad\.toml: the file name is the agent's name/),
      expect.stringMatching(/^agents\/Bad\.toml:5:\d+: "network" model needs isolation = "bwrap"/),
      '',
    ]);
  });

  it('tells an agent for what it is wherever it stands, and where it would count', () => {
    const agent = 'enabled = true\nengine = "command"\ncommand = ["true"]\nrepositories = ["o/r"]\n';
    mkdirSync(path.join(folder, 'crew'), { recursive: true });
    writeFileSync(path.join(folder, 'crew/good.toml'), `${agent}prompt = "x"\n`);
    writeFileSync(path.join(folder, 'crew/bad.toml'), `${agent}prompt = "x"\ncolour = "red"\n`);

    const { code, text } = lint('crew/good.toml', 'crew/bad.toml');

    expect({ code, text: text.split('\n') }).toEqual({
      code: 1,
      text: [
        'crew/good.toml: agent, valid; roles read it only in a folder agents/',
        expect.stringMatching(/^crew\/bad\.toml:6:1: .*colour/),
        '',
      ],
    });
  });

  it('says of a folder with nothing to check that nothing was checked', () => {
    mkdirSync(path.join(folder, 'empty'), { recursive: true });
    const { code, text } = lint('empty', 'good.md');

    expect(code).toBe(2);
    expect(text).toMatch(/^empty: nothing below it is checked: .*\ngood\.md: 2 entries/);
  });

  it('is not brought down by whoever stops reading what it prints, as head does', async () => {
    const child = spawn(process.execPath, [compiled, 'lint', 'good.md', 'plain.md'], { cwd: folder });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
    child.stdout.destroy();
    const code = await new Promise((done) => child.once('close', done));

    expect({ code, said }).toEqual({ code: 0, said: '' });
  });

  it.each([
    ['a link to what never ends', (file: string) => symlinkSync('/dev/zero', file), 'it is no file'],
    ['a pipe', (file: string) => void spawnSync('mkfifo', [file]), 'it is no file'],
    [
      'a file of gigabytes',
      (file: string) => {
        writeFileSync(file, '');
        truncateSync(file, 8 * 1024 ** 3);
      },
      'it has 8589934592 bytes, and at most 16777216 are read',
    ],
  ])('does not read %s', (_, plant, why) => {
    const file = path.join(folder, 'odd.md');
    plant(file);

    const { code, text } = lint('odd.md', 'plain.md');
    rmSync(file, { recursive: true });

    expect({ code, text }).toEqual({
      code: 2,
      text: `odd.md: cannot be read (${why})\nplain.md: no filer block, nothing to check\n`,
    });
  });

  it('ends with 2 when a file cannot be read, because unread is not valid', () => {
    expect(lint('nothing.md')).toEqual({ code: 2, text: 'nothing.md: cannot be read (ENOENT)\n' });
  });
});

it('checks everything below a folder that has its place in an ops repo, and nothing else', () => {
  const files = {
    'ops/sprints/one.md': sprintDocument(7, entries('a')),
    'ops/sprints/notes/old.md': sprintDocument(7, '- id: a\n  tittle: A\n  body: x'),
    'ops/README.md': '# no document of ours\n',
    'ops/vault/policy.toml': '[tiers]\nbackup = "low"\n',
    'ops/vault/actions/a-1.toml': 'formula = "backup"\n',
    'ops/tools/Cargo.toml': '[package]\nname = "x"\n',
    'ops/.git/sprints/two.md': sprintDocument(7, '- id: a'),
    'ops/node_modules/x/forgecrew.toml': 'pause = 1\n',
    'ops/prerequisites.md': '# Tree\n\n## Objective: first\n\n- [ ] one\n\nStatus: DOEN\n',
    'ops/forgecrew.toml': 'pause = "no"\n',
  };
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  }
  symlinkSync(path.join(folder, 'bad.md'), path.join(folder, 'ops/sprints/linked.md'));
  symlinkSync(path.join(folder, 'ops/tools'), path.join(folder, 'ops/elsewhere'));
  symlinkSync(path.join(folder, 'ops/tools'), path.join(folder, 'ops/agents'));
  symlinkSync('nowhere', path.join(folder, 'ops/vault/formulas'));
  // Of these nothing would be looked at if they were no links.
  symlinkSync('README.md', path.join(folder, 'ops/LIESMICH.md'));
  symlinkSync('nowhere', path.join(folder, 'ops/broken'));
  symlinkSync(path.join(folder, 'ops/tools'), path.join(folder, 'ops/.tools'));

  const lines: string[] = [];
  const code = lintHere([path.join(folder, 'ops')], (line) => lines.push(line.replaceAll(`${folder}/`, '')));

  expect(code).toBe(2);
  expect(lines).toEqual([
    'ops/agents: is a link, which roles do not follow: nothing below it was checked',
    'ops/sprints/linked.md: is a link, which roles take for no document: it was not checked',
    'ops/vault/formulas: is a link, which roles do not follow: nothing below it was checked',
    'ops/elsewhere: is a link to a folder: nothing below it was looked at',
    expect.stringMatching(/^ops\/forgecrew\.toml:1:1: /),
    'ops/prerequisites.md: prerequisite tree with 1 objective',
    expect.stringMatching(/^ops\/prerequisites\.md: line 7: /),
    'ops/sprints/one.md: 1 entry for vision #7, valid',
    expect.stringMatching(/^ops\/vault\/actions\/a-1\.toml:/),
    expect.anything(),
    'ops/vault/policy.toml: policy, valid',
  ]);
});

it('a link in the place of a prompt is no file of it, wherever it leads, and everything else is looked at', () => {
  const agents = path.join(folder, 'linking/agents');
  mkdirSync(agents, { recursive: true });
  for (const [name, target] of [
    ['loop', 'loop.md'],
    ['out', '/dev/zero'],
  ] as const) {
    writeFileSync(
      path.join(agents, `${name}.toml`),
      `enabled = true\nengine = "claude"\nprompt_file = "${name}.md"\nrepositories = ["owner/project"]\n`,
    );
    symlinkSync(target, path.join(agents, `${name}.md`));
  }
  const lines: string[] = [];

  expect(lintHere([agents], (line) => lines.push(line))).toBe(1);
  expect(lines).toEqual(
    ['loop', 'out'].map(
      (name) => `${agents}/${name}.toml: "prompt_file": there is no file agents/${name}.md`,
    ),
  );
});
