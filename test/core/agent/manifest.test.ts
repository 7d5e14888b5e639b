import { describe, expect, it } from 'vitest';
import { agentOf, parseManifest } from '../../../core/agent/manifest.ts';

const read = (text: string, file = 'agents/builder.toml') =>
  parseManifest(file, new TextEncoder().encode(text));
const least = 'enabled = true\nengine = "command"\ncommand = ["true"]\nrepositories = ["owner/project"]\n';

/** What is wrong, as one text. */
function faultsOf(text: string, file?: string): string {
  const parsed = read(text, file);
  return parsed.ok ? '' : parsed.faults.map(({ line, message }) => `${line}: ${message}`).join('\n');
}

function agent(text: string, profile: string | null = null) {
  const parsed = read(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return agentOf(parsed.document, profile);
}

describe('a manifest', () => {
  it('says little, and the rest is usual', () => {
    expect(agent(least)).toMatchObject({
      name: 'builder',
      engine: 'command',
      timeoutMinutes: 60,
      watchdogMinutes: 30,
      isolation: 'user',
      network: 'open',
      maxCost: null,
      setup: [],
      checks: [],
    });
  });

  it('has profiles, which override what they name', () => {
    const text = `${least}model = "small"\n[profiles.careful]\nmodel = "large"\ntimeout_minutes = 10\n`;

    expect(agent(text, 'careful')).toMatchObject({
      model: 'large',
      timeoutMinutes: 10,
      watchdogMinutes: 10,
      profile: 'careful',
    });
    expect(agent(text)).toMatchObject({ model: 'small', profile: null });
    expect(agent(text, 'other')).toBeUndefined();
    expect(agent(text, '__proto__')).toBeUndefined();
  });

  it.each([
    ['no engine', 'enabled = true\nrepositories = ["a/b"]\n', '"engine" is missing'],
    [
      'a command that is not named',
      'enabled = true\nengine = "command"\nrepositories = ["a/b"]\n',
      '"command" is missing',
    ],
    [
      'the same in a profile',
      'enabled = true\nengine = "claude"\nrepositories = ["a/b"]\n[profiles.x]\nengine = "command"\n',
      'profile x',
    ],
    [
      'a limit on costs that nobody can count',
      `${least}max_cost = 1.0\n`,
      'a limit nobody can count is none',
    ],
    ['a watchdog that never bites', `${least}timeout_minutes = 5\nwatchdog_minutes = 6\n`, 'never bites'],
    [
      'a path that would protect nothing',
      `${least}protected_paths = ["infra/**", "{a,b}/**"]\n`,
      '"{a,b}/**" is no pattern',
    ],
    ['two prompts', `${least}prompt = "a"\nprompt_file = "b.md"\n`, 'keep one of the two'],
    ['a prompt from elsewhere', `${least}prompt_file = "../secret.md"\n`, 'prompt_file'],
    ['a network that only bwrap can keep', `${least}network = "none"\n`, 'needs isolation = "bwrap"'],
    [
      'no repository',
      'enabled = true\nengine = "command"\ncommand = ["true"]\nrepositories = []\n',
      'repositories',
    ],
    ['a misspelt field', `${least}isolaton = "user"\n`, 'isolaton'],
    ['an isolation that is not there', `${least}isolation = "vm"\n`, 'isolation'],
  ])('with %s is faulty', (_, text, what) => {
    expect(faultsOf(text)).toContain(what);
  });

  it('is named by its file', () => {
    expect(faultsOf(least, 'agents/Big One.toml')).toContain("the file name is the agent's name");
  });
});
