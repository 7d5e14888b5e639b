import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

it('the forge alone says in one line of JSON where it is and what is in it, and leaves nothing behind', async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'forgecrew-forge-'));
  const child = spawn(process.execPath, ['scripts/start.mjs', 'scripts/forge.ts', '--port', '0'], {
    cwd: root,
    env: { ...process.env, TMPDIR: scratch },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  await new Promise<void>((done) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.endsWith('\n')) done();
    });
  });

  const said = JSON.parse(text);
  const response = await fetch(`${said.url}/api/v1/repos/${said['project-repo']}/issues`, {
    headers: { authorization: `token ${said.token}` },
  });
  child.kill('SIGTERM');
  const code = await new Promise((done) => child.once('close', done));

  expect(Object.keys(said)).toEqual(['url', 'token', 'project-repo', 'ops-repo']);
  expect(await response.json()).toMatchObject([{ number: 1, labels: [{ name: 'vision' }] }]);
  expect(code).toBe(0);
  expect(readdirSync(scratch).filter((name) => name.startsWith('embedded-forge-'))).toEqual([]);
  rmSync(scratch, { recursive: true });
});
