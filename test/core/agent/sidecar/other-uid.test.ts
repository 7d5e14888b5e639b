import { spawn } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { openSidecar } from '../../../../core/agent/sidecar/sidecar.ts';
import { createMask } from '../../../../core/mask.ts';
import { openRig, plainForge, type Rig } from './rig.ts';

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

/** Connects as another account and says how that went. */
function connectAs(uid: number, socket: string): Promise<string> {
  const script = `require('node:net').connect(process.argv[1])
    .on('connect', function () { console.log('connected'); this.destroy(); })
    .on('error', ({ code }) => console.log(code))`;
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, ['-e', script, socket], {
      uid,
      gid: uid,
      env: {},
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    child.once('error', failed);
    child.once('close', () => done(said.trim()));
  });
}

describe.runIf(process.getuid?.() === 0)('as root', () => {
  it('the agent of this run can connect, and the agent beside it cannot', async () => {
    rig = await openRig({ owner: { uid: 70_001, gid: 70_001 } });
    // Even where its folder lets others in.
    chmodSync(rig.door, 0o711);

    expect(statSync(rig.sidecar.socket).mode & 0o777).toBe(0o600);
    expect(await connectAs(70_001, rig.sidecar.socket)).toBe('connected');
    expect(await connectAs(70_002, rig.sidecar.socket)).toBe('EACCES');
  });
});

describe('opening', () => {
  const options = (door: string): Parameters<typeof openSidecar>[0] => ({
    door,
    forge: plainForge(),
    scope: { repository: 'owner/project', issue: 5, pulls: [] },
    mask: createMask(),
    say: () => undefined,
    now: () => new Date(0),
    mayWrite: () => true,
    strangers: false,
  });

  it('is refused where something is there already', async () => {
    rig = await openRig();

    await expect(openSidecar(options(rig.door))).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('is refused where the system would cut the path off', async () => {
    await expect(openSidecar(options(`/tmp/${'long/'.repeat(20)}`))).rejects.toThrow(
      "The path of the sidecar's socket is longer than 103 bytes",
    );
  });
});
