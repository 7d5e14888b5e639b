import { describe, expect, it } from 'vitest';
import { agentEngines, agentOf, parseManifest } from '../../../core/agent/manifest.ts';

const base = 'enabled = true\nrepositories = ["owner/project"]\n';

function faultsOf(text: string): string[] {
  const parsed = parseManifest('agents/builder.toml', Buffer.from(base + text));
  return parsed.ok ? [] : parsed.faults.map(({ message }) => message);
}

describe('engines of a manifest', () => {
  it.each(agentEngines)('%s is known', (engine) => {
    expect(faultsOf(`engine = "${engine}"\n${engine === 'command' ? 'command = ["agent"]\n' : ''}`)).toEqual(
      [],
    );
  });

  it('are all named where none is given', () => {
    expect(faultsOf('')).toEqual(['"engine" is missing: claude, codex, opencode or command']);
  });

  it('codex takes no list of tools, in a profile either: it could not be held to it', () => {
    expect(faultsOf('engine = "codex"\ntools = ["x"]\n')).toEqual([
      expect.stringContaining('"tools" with engine codex'),
    ]);
    expect(faultsOf('engine = "claude"\ntools = ["Read"]\n[profiles.other]\nengine = "codex"\n')).toEqual([
      expect.stringContaining('(profile other)'),
    ]);
  });
});

describe('session_folder', () => {
  const command = 'engine = "command"\ncommand = ["agent"]\n';

  it.each(['.memory', 'a/b', '.agent/memory', 'a.b', '...'])('may be %s', (folder) => {
    const parsed = parseManifest(
      'agents/builder.toml',
      Buffer.from(`${base}${command}session_folder = "${folder}"\n`),
    );

    expect(parsed.ok && agentOf(parsed.document, null)?.sessionFolder).toBe(folder);
  });

  it.each(['', '/etc', '..', '../x', 'a/../b', 'a/..', '.', './a', 'a/', 'a//b', 'a b', '$HOME', '~'])(
    'may not be %j',
    (folder) => {
      expect(faultsOf(`${command}session_folder = "${folder}"\n`)).not.toEqual([]);
    },
  );

  it('is for command alone: the others know what their session is', () => {
    expect(faultsOf('engine = "opencode"\nsession_folder = ".memory"\n')).toEqual([
      expect.stringContaining('"session_folder" with engine opencode'),
    ]);
  });
});
