import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listenAt } from '../../../core/agent/listen.ts';

let root: string;
let server: net.Server;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'listen-'));
  server = net.createServer();
});
afterEach(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

describe('a socket', () => {
  it('stands where it is put, for those it is for', async () => {
    const file = path.join(root, 'forge.sock');

    await listenAt(server, file, 0o600);

    expect(statSync(file).isSocket()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is refused at a path that is too long, and stands in no folder above it either', async () => {
    const folder = path.join(root, 'x'.repeat(120));
    mkdirSync(folder, { mode: 0o700 });

    await expect(listenAt(server, path.join(folder, 'forge.sock'), 0o666)).rejects.toThrow(
      /The path of a socket would have \d+ bytes/,
    );

    expect(readdirSync(root)).toEqual(['x'.repeat(120)]);
    expect(readdirSync(folder)).toEqual([]);
  });
});
