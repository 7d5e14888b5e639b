/** What the hostile program is told; the token is turned around, so that it does not find its own arguments. */
export interface HostileGiven {
  turnedToken: string;
  /** Files that it has no business with, and one it would like to change through a link. */
  files: string[];
  canary: string;
  /** Processes as the host numbers them. */
  pids: number[];
  /** Stands in the arguments of everything it starts. */
  mark: string;
}

export interface HostileReport {
  uid: number;
  /** Where it found the token. */
  token: string[];
  /** The files it could read, and the processes it could signal. */
  files: string[];
  signalled: number[];
  /** Capabilities that it has or could get. */
  capabilities: string;
  noNewPrivileges: string;
}

/**
 * A program that tries everything: reads all of /proc, files of others, signals others, plants links and folders that are hard
 * to remove, forks away and ignores that it is asked to end. It says what it reached in one line, and stays.
 */
export const hostileProgram = `
const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const given = JSON.parse(process.argv[1]);
const token = [...given.turnedToken].reverse().join('');
const reached = (list, act) => list.filter((item) => { try { return act(item) !== false; } catch { return false; } });
const read = (file) => { try { return fs.readFileSync(file, 'latin1'); } catch { return ''; } };
const list = (folder) => { try { return fs.readdirSync(folder); } catch { return []; } };
const found = [];
for (const pid of list('/proc').filter((name) => /^[0-9]+$/.test(name)))
  for (const name of ['environ', 'cmdline'])
    if (read('/proc/' + pid + '/' + name).includes(token)) found.push('/proc/' + pid + '/' + name);
const status = read('/proc/self/status');
const report = {
  uid: process.getuid(),
  token: found,
  files: reached(given.files, (file) => fs.readFileSync(file) && true),
  signalled: reached(given.pids, (pid) => process.kill(pid, 0)),
  capabilities: [...status.matchAll(/^Cap(?:Prm|Eff|Bnd|Amb|Inh):\\s*(\\w+)/gm)].map((match) => match[1]).join(' '),
  noNewPrivileges: /^NoNewPrivs:\\s*(\\d)/m.exec(status)[1],
};
for (const folder of [process.cwd(), process.env.HOME, process.env.TMPDIR]) {
  fs.symlinkSync(given.canary, path.join(folder, 'link'));
  fs.symlinkSync(path.dirname(given.canary), path.join(folder, 'linked-folder'));
  fs.mkdirSync(path.join(folder, 'closed', 'inner'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'closed', 'inner', 'file'), 'x');
  fs.writeFileSync(Buffer.concat([Buffer.from(folder + '/'), Buffer.from([0xff, 0xfe, 0x0a])]), 'x');
  fs.chmodSync(path.join(folder, 'closed', 'inner'), 0);
  fs.chmodSync(path.join(folder, 'closed'), 0);
}
const start = process.cwd();
for (let depth = 0; depth < 600; depth += 1) {
  fs.mkdirSync('a-long-name-of-a-folder');
  process.chdir('a-long-name-of-a-folder');
}
process.chdir('/');
fs.chmodSync(start, 0);
for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(name, () => undefined);
// Shells that ignore what they are asked, their parents gone, their sessions their own.
const away = (command) => spawn('setsid', ['sh', '-c', '(' + command + ') >/dev/null 2>&1 & ', given.mark], { stdio: 'ignore', detached: true });
const children = [away('exec setsid sh -c "trap : TERM; while :; do sleep 1000; done" ' + given.mark)];
const stopped = spawn('sleep', ['100000'], { argv0: given.mark, stdio: 'ignore', detached: true });
stopped.unref();
stopped.kill('SIGSTOP');
Promise.all(children.map((child) => new Promise((done) => child.once('exit', done)))).then(() => console.log(JSON.stringify(report)));
setInterval(() => undefined, 1e6);
`;
