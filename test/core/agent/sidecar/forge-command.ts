import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { forgeCommand } from '../../../../core/agent/sidecar/command.ts';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Writes the command beside a socket, as it is written into an agent's own folder; gives the folder for its PATH. */
export function writeCommand(door: string, socket: string): string {
  const bin = path.join(door, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'forge'), forgeCommand({ node: process.execPath, socket }), { mode: 0o755 });
  return bin;
}

/** Runs the command as an agent does, with nothing in its environment but the PATH. */
export function runForge(bin: string, args: string[], input = ''): Promise<Ran> {
  return new Promise((done, failed) => {
    const child = spawn('forge', args, { env: { PATH: bin }, stdio: 'pipe' });
    const ran: Ran = { code: null, stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        ran[name] += text;
      });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', failed);
    child.once('close', (code) => done({ ...ran, code }));
  });
}
