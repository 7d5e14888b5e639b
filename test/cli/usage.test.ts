// What the command line says to somebody who calls it in a way that it cannot follow; from the sources, as a process.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faults as addFaults, settings as addSettings } from '../../cli/agents-add/settings.ts';
import { homeOf, readConfig } from '../../cli/dispatch/config.ts';
import { init } from '../../cli/init/role.ts';
import { protect } from '../../cli/protect/role.ts';
import { terminal } from '../../core/host/terminal.ts';
import { parseSettings } from '../../core/settings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the command line; `at` is the folder that it is started in. */
function forgecrew(
  args: string[],
  { at = root, environment = {} }: { at?: string; environment?: Record<string, string> } = {},
): Promise<{ code: number; out: string; err: string }> {
  const start = [path.join(root, 'scripts/start.mjs'), 'cli/main.ts', ...args];
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      start,
      { cwd: at, env: { PATH: process.env.PATH, HOME: '/nowhere', ...environment } },
      (_, out, err) => done({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

function saidOf(role: Parameters<typeof parseSettings>[0], given: Record<string, string>): string {
  const args = Object.entries(given).map(([name, value]) => `--${name}=${value}`);
  try {
    parseSettings(
      role,
      terminal({ FORGECREW_FORGE_TOKEN: 'token' }, args, '/', () => undefined),
    );
  } catch (error) {
    return String(error);
  }
  return '';
}

const factory = { 'forge-url': 'https://forge.test', 'ops-repo': 'acme/ops', 'project-repo': 'acme/app' };

describe('a command that cannot be understood', () => {
  it.each([
    [['init'], "required option '--ops-repo <owner/name>' not specified"],
    [['lint', '--strict', 'x'], "unknown option '--strict'"],
    [['nosuch'], "unknown command 'nosuch'"],
  ])(
    'ends with 2, because nothing was looked at, and the fault is not pushed out of the screen (%j)',
    async (args, fault) => {
      const { code, out, err } = await forgecrew(args);

      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(fault);
      expect(err.trimEnd().split('\n')).toHaveLength(2);
      expect(err).toContain('--help');
    },
  );

  it('says that dispatch has no such command, and asks for the way where an issue is named', async () => {
    const unknown = await forgecrew(['dispatch', 'lst']);
    const issue = await forgecrew(['dispatch', 'acme/app#3']);

    expect([unknown.code, issue.code]).toEqual([2, 2]);
    expect(unknown.out).toContain('dispatch has no command "lst"');
    expect(issue.out).toMatch(/^Say how it shall work:\n/);
  });

  it('prints each wrong setting on a line of its own, and names no README, which a command has not', async () => {
    const { code, out } = await forgecrew(['doctor', '--ops-repo', 'a', '--project-repo', 'b']);

    expect(code).toBe(2);
    expect(out.split('\n').slice(0, 2)).toEqual([
      '4 settings are not right:',
      '  forge-url: missing. Where the forge is.',
    ]);
    expect(out).not.toMatch(/\\n|README/);
    expect(out).toContain('FORGECREW_FORGE_TOKEN');
  });

  it.each([
    ['owner/ops/../../x', 'token', '--ops-repo is "owner/ops/../../x"'],
    ['owner/ops', '', 'FORGECREW_FORGE_TOKEN is missing'],
  ])('asks no forge for what is no repository (%s), or without a token', async (ops, token, fault) => {
    const { code, out } = await forgecrew(
      ['explain', 'x', '--ops-repo', ops, '--forge-url', 'http://127.0.0.1:1'],
      { environment: { FORGECREW_FORGE_TOKEN: token } },
    );

    expect(code).toBe(2);
    expect(out).toContain(fault);
    expect(out).not.toContain('ECONNREFUSED');
  });

  it('says that the current folder is gone, without a stack', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-gone-'));
    // The shell goes there, removes it and becomes the command.
    const gone = new Promise<{ code: number; out: string }>((done) => {
      const child = execFile(
        'sh',
        [
          ...['-c', 'cd "$1" && rmdir "$1" && shift && exec "$@"', 'sh', folder],
          ...[process.execPath, path.join(root, 'scripts/start.mjs'), 'cli/main.ts'],
          ...['init', '--ops-repo', 'acme/ops', '--project-repo', 'acme/app'],
        ],
        (_, out, err) => done({ code: child.exitCode ?? -1, out: out + err }),
      );
    });
    try {
      const { code, out } = await gone;

      expect(out).toContain('The current folder cannot be told (ENOENT)');
      expect([code, out.includes('    at ')]).toEqual([2, false]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('options that contradict each other', () => {
  it.each([
    [{ 'project-repo': 'Acme/OPS' }, 'ops-repo, project-repo: both are acme/ops'],
    [{ 'woodpecker-url': 'https://ci.test' }, 'ci, woodpecker-url: an address of Woodpecker is given'],
    [{ accounts: 'filer=a,filer=b' }, 'accounts: filer is named twice'],
  ])('are refused by init before anything is asked (%j)', (given, fault) => {
    expect(saidOf(init, { ...factory, ...given })).toContain(fault);
    expect(saidOf(init, factory)).toBe('');
  });

  it('a program is only for the engine command', () => {
    const given = { ...factory, engine: 'claude', model: 'm' };
    const add = { settings: addSettings, faults: addFaults as never };

    expect(saidOf(add, { ...given, 'engine-command': 'x' })).toContain(
      'engine-command: it is for the engine command',
    );
    expect(saidOf(add, given)).toBe('');
  });

  it('protect takes two accounts, because the records of the one bound the other', () => {
    const given = { 'forge-url': 'https://forge.test', 'ops-repo': 'acme/ops', dispatcher: 'd' };

    expect(saidOf(protect, { ...given, gatekeeper: 'D' })).toContain('dispatcher, gatekeeper: both are d');
    expect(saidOf(protect, { ...given, gatekeeper: 'g' })).toBe('');
  });
});

describe('the configuration of a person', () => {
  it.each(['relative', './x'])('is never read from the current folder (HOME=%s)', (HOME) => {
    expect(() => homeOf({ HOME })).toThrow('HOME names no folder from the root on');
    // A relative folder counts as not set, as the specification of these variables has it.
    expect(() => readConfig({ HOME: '/nowhere', XDG_CONFIG_HOME: HOME })).toThrow(
      'There is no configuration at /nowhere/.config/forgecrew/config.toml',
    );
  });
});
