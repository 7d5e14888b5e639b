import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseDockerUse, summaryArguments } from '../../cli/doctor/docker-df.ts';
import { thisMachine } from '../../cli/doctor/machine.ts';
import { certificateExpiry } from '../../core/api/certificate.ts';
import { UserError } from '../../core/errors.ts';
import { startTlsFront } from '../tls-front.ts';
import { detail, summary } from './docker-df/recorded.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A program called docker, in a folder of its own that comes first. */
function machineWithDocker(script: string, timeoutMs = 10_000): ReturnType<typeof thisMachine> {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-docker-'));
  folders.push(folder);
  writeFileSync(path.join(folder, 'docker'), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(folder, 'docker'), 0o755);
  return thisMachine({ PATH: `${folder}:${process.env.PATH}`, SECRET: 'hidden' }, timeoutMs);
}

describe('what docker keeps', () => {
  it('is read from what docker prints, with the compose projects by their labels', () => {
    expect(parseDockerUse({ summary, detail })).toEqual({
      kept: [
        { type: 'Images', size: 31e9, unused: 29.8e9 },
        { type: 'Containers', size: 2.3e9, unused: 12e3 },
        { type: 'Local Volumes', size: 8.2e9, unused: 1.8e9 },
        { type: 'Build Cache', size: 20.1e9, unused: 18.9e9 },
      ],
      projects: [{ name: 'forge', size: 8.7e9 }],
    });
  });

  it('is nothing on an empty machine', () => {
    const empty = ['Images', 'Containers', 'Local Volumes', 'Build Cache']
      .map((type) => `{"Active":"0","Reclaimable":"0B","Size":"0B","TotalCount":"0","Type":"${type}"}`)
      .join('\n');

    expect(
      parseDockerUse({
        summary: empty,
        detail: '{"Images":[],"Containers":[],"Volumes":[],"BuildCache":[]}',
      }).kept.every(({ size, unused }) => size === 0 && unused === 0),
    ).toBe(true);
  });

  it('counts a volume whose size docker does not know as nothing', () => {
    const volume = { Labels: 'a=b,com.docker.compose.project=x', Size: 'N/A' };

    expect(parseDockerUse({ summary, detail: JSON.stringify({ Volumes: [volume] }) }).projects).toEqual([
      { name: 'x', size: 0 },
    ]);
  });

  it.each([
    ['nothing', '', detail],
    ['no JSON', 'TYPE TOTAL ACTIVE', detail],
    ['a size in another form', summary.replace('"31GB"', '"thirty"'), detail],
    ['other fields', '{"Type":"Images"}', detail],
    ['details that are a list', summary, '[]'],
    ['details without JSON', summary, 'permission denied'],
  ])('is not known where docker prints %s', (_, one, two) => {
    expect(() => parseDockerUse({ summary: one, detail: two })).toThrow(UserError);
  });
});

describe('this machine', () => {
  it('asks docker, which sees nothing of what stands in the environment besides', async () => {
    const machine = machineWithDocker('echo "$@"; env');

    const said = await machine.docker(summaryArguments);

    expect(said).toMatch(/^system df --format \{\{json \.\}\}\n/);
    expect(said).not.toContain('hidden');
  });

  it.each([
    [
      'its socket is absent',
      'echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1',
      /^docker says: Cannot connect to the Docker daemon .* running\?$/,
    ],
    ['it prints without an end', 'cat /dev/zero', 'docker said more than is read'],
  ])('says why docker cannot be asked: %s', async (_, script, said) => {
    await expect(machineWithDocker(script).docker(['info'])).rejects.toThrow(said);
    await expect(machineWithDocker(script).docker(['info'])).rejects.toThrow(UserError);
  });

  it('waits for a slow docker no longer than it may', async () => {
    await expect(machineWithDocker('exec tail -f /dev/null', 200).docker(['info'])).rejects.toThrow(
      'docker did not answer within 0 s',
    );
  });

  it('says so where there is no docker', async () => {
    await expect(thisMachine({ PATH: '/nowhere' }).docker(['info'])).rejects.toThrow(UserError);
  });

  it('knows how full its disk is, and of a folder that is not there nothing', async () => {
    const disk = await thisMachine({}).disk('.');

    expect(disk?.used).toBeGreaterThan(0);
    expect(disk?.free).toBeGreaterThanOrEqual(0);
    expect(await thisMachine({}).disk('/no/such/folder')).toBeUndefined();
  });
});

describe('the certificate of a server', () => {
  it('says until when it is valid, whoever signed it', async () => {
    const front = await startTlsFront('http://127.0.0.1:9');

    expect(await certificateExpiry(new URL(front.url))).toBe('2120-01-01T00:00:00.000Z');
    expect(await certificateExpiry(new URL(front.url.replace('127.0.0.1', 'localhost')))).toBe(
      '2120-01-01T00:00:00.000Z',
    );
    await front.close();
  });

  it('is not known of a server that does not answer, speaks no TLS, or is not there', async () => {
    const sockets: net.Socket[] = [];
    const mute = net.createServer((socket) => sockets.push(socket));
    const plain = net.createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    for (const server of [mute, plain])
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const urlOf = (server: net.Server): URL =>
      new URL(`https://127.0.0.1:${(server.address() as net.AddressInfo).port}`);

    await expect(certificateExpiry(urlOf(mute), 100)).rejects.toThrow('it did not answer in time');
    await expect(certificateExpiry(urlOf(plain))).rejects.toThrow(UserError);
    await expect(certificateExpiry(new URL('https://127.0.0.1:9'))).rejects.toThrow(UserError);
    for (const socket of sockets) socket.destroy();
    for (const server of [mute, plain]) await new Promise<void>((done) => server.close(() => done()));
  });
});
