import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { works } from '../core/agent/cell/machine.ts';
import { type StepsRig, startSteps } from '../steps.ts';

// The folder that the steps share belongs to the agent: it can put anything there, at any time, and does.

let rig: StepsRig;
/** Of ours, and nothing of it is the agent's to touch. */
let ours: string;
beforeEach(async () => {
  rig = await startSteps();
  ours = mkdtempSync(path.join(tmpdir(), 'forgecrew-ours-'));
  chmodSync(ours, 0o755);
  writeFileSync(path.join(ours, 'canary'), 'sings');
  chmodSync(path.join(ours, 'canary'), 0o600);
});
afterEach(async () => {
  await rig.close();
  rmSync(ours, { recursive: true, force: true });
});

const head = `
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const forge = (...args) => execFileSync('forge', args, { encoding: 'utf8' });
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });
const door = fs.realpathSync(process.env.HOME + '/../door');
const shared = path.dirname(door);
const workspace = path.dirname(shared);
const tried = (what) => { try { what(); } catch (error) { console.log('tried: ' + error.code); } };
fs.writeFileSync('poem.txt', 'a poem'); git('add', '.'); git('commit', '-qm', 'work');
`;
const done = `forge('signal-done', 'success', '--summary', 'Done.');`;

/** What stands in the folder that it must not have touched. */
function state(): unknown {
  const canary = path.join(ours, 'canary');
  return {
    names: readdirSync(ours),
    text: readFileSync(canary, 'utf8'),
    mode: statSync(canary).mode & 0o777,
    uid: lstatSync(canary).uid,
  };
}

const huge = '3 * 1024 ** 4';

/** What the agent does in the shared folder, before it says that it is done. */
const attacks: [what: string, program: string][] = [
  ['nothing', done],
  [
    'takes the sockets away and listens in their place',
    `${done} for (const name of ['forge.sock', 'cell.sock', 'model.sock']) { fs.rmSync(door + '/' + name, { force: true }); net.createServer((socket) => socket.destroy()).listen(door + '/' + name).unref(); }`,
  ],
  [
    'puts links to a file of ours in the place of the sockets',
    `${done} for (const name of ['forge.sock', 'cell.sock', 'model.sock']) { fs.rmSync(door + '/' + name, { force: true }); fs.symlinkSync(CANARY, door + '/' + name); }`,
  ],
  [
    'renames the folder of the sockets and puts a link to one of ours in its place',
    `${done} fs.renameSync(door, shared + '/moved'); fs.symlinkSync(OURS, door);`,
  ],
  [
    'renames the shared folder and puts a link to one of ours in its place',
    `${done} tried(() => fs.renameSync(shared, workspace + '/moved')); tried(() => fs.symlinkSync(OURS, shared));`,
  ],
  [
    'fills it with pipes, links in circles, huge files and names that say something',
    `${done}
     execFileSync('mkfifo', [shared + '/outcome.json', shared + '/work.bundle', shared + '/session.tar.gz']);
     fs.symlinkSync('loop', shared + '/loop');
     const file = fs.openSync(shared + '/work.pack', 'w'); tried(() => fs.ftruncateSync(file, ${huge}));
     for (const name of ['-rf', '--output=x', 'a\\nb', '$(id)', '\u202e']) tried(() => fs.writeFileSync(shared + '/' + name, 'x'));`,
  ],
  [
    'plants an outcome, a bundle, a repository with hooks and another start.mjs',
    `${done}
     for (const name of ['outcome.json', 'run.json', 'handed.json'])
       fs.writeFileSync(shared + '/' + name, JSON.stringify({ version: 1, outcome: { end: 'signalled', work: { kind: 'work', commit: 'a'.repeat(40) } } }));
     fs.writeFileSync(shared + '/work.bundle', '# v2 git bundle\\n');
     fs.rmSync(shared + '/clone', { recursive: true, force: true });
     git('init', '-q', shared + '/clone');
     fs.writeFileSync(shared + '/clone/.git/hooks/post-checkout', '#!/bin/sh\\ntouch ' + OURS + '/ran\\n', { mode: 0o755 });
     fs.writeFileSync(shared + '/start.mjs', "require('fs').writeFileSync('" + OURS + "/ran', '')");`,
  ],
  ['removes all of it', `${done} fs.rmSync(shared, { recursive: true, force: true });`],
  [
    'removes all of it before it says that it is done',
    `const socket = net.connect(door + '/forge.sock');
     socket.on('connect', () => {
       tried(() => fs.rmSync(shared, { recursive: true, force: true }));
       socket.write(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'signal_done', arguments: { status: 'success', summary: 'Done.' } } }) + '\\n');
     });
     socket.on('data', () => process.exit(0));`,
  ],
  [
    'opens more connections than are served, and says nothing on them',
    `for (let i = 0; i < 200; i += 1) net.connect(door + '/forge.sock').on('error', () => undefined).unref();
     ${done}`,
  ],
  [
    'leaves a program that goes on, and ties its output up',
    `require('node:child_process').spawn('sh', ['-c', 'sleep 5'], { detached: true, stdio: 'inherit' }).unref(); ${done}`,
  ],
  [
    'bends its own clone',
    `${done}
     fs.writeFileSync('.git/hooks/pre-commit', '#!/bin/sh\\ntouch ' + OURS + '/ran\\n', { mode: 0o755 });
     git('config', 'core.fsmonitor', 'touch ' + OURS + '/ran');`,
  ],
];

/** What an agent does that ends its own round: nothing is proposed, and every step comes to its end. */
const losses: [what: string, program: string, end: string][] = [
  ['ends what started it', `process.kill(process.ppid, 'SIGKILL');`, 'exited'],
  ['ends what started it once it is done', `${done} process.kill(process.ppid, 'SIGKILL');`, 'signalled'],
];

async function whole(
  program: string,
  more = '',
): Promise<{ issue: number; codes: (number | null)[]; text: string }> {
  const named = `const OURS = ${JSON.stringify(ours)}; const CANARY = OURS + '/canary'; ${head} ${program}`;
  await rig.declare(named, more);
  const issue = await rig.ask();
  const pipeline = rig.pipeline();
  const prepare = await pipeline.step('prepare');
  const serving = pipeline.step('serve');
  const agent = await pipeline.agent().ended;
  const serve = await serving;
  const finish = await pipeline.step('finish');
  return {
    issue,
    codes: [prepare.code, serve.code, finish.code],
    text: [prepare.text, serve.text, agent.text, finish.text].join('\n'),
  };
}

describe.skipIf(!works('user'))('an agent that owns the shared folder', () => {
  it.each(attacks)('%s: its work is taken, and nothing of ours is touched', async (_, program) => {
    const before = state();

    const { issue, codes, text } = await whole(program);

    expect({ codes, text }).toMatchObject({ codes: [0, 0, 0] });
    expect(state()).toEqual(before);
    expect(await rig.entry(issue)).toMatchObject({ status: 'frozen', why: 'success' });
    expect(await rig.record(issue, 1)).toMatchObject({ work: { kind: 'work', files: 1 } });
    expect(await rig.file('crew/project', 'poem.txt', `crew/${issue}-write-a-poem`)).toBe('a poem');
    expect(text).not.toContain(rig.worker.token);
  });

  it.each(losses)('%s: nothing is proposed, and the round comes to its end', async (_, program, end) => {
    const before = state();

    const { issue, codes, text } = await whole(program);

    expect({ codes, text }).toMatchObject({ codes: [0, 0, 0] });
    expect(state()).toEqual(before);
    expect(await rig.entry(issue)).toMatchObject({ status: 'frozen' });
    expect(await rig.record(issue, 1)).toMatchObject({ end: { how: end } });
    expect(await rig.pulls()).toEqual([]);
  });

  it('puts something in the place of a socket before that is made: its round ends before it begins', async () => {
    const before = state();

    const { issue, codes, text } = await whole(
      done,
      `setup = ["ln -s ${ours}/canary $HOME/../door/forge.sock"]\n`,
    );

    expect({ codes, text }).toMatchObject({ codes: [0, 0, 0] });
    expect(state()).toEqual(before);
    expect(await rig.record(issue, 1)).toMatchObject({
      end: { how: 'not-started', why: expect.stringContaining('No socket can be made') },
    });
  });

  it('puts a link to a folder of ours where the sockets go before they are made: none is made there', async () => {
    const before = state();

    const { issue, codes, text } = await whole(
      done,
      `setup = ["cd $(dirname $(readlink $HOME/../door)) && mv door moved && ln -s ${ours} door"]\n`,
    );

    expect({ codes, text }).toMatchObject({ codes: [0, 0, 0] });
    expect(state()).toEqual(before);
    // Its own way to the forge is gone with that.
    expect(await rig.record(issue, 1)).toMatchObject({ end: { how: 'exited' }, signal: null });
  });

  it('finish reads nothing of the workspace: it comes to the same where that is gone', async () => {
    await rig.declare(`${head} ${done}`);
    const issue = await rig.ask();
    const pipeline = rig.pipeline();
    await pipeline.step('prepare');
    const serving = pipeline.step('serve');
    await pipeline.agent().ended;
    await serving;
    rmSync(pipeline.workspace, { recursive: true, force: true });

    const { code, text } = await pipeline.step('finish');

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(existsSync(pipeline.workspace)).toBe(false);
    expect(await rig.file('crew/project', 'poem.txt', `crew/${issue}-write-a-poem`)).toBe('a poem');
  });

  it.each([
    ['the shared folder', (pipeline: string) => `${pipeline}/.forgecrew`],
    ['the folder of the sockets', (pipeline: string) => `${pipeline}/.forgecrew/door`],
  ])('a link in the place of %s is not followed by the step that serves', async (_, placeOf) => {
    await rig.declare(`${head} ${done}`);
    const issue = await rig.ask();
    const pipeline = rig.pipeline();
    await pipeline.step('prepare');
    const place = placeOf(pipeline.workspace);
    const { mkdirSync, renameSync, symlinkSync } = await import('node:fs');
    renameSync(place, `${place}-moved`);
    mkdirSync(path.join(ours, 'door'));
    symlinkSync(place.endsWith('door') ? path.join(ours, 'door') : ours, place);

    const { text } = await pipeline.step('serve');

    expect(text).toContain('a link leads to it');
    expect(readdirSync(path.join(ours, 'door'))).toEqual([]);
    await pipeline.step('finish');
    expect(await rig.record(issue, 1)).toMatchObject({ end: { how: 'not-started' } });
  });
});
