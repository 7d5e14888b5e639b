import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSshSource } from '../../actions/collect-engagement/log/ssh-address.ts';
import { collectEngagement } from '../../actions/collect-engagement/role.ts';
import { runRole } from '../../core/run.ts';

// A real OpenSSH server on loopback with a restricted key, and a real Caddy that writes the log from real requests.

const sshd = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((file) => existsSync(file));
/** Without PAM, sshd lets nobody in whose password is locked; only root's own sshd can see that. */
function isLocked(): boolean {
  try {
    return readFileSync('/etc/shadow', 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${userInfo().username}:!`));
  } catch {
    return false;
  }
}
const hasSsh = sshd !== undefined && !isLocked() && spawnSync('ssh', ['-V']).status === 0;
const hasCaddy = spawnSync('caddy', ['version']).status === 0;
const hasZstd = spawnSync('zstd', ['--version']).status === 0;

const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-ssh-test-'));
const at = (file: string): string => path.join(folder, file);
const children: ChildProcess[] = [];
afterAll(async () => {
  await Promise.all(
    children.map(
      (child) =>
        new Promise((done) => {
          if (child.exitCode !== null || child.signalCode !== null) return done(undefined);
          child.once('close', done);
          child.kill();
        }),
    ),
  );
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Waits until something listens, by asking and not by the clock. */
async function listening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const there = await new Promise<boolean>((done) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        done(true);
      });
      socket.once('error', () => setTimeout(() => done(false), 20));
    });
    if (there) return;
  }
}

function keygen(name: string): string {
  const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)]);
  if (made.status !== 0) throw new Error(made.stderr.toString());
  return readFileSync(at(`${name}.pub`), 'utf8').trim();
}

function line(uri: string, ip: string): string {
  return `${JSON.stringify({ ts: Date.parse('2026-11-20T12:00:00Z') / 1000, request: { remote_ip: ip, method: 'GET', host: 'h', uri, headers: {} }, duration: 0.1, status: 200 })}\n`;
}

let nth = 0;
async function collect(
  settings: Record<string, string>,
  now = '2026-11-21T01:00:00Z',
): Promise<{ code: number; text: string; evidence: unknown }> {
  nth += 1;
  const workspace = at(`workspace-${nth}`);
  mkdirSync(workspace);
  const lines: string[] = [];
  const code = await runRole(collectEngagement, {
    environment: {
      CI: 'woodpecker',
      CI_WORKSPACE: workspace,
      PLUGIN_COMMIT: 'none',
      ...Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [
          `PLUGIN_${name.toUpperCase().replaceAll('-', '_')}`,
          value,
        ]),
      ),
    },
    args: [],
    workingDirectory: workspace,
    print: (item) => lines.push(item),
    now: () => new Date(now),
  });
  const file = path.join(workspace, 'engagement.json');
  return {
    code,
    text: lines.join('\n'),
    evidence: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined,
  };
}

describe.skipIf(!hasSsh)('a log over SSH (needs sshd and ssh, and an account that is not locked)', () => {
  const user = userInfo().username;
  let port: number;
  let knownHosts: string;
  const publicKeys: Record<string, string> = {};
  const log = at('access.log');
  const read = `restrict,command="cat ${log}"`;

  const source = (): string => `ssh://${user}@127.0.0.1:${port}`;
  const given = (key: string, more: Record<string, string> = {}): Record<string, string> => ({
    source: source(),
    'ssh-key': readFileSync(at(key), 'utf8'),
    'ssh-known-hosts': knownHosts,
    ...more,
  });
  function allow(...lines: string[]): void {
    writeFileSync(at('authorized_keys'), `${lines.join('\n')}\n`, { mode: 0o600 });
  }

  beforeAll(async () => {
    chmodSync(folder, 0o700);
    port = await freePort();
    for (const name of ['host', 'other-host', 'reader', 'stranger']) publicKeys[name] = keygen(name);
    knownHosts = `[127.0.0.1]:${port} ${publicKeys.host}`;
    writeFileSync(
      at('sshd_config'),
      [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${at('host')}`,
        `PidFile ${at('sshd.pid')}`,
        `AuthorizedKeysFile ${at('authorized_keys')}`,
        'StrictModes no',
        'UsePAM no',
        'PermitRootLogin prohibit-password',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        `Banner ${at('banner')}`,
        'Subsystem sftp internal-sftp',
      ].join('\n'),
    );
    writeFileSync(at('banner'), 'Authorised use only.\n');
    // Where sshd separates privileges, and only root can.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    const server = spawn(sshd ?? '', ['-D', '-e', '-f', at('sshd_config')], { stdio: 'ignore' });
    children.push(server);
    await listening(port, server);
    writeFileSync(log, line('/a', '::1') + line('/b', '10.0.0.1'));
  });

  it('is read through the restricted key, and nothing is left on disk', async () => {
    allow(`${read} ${publicKeys.reader}`);
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('forgecrew-ssh-'));

    const ran = await collect(given('reader'));

    expect(ran).toMatchObject({ code: 0, evidence: { page_views: 2, complete: true } });
    expect(ran.evidence).toMatchObject({ source: `ssh://127.0.0.1:${port}` });
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('forgecrew-ssh-'))).toEqual(before);
  });

  it('takes the key and the hosts as paths as well, and a key whose last line is not ended', async () => {
    allow(`${read} ${publicKeys.reader}`);
    writeFileSync(at('known_hosts'), `${knownHosts}\n`);

    expect(
      await collect({ source: source(), 'ssh-key': at('reader'), 'ssh-known-hosts': at('known_hosts') }),
    ).toMatchObject({ code: 0 });
    expect(
      await collect(given('reader', { 'ssh-key': readFileSync(at('reader'), 'utf8').trim() })),
    ).toMatchObject({ code: 0 });
  });

  it.each<[string, string[]]>([
    ['gzip', ['gzip', '-c']],
    ...(hasZstd ? [['zstd', ['zstd', '-q', '-c']] as [string, string[]]] : []),
  ])('is unpacked when the other side packs it: %s', async (_, command) => {
    allow(`restrict,command="${command.join(' ')} ${log}" ${publicKeys.reader}`);

    expect(await collect(given('reader'))).toMatchObject({ code: 0, evidence: { page_views: 2 } });
  });

  it('a changed host key is refused, and one that is not known', async () => {
    allow(`${read} ${publicKeys.reader}`);

    for (const hosts of [
      `[127.0.0.1]:${port} ${publicKeys['other-host']}`,
      `elsewhere.example ${publicKeys.host}`,
    ]) {
      const ran = await collect(given('reader', { 'ssh-known-hosts': hosts }));

      expect(ran).toMatchObject({ code: 1, evidence: undefined });
      expect(ran.text).toContain('its host key is not the one in ssh-known-hosts');
      // ssh names the file that we gave it, which is gone by now.
      for (const hint of [tmpdir(), 'known_hosts', 'ssh-keygen', 'remove with'])
        expect(ran.text).not.toContain(hint);
    }
  });

  it('a key that may run any command is refused', async () => {
    allow(publicKeys.reader ?? '');

    const ran = await collect(given('reader'));

    expect(ran).toMatchObject({ code: 1, evidence: undefined });
    expect(ran.text).toContain('the key is not restricted');
    // One command is told everywhere: one that names a single file would miss what was rotated.
    const [told] = /restrict,command=".*\*.*"/.exec(ran.text) ?? [];
    expect(told).toBeDefined();
    const readme = new URL('../../actions/collect-engagement/README.md', import.meta.url);
    expect(readFileSync(readme, 'utf8')).toContain(`${told} $(cat collector.pub)`);
  });

  it('a key that is not accepted says whose authorized_keys to look at', async () => {
    allow(`${read} ${publicKeys.reader}`);

    const ran = await collect(given('stranger'));

    expect(ran).toMatchObject({ code: 1, evidence: undefined });
    expect(ran.text).toContain('the key was not accepted');
  });

  it('a stream that is cut off, or whose command fails, is no evidence', async () => {
    for (const command of [`sh -c 'cat ${log}; exit 3'`, `sh -c 'cat ${log}; kill -9 $PPID'`]) {
      allow(`restrict,command="${command}" ${publicKeys.reader}`);

      const ran = await collect(given('reader'));

      expect(ran).toMatchObject({ code: 1, evidence: undefined });
      expect(ran.text).toMatch(/ssh ended with/);
    }
  });

  it('a machine that prints something before the log is refused', async () => {
    allow(`restrict,command="echo Welcome; cat ${log}" ${publicKeys.reader}`);

    const ran = await collect(given('reader'));

    expect(ran).toMatchObject({ code: 1, evidence: undefined });
    expect(ran.text).toContain('printed something before the log');
  });

  it('a command that gives no log at all is refused with what it looks like', async () => {
    allow(`restrict,command="echo nothing to see" ${publicKeys.reader}`);

    expect(await collect(given('reader'))).toMatchObject({
      code: 1,
      text: expect.stringContaining('no format that is known here'),
    });
  });

  it('the key is nowhere in what is printed, line by line neither', async () => {
    allow(`${read} ${publicKeys.reader}`);
    const key = readFileSync(at('reader'), 'utf8');

    const ran = await collect(given('reader', { 'log-level': 'debug' }));

    for (const part of key.split('\n').filter((item) => item.length > 20))
      expect(ran.text).not.toContain(part);
  });

  describe('the restricted key lets nobody out', () => {
    const ssh = (...more: string[]): string[] => [
      '-F',
      'none',
      '-T',
      '-i',
      at('reader'),
      '-p',
      String(port),
      '-o',
      'BatchMode=yes',
      '-o',
      `UserKnownHostsFile=${at('known')}`,
      '-o',
      'IdentitiesOnly=yes',
      '-o',
      'ExitOnForwardFailure=yes',
      '-l',
      user,
      ...more,
    ];
    beforeAll(() => {
      writeFileSync(at('known'), `${knownHosts}\n`);
      allow(`${read} ${publicKeys.reader}`);
    });

    it('with another command', () => {
      const ran = spawnSync('ssh', ssh('127.0.0.1', `touch ${at('escaped')}`));

      expect(ran.stdout.toString()).toBe(readFileSync(log, 'utf8'));
      expect(existsSync(at('escaped'))).toBe(false);
    });

    it('with a terminal', () => {
      const ran = spawnSync('ssh', ssh('-tt', '127.0.0.1'), { input: `touch ${at('escaped')}\n` });

      expect(ran.stderr.toString()).toContain('PTY allocation request failed');
      expect(existsSync(at('escaped'))).toBe(false);
    });

    it('with a forwarded port, either way', () => {
      const remote = spawnSync('ssh', ssh('-N', '-R', '0:127.0.0.1:9', '127.0.0.1'), { timeout: 60_000 });
      const through = spawnSync('ssh', ssh('-W', `127.0.0.1:${port}`, '127.0.0.1'), { timeout: 60_000 });

      expect(remote.status).not.toBe(0);
      expect(through.status).not.toBe(0);
      expect(through.stderr.toString()).toContain('administratively prohibited');
    });

    it('with a copy, in either protocol', () => {
      const options = ssh()
        .slice(0, -2)
        .map((item) => (item === '-p' ? '-P' : item))
        .filter((item) => item !== '-T');
      for (const protocol of [[], ['-O']]) {
        const ran = spawnSync(
          'scp',
          [...protocol, ...options, at('banner'), `${user}@127.0.0.1:${at('escaped')}`],
          { timeout: 60_000 },
        );

        expect(ran.status).not.toBe(0);
        expect(existsSync(at('escaped'))).toBe(false);
      }
    });
  });

  describe.skipIf(!hasCaddy)('of a real Caddy (needs caddy)', () => {
    it('counts what was really asked', async () => {
      const caddyPort = await freePort();
      const caddyLog = at('caddy.log');
      mkdirSync(at('site'));
      writeFileSync(at('site/index.html'), '<!doctype html><title>x</title>');
      writeFileSync(at('site/a.css'), 'a{}');
      writeFileSync(
        at('Caddyfile'),
        `{\n\tadmin off\n}\nhttp://127.0.0.1:${caddyPort} {\n\tbind 127.0.0.1\n\troot * ${at('site')}\n\tfile_server\n\tlog {\n\t\toutput file ${caddyLog}\n\t}\n}\n`,
      );
      const caddy = spawn('caddy', ['run', '--config', at('Caddyfile'), '--adapter', 'caddyfile'], {
        stdio: 'ignore',
        env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      });
      children.push(caddy);
      await listening(caddyPort, caddy);
      const ask = (uri: string, headers: Record<string, string> = {}): Promise<void> =>
        new Promise((resolve, reject) => {
          http
            .get(
              {
                port: caddyPort,
                host: '127.0.0.1',
                path: uri,
                headers: { 'user-agent': 'Mozilla/5.0 Firefox/120.0', ...headers },
              },
              (answer) => {
                answer.resume();
                answer.once('end', resolve);
              },
            )
            .once('error', reject);
        });
      await ask('/');
      await ask('/?q="quoted"&b=<c>', { referer: 'https://news.example/item?id=1' });
      await ask('/a.css');
      await ask('/missing');
      await ask('/', { 'user-agent': 'Googlebot/2.1' });
      caddy.kill();
      await new Promise((done) => caddy.once('close', done));
      allow(`restrict,command="cat ${caddyLog}" ${publicKeys.reader}`);
      const now = new Date();

      const ran = await collect(given('reader', { date: now.toISOString().slice(0, 10) }), now.toISOString());

      expect(ran).toMatchObject({
        code: 0,
        evidence: {
          total_requests: 5,
          page_views: 2,
          unique_visitors: 1,
          top_pages: [{ path: '/', views: 2 }],
          top_referrers: [{ source: 'news.example', visits: 1 }],
          status_classes: { '2xx': 4, '4xx': 1 },
          bad_lines: 0,
        },
      });
    });
  });
});

describe('an address of SSH', () => {
  it('is a user, a host and a port, and nothing that could be an option or a command', () => {
    expect(parseSshSource('ssh://log@web.example:2222')).toEqual({
      user: 'log',
      host: 'web.example',
      port: 2222,
    });
    expect(parseSshSource('ssh://log@[2001:db8::1]/')).toEqual({
      user: 'log',
      host: '2001:db8::1',
      port: 22,
    });
    for (const wrong of [
      'ssh://web.example',
      'ssh://-oProxyCommand=x@web.example',
      'ssh://log@-oProxyCommand=x',
      'ssh://log:secret@web.example',
      'ssh://log@web.example:0',
      'ssh://log@web.example:99999',
      'ssh://log@web.example/var/log',
      'ssh://log@web example',
      'ssh://$(x)@web.example',
    ])
      expect(() => parseSshSource(wrong)).toThrow('expected ssh://');
  });
});
