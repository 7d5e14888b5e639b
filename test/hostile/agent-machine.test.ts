import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentRig, startAgents } from '../agent.ts';
import { isThorough } from '../thorough.ts';
import {
  everythingPushed,
  everythingWritten,
  type Mode,
  modes,
  type Place,
  placeFor,
  remains,
  whoRan,
} from './agent-role.ts';

// An agent that tries everything a program can, against the role as a process of its own: what of the machine it reaches, what
// it leaves behind, and what is run or followed of what it planted.

const key = `sk-${randomUUID()}`;
const turned = (text: string): string => [...text].reverse().join('');

let rig: AgentRig;
let place: Place;
let mark: string;
beforeEach(async () => {
  rig = await startAgents();
  mark = `mark-${randomUUID()}`;
});
afterEach(async () => {
  place.close();
  await rig.close();
});

/** What every hostile agent has at hand; the token is turned around, so that it does not find its own arguments. */
const headFor = (): string => `
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const token = [...'${turned(rig.worker.token)}'].reverse().join('');
const key = [...'${turned(key)}'].reverse().join('');
const mark = '${mark}';
const attempt = (act) => { try { return act(); } catch (error) { return error; } };
const forge = (...args) => execFileSync('forge', args, { encoding: 'utf8' });
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });
`;

/** Reads whatever can be read, and tells in a file where token and key stood. */
const search = `
const found = [];
let searched = 0;
const until = Date.now() + 8000;
const needles = [token, key].map((text) => Buffer.from(text));
const look = (file) => {
  let fd;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    if (!fs.fstatSync(fd).isFile()) return;
    const bytes = Buffer.alloc(1 << 20);
    const size = fs.readSync(fd, bytes, 0, bytes.length, null);
    searched += 1;
    if (needles.some((needle) => bytes.subarray(0, size).includes(needle))) found.push(file);
  } catch {} finally { if (fd !== undefined) fs.closeSync(fd); }
};
const list = (folder) => { try { return fs.readdirSync(folder, { withFileTypes: true }); } catch { return []; } };
for (const { name } of list('/proc').filter(({ name }) => /^[0-9]+$/.test(name))) {
  for (const item of ['environ', 'cmdline', 'maps', 'stack', 'mem', 'auxv', 'io']) look('/proc/' + name + '/' + item);
  for (const { name: fd } of list('/proc/' + name + '/fd')) look('/proc/' + name + '/fd/' + fd);
  for (const item of ['root', 'cwd']) for (const { name: file } of list('/proc/' + name + '/' + item)) look('/proc/' + name + '/' + item + '/' + file);
}
const waiting = [process.cwd(), process.env.HOME, process.env.TMPDIR, '/run', '/tmp', '/root', '/home', '/etc', path.dirname(process.cwd()), path.dirname(path.dirname(process.cwd()))];
while (waiting.length > 0 && Date.now() < until) {
  const next = waiting.pop();
  for (const entry of list(next)) {
    const file = path.join(next, entry.name);
    if (entry.isDirectory()) { if (!file.startsWith('/proc') && waiting.length < 5000) waiting.push(file); }
    else look(file);
  }
}
const memory = list('/proc').some(({ name }) => /^[0-9]+$/.test(name) && Number(name) !== process.pid && Number(name) === process.ppid && !(attempt(() => fs.readSync(fs.openSync('/proc/' + name + '/mem', 'r'), Buffer.alloc(8), 0, 8, 4096)) instanceof Error));
fs.writeFileSync('found.json', JSON.stringify({ found, memory, searched: searched > 10 }));
`;

/** Everything in a repository that runs something by itself when somebody looks at it. */
const plant = (spool: string): string => `
const script = (name) => '#!/bin/sh\\nid -u > ${spool}/' + name + '-$$\\n';
const spooled = (name) => "sh -c 'id -u > ${spool}/" + name + "-$$; cat'";
for (const hook of ['pre-commit', 'post-checkout', 'post-index-change', 'reference-transaction', 'pre-push', 'post-commit', 'pre-auto-gc', 'update', 'post-merge']) {
  fs.mkdirSync('.git/hooks', { recursive: true });
  fs.writeFileSync('.git/hooks/' + hook, script('hook'), { mode: 0o755 });
}
fs.writeFileSync('tool.sh', script('tool'), { mode: 0o755 });
const here = process.cwd();
for (const [name, value] of [['core.fsmonitor', here + '/tool.sh'], ['core.pager', here + '/tool.sh'], ['core.editor', here + '/tool.sh'], ['core.sshCommand', here + '/tool.sh'], ['core.askPass', here + '/tool.sh'], ['credential.helper', '!' + here + '/tool.sh'], ['gpg.program', here + '/tool.sh'], ['commit.gpgSign', 'true'], ['filter.evil.clean', spooled('clean')], ['filter.evil.smudge', spooled('smudge')], ['diff.external', here + '/tool.sh'], ['diff.evil.textconv', here + '/tool.sh'], ['merge.evil.driver', here + '/tool.sh'], ['uploadpack.packObjectsHook', here + '/tool.sh'], ['protocol.ext.allow', 'always'], ['alias.bundle', '!' + here + '/tool.sh'], ['core.alternateRefsCommand', here + '/tool.sh'], ['core.worktree', '/'], ['include.path', '/etc/shadow']])
  if (name !== 'core.worktree' && name !== 'include.path') attempt(() => git('config', name, value));
fs.mkdirSync('.git/info', { recursive: true });
fs.writeFileSync('.git/info/attributes', '* filter=evil diff=evil merge=evil\\n');
fs.writeFileSync('.gitattributes', '* filter=evil diff=evil merge=evil\\n');
fs.mkdirSync('.git/objects/info', { recursive: true });
fs.writeFileSync('.git/objects/info/alternates', '/root\\n/proc/1/root\\n');
`;

/** Processes that stay: forked away, deaf to signals, stopped, forking on and on. */
const stay = `
const away = (line) => spawnSync('setsid', ['sh', '-c', '(' + line + ') >/dev/null 2>&1 </dev/null &', mark], { stdio: 'ignore' });
away('exec setsid sh -c "trap : TERM HUP INT; while :; do sleep 1000; done" ' + mark);
away('exec setsid sh -c "while :; do (sleep 0.05) & wait; done" ' + mark);
away('exec env -i setsid sh -c "cd /; exec sleep 100000" ' + mark);
const stopped = spawn('sleep', ['100000'], { argv0: mark, stdio: 'ignore', detached: true });
stopped.unref();
stopped.kill('SIGSTOP');
for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']) process.on(name, () => undefined);
for (const folder of [process.env.TMPDIR, '/tmp', '/var/tmp', '/dev/shm']) attempt(() => {
  fs.mkdirSync(folder + '/' + mark + '/closed/inner', { recursive: true });
  fs.writeFileSync(folder + '/' + mark + '/closed/file', 'x');
  fs.symlinkSync('/etc', folder + '/' + mark + '/link');
  fs.chmodSync(folder + '/' + mark + '/closed', 0);
});
`;

/** In a sample all of it where least keeps an agent in, and the first of it everywhere: each is a whole run. */
function isolated(name: string, test: (mode: Mode) => Promise<void>): void {
  const possible = modes.filter(({ isPossible }) => isPossible);
  const isFirst = !hasFirst;
  hasFirst = true;
  for (const mode of modes.filter((item) => isThorough || isFirst || item === possible[0]))
    it.skipIf(!mode.isPossible)(`${mode.name}: ${name}`, async () => {
      place = placeFor(rig, mode, mark);
      await test(mode);
    });
}

let hasFirst = false;

const model = { PLUGIN_ENGINE_KEY: key, PLUGIN_ENGINE_URL: 'http://127.0.0.1:9' };

describe('a hostile agent', () => {
  isolated(
    'finds no secret, has nothing run or followed that it planted, and leaves nothing',
    async (mode) => {
      await rig.declare(
        `${headFor()} ${search}
      git('add', '-f', 'found.json'); git('commit', '-qm', 'work');
      ${plant(place.spool)} ${stay}
      forge('signal-done', 'success', '--summary', 'Done.');
      setInterval(() => undefined, 1e6);`,
        'model = "m"\n',
      );
      const issue = await rig.ask('A title');

      const { code, text } = await place.run(model);

      expect({ code, text }).toMatchObject({ code: 0 });
      expect(text).toContain(`Isolation: ${mode.isolation}`);
      const found = await rig.file('crew/project', 'found.json', `crew/${issue}-a-title`);
      expect(JSON.parse(found ?? '{}')).toEqual({ found: [], memory: false, searched: true });
      expect(remains(place)).toEqual({ processes: [], folders: [] });
      // What it planted in its own repository may run as itself, and as nobody else.
      for (const uid of whoRan(place)) {
        expect(mode.isolation).toBe('user');
        expect(uid).toBeGreaterThanOrEqual(place.uids.first);
      }
      const record = await rig.record(issue, 1);
      expect({ record, text }).toMatchObject({
        record: { signal: { status: 'success' }, isolation: { level: mode.isolation } },
      });
    },
  );

  isolated('leaves no folder of ours where the settings name none', async (mode) => {
    await rig.declare(`${headFor()} forge('signal-done', 'success', '--summary', 'Done.');`);
    await rig.ask('A title');

    const { code, text } = await place.run({ PLUGIN_AGENT_FOLDER: '', TMPDIR: place.spool });

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toContain(`Isolation: ${mode.isolation}`);
    expect(remains(place).folders).toEqual([]);
    expect(readdirSync(place.spool).filter((name) => name.startsWith('forgecrew'))).toEqual([]);
  });

  isolated('has links and other things than files in its folder: nothing is followed', async () => {
    await rig.declare(
      `${headFor()}
      fs.writeFileSync('poem.txt', 'a poem');
      for (const [name, target] of [['shadow', '/etc/shadow'], ['environ', '/proc/self/environ'], ['up', '../../../../etc/passwd'], ['dot', '.git/../../..']]) fs.symlinkSync(target, name);
      execFileSync('mkfifo', ['fifo']);
      attempt(() => net.createServer().listen('socket').unref());
      git('add', '--all'); git('commit', '-qm', 'work');
      forge('signal-done', 'success', '--summary', 'Done.');
      process.exit(0);`,
    );
    const issue = await rig.ask('A title');

    const { code, text } = await place.run();

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(await rig.pulls()).toEqual([]);
    expect(await rig.record(issue, 1)).toMatchObject({ work: { kind: 'refused' } });
    expect((await rig.comments(issue)).at(-1)?.body).toMatch(/shadow[\s\S]*leads out/);
    const pushed = await everythingPushed(rig, [rig.state]);
    expect(pushed).not.toContain(readFileSync('/etc/passwd', 'latin1').slice(0, 40));
    expect(remains(place)).toEqual({ processes: [], folders: [] });
  });

  for (const [what, act] of [
    ['a link to an environment', "fs.symlinkSync('/proc/self/environ', '.git')"],
    ["a link to another's repository", "fs.symlinkSync('/root', '.git')"],
    ['a pipe that nobody fills', "execFileSync('mkfifo', ['.git'])"],
    ['a file that names another place', "fs.writeFileSync('.git', 'gitdir: /proc/1/root')"],
  ] as const)
    isolated(`has ${what} in the place of its repository: that is no work, and it is said`, async () => {
      await rig.declare(
        `${headFor()}
        fs.rmSync('.git', { recursive: true });
        ${act};
        forge('signal-done', 'success', '--summary', 'Done.');`,
      );
      const issue = await rig.ask('A title');

      const { code, text } = await place.run();

      expect({ code, text }).toMatchObject({ code: 0 });
      expect(await rig.pulls()).toEqual([]);
      expect((await rig.comments(issue)).at(-1)?.body).toContain('was not taken');
      expect(await rig.entry(issue)).toMatchObject({ status: 'frozen' });
      expect(everythingWritten(rig, text)).not.toContain(rig.worker.token);
      expect(remains(place)).toEqual({ processes: [], folders: [] });
    });

  isolated(
    'whose setup and checks leave processes: they are gone, and their output is no secret',
    async () => {
      const leave = `(setsid sh -c "trap : TERM; while :; do sleep 1000; done" ${mark} >/dev/null 2>&1 &)`;
      await rig.declare(
        `${headFor()} fs.writeFileSync('poem.txt', 'a poem'); forge('signal-done', 'success', '--summary', 'Done.');`,
        `setup = [${JSON.stringify(leave)}]\nchecks = [${JSON.stringify(leave)}, "cat /proc/*/environ | tr -d '\\\\0' ; true"]\n`,
      );
      const issue = await rig.ask('A title');

      const { code, text } = await place.run();

      expect({ code, text }).toMatchObject({ code: 0 });
      expect(await rig.pulls()).toHaveLength(1);
      expect(JSON.stringify(await rig.record(issue, 1))).not.toContain(rig.worker.token);
      expect(text).not.toContain(rig.worker.token);
      expect(remains(place)).toEqual({ processes: [], folders: [] });
    },
  );

  isolated('beside another run: neither sees, signals or disturbs the other', async (mode) => {
    const other = await startAgents();
    const otherMark = `other-${randomUUID()}`;
    const neighbour = placeFor(other, mode, otherMark);
    try {
      await other.declare(
        `const { execFileSync } = require('node:child_process');
        const fs = require('node:fs');
        const until = Date.now() + 9000;
        let signals = 0;
        for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR2']) process.on(name, () => { signals += 1; });
        fs.writeFileSync('mine.txt', 'mine ${otherMark}');
        setTimeout(() => {
          fs.writeFileSync('said.txt', fs.readFileSync('mine.txt', 'utf8') + ' ' + signals);
          execFileSync('forge', ['signal-done', 'success', '--summary', 'Done.']);
          process.exit(0);
        }, Math.max(0, until - Date.now()));`,
      );
      await rig.declare(
        `${headFor()}
        const seen = [];
        const end = Date.now() + 9000;
        const timer = setInterval(() => {
          for (const name of fs.readdirSync('/proc').filter((item) => /^[0-9]+$/.test(item))) {
            const pid = Number(name);
            if (pid === process.pid || pid === process.ppid || pid === 1) continue;
            const command = attempt(() => fs.readFileSync('/proc/' + name + '/cmdline', 'utf8'));
            const isTheirs = typeof command === 'string' && command.includes('${otherMark.slice(0, 8)}' + '${otherMark.slice(8)}');
            if (isTheirs && !(attempt(() => process.kill(pid, 'SIGTERM')) instanceof Error)) seen.push(pid);
            if (isTheirs) for (const folder of ['cwd', 'root']) if (!(attempt(() => fs.readdirSync('/proc/' + name + '/' + folder)) instanceof Error)) seen.push(folder);
          }
          const cells = path.dirname(path.dirname(process.cwd()));
          for (const name of attempt(() => fs.readdirSync('${neighbour.cells}')) instanceof Error ? [] : fs.readdirSync('${neighbour.cells}')) seen.push(name);
          if (Date.now() > end) {
            clearInterval(timer);
            fs.writeFileSync('seen.json', JSON.stringify(seen));
            forge('signal-done', 'success', '--summary', 'Done.');
          }
        }, 300);`,
      );
      const [issue, otherIssue] = [await rig.ask('A title'), await other.ask('A title')];

      const runs = await Promise.all([place.run(), neighbour.run()]);

      expect(runs.map(({ code }) => code)).toEqual([0, 0]);
      expect(await rig.file('crew/project', 'seen.json', `crew/${issue}-a-title`)).toBe('[]');
      expect(await other.file('crew/project', 'said.txt', `crew/${otherIssue}-a-title`)).toBe(
        `mine ${otherMark} 0`,
      );
      expect([remains(place), remains(neighbour)]).toEqual([
        { processes: [], folders: [] },
        { processes: [], folders: [] },
      ]);
    } finally {
      neighbour.close();
      await other.close();
    }
  });

  isolated(
    'floods, fuzzes and crowds its way to the forge: it still serves, and every call is in the log',
    async () => {
      await rig.declare(
        `${headFor()}
      const door = /const socketPath = (".*");/.exec(fs.readFileSync(execFileSync('sh', ['-c', 'command -v forge'], { encoding: 'utf8' }).trim(), 'utf8'));
      const socket = JSON.parse(door[1]);
      const open = [];
      for (let count = 0; count < 1000; count += 1) { const one = net.connect(socket); one.on('error', () => undefined); open.push(one); }
      const junk = ['', '{', '[]', 'null', '"x"', '{"jsonrpc":"2.0"}', '\\u0000\\u0001', '{"jsonrpc":"2.0","id":1,"method":"__proto__"}', '[' .repeat(100000), '{"a":'.repeat(5000), JSON.stringify({ jsonrpc: '2.0', id: {}, method: 'tools/call', params: { name: 'constructor', arguments: { __proto__: 1 } } }), JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'post_comment', arguments: { number: -1, body: 'x' } } }), 'x'.repeat(3000000)];
      setTimeout(() => {
        for (const [index, one] of open.entries()) one.write(junk[index % junk.length] + '\\n');
        setTimeout(() => {
          for (const one of open) one.destroy();
          const slow = net.connect(socket);
          slow.on('error', () => undefined);
          slow.write('{"jsonrpc"');
          const numbers = [0, -1, 1.5, 2 ** 31, 999, '1x', null, [], {}];
          const said = numbers.map((number) => attempt(() => execFileSync('forge', ['post-comment', '--number', String(number), '--body', 'x'], { stdio: 'pipe' })) instanceof Error);
          fs.writeFileSync('said.json', JSON.stringify(said));
          forge('post-comment', '--body', 'still here');
          forge('signal-done', 'success', '--summary', 'Done.');
          attempt(() => forge('signal-done', 'needs_person', '--summary', 'Second.'));
          process.exit(0);
        }, 3000);
      }, 1000);`,
      );
      const issue = await rig.ask('A title');

      const { code, text } = await place.run();

      expect({ code, text: text.slice(-3000) }).toMatchObject({ code: 0 });
      const bodies = (await rig.comments(issue)).map(({ body }) => body.split('\n')[0]);
      expect(bodies).toEqual(['still here']);
      const record = (await rig.record(issue, 1)) as {
        signal: unknown;
        operations: { entries: { tool: string; allowed: boolean; count?: number }[] };
      };
      expect(record.signal).toMatchObject({ status: 'success', summary: 'Done.' });
      const { entries } = record.operations;
      expect(entries.filter(({ allowed }) => allowed).map(({ tool }) => tool)).toEqual([
        'post_comment',
        'signal_done',
      ]);
      expect(entries.filter(({ allowed }) => !allowed).length).toBeGreaterThan(9);
      expect(remains(place)).toEqual({ processes: [], folders: [] });
    },
  );

  isolated('killed with its role in the middle of its work: nothing of it goes on', async (mode) => {
    await rig.declare(
      `${headFor()} ${stay} fs.writeFileSync('poem.txt', 'half'); setInterval(() => undefined, 1e6);`,
    );
    await rig.ask('A title');
    let pid = 0;
    const ended = place.run({}, (id) => {
      pid = id;
    });
    await expect.poll(() => place.left().length, { timeout: 60_000, interval: 100 }).toBeGreaterThan(4);

    process.kill(pid, 'SIGKILL');
    await ended;

    if (mode.isolation === 'bwrap')
      await expect.poll(() => place.left(), { timeout: 60_000, interval: 100 }).toEqual([]);
    // Without namespaces what forked away goes on until another run comes.
    const calm = `const { execFileSync } = require('node:child_process'); execFileSync('forge', ['signal-done', 'failure', '--summary', 'Nothing.']);`;
    await rig.declare(calm);
    await rig.ask('Another');
    await place.run();

    expect(place.left()).toEqual([]);
  });
});
