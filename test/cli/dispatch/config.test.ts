import { describe, expect, it } from 'vitest';
import { configFrom, secretsOf, withoutSecrets } from '../../../cli/dispatch/config.ts';

const file = '/home/ada/.config/forgecrew/config.toml';
const least = `forge = "https://forge.example/"
allowed-owners = ["forge:acme", "github:acme"]
repo-path = "~/src/{owner}/{repo}"
`;
const read = (text: string, environment: Record<string, string> = {}) =>
  configFrom(file, Buffer.from(text), { HOME: '/home/ada', ...environment });

describe('the configuration of dispatches', () => {
  it('needs three values, and has a default or nothing for every other one', () => {
    const { config } = read(least);

    expect(config).toMatchObject({
      forge: 'https://forge.example',
      owners: [
        { platform: 'forgejo', owner: 'acme' },
        { platform: 'github', owner: 'acme' },
      ],
      repoPath: '/home/ada/src/{owner}/{repo}',
      worktreeRoot: '/home/ada/.local/share/forgecrew/worktrees',
      logRoot: '/home/ada/.local/state/forgecrew/dispatch',
      claudeConfig: '/home/ada/.claude.json',
      agents: '/home/ada/.config/forgecrew/agents',
      labelPrefix: 'crew',
      stateRepo: undefined,
    });
  });

  it('shows where each value came from: the file, the environment, or nobody', () => {
    const { shown } = read(`${least}log-root = "/var/log/crew"\n`, {
      FORGECREW_FORGE_URL: 'https://other.example',
      XDG_DATA_HOME: '/data',
    });

    const from = Object.fromEntries(shown.map((item) => [item.name, [item.value, item.from]]));
    expect(from.forge).toEqual(['https://other.example', 'FORGECREW_FORGE_URL']);
    expect(from['log-root']).toEqual(['/var/log/crew', `${file} (log-root)`]);
    expect(from['worktree-root']).toEqual(['/data/forgecrew/worktrees', 'XDG_DATA_HOME']);
    expect(from['label-prefix']).toEqual(['crew', 'default']);
    expect(from['state-repo']).toEqual(['(none)', 'nowhere']);
  });

  it('shows of a secret where it comes from, and never what it is', () => {
    const { shown } = read(`${least}token-command = ["pass", "show", "forge"]\n`, {
      FORGECREW_ENGINE_KEY: 'sk-very-secret',
    });

    expect(shown).toContainEqual({
      name: 'token',
      value: '(not shown)',
      from: `${file} (token-command: pass)`,
    });
    expect(shown).toContainEqual({ name: 'engine key', value: '(not shown)', from: 'FORGECREW_ENGINE_KEY' });
    expect(JSON.stringify(shown)).not.toContain('sk-very-secret');
  });

  it.each([
    ['token = "abc"\n', /no such field/],
    ['log-root = "logs"\n', /a path from \/ or from ~\//],
    ['[notify]\ncommand = ["a"]\nwebhook = "https://x.example"\n', /keep one of command and webhook/],
    ['state-repo = "forgecrew-state"\n', /owner\/name/],
    ['open-command = []\n', /open-command/],
  ])('refuses %j with its place', (more, what) => {
    expect(() => read(`${least}${more}`)).toThrow(what);
    expect(() => read(`${least}${more}`)).toThrow(/config\.toml:[4-6]:/);
  });

  it('refuses a state repo without a forge that it could be on', () => {
    const github = least.replace(/^forge = .*$/m, '').replace('forge:acme', 'github:acme');
    expect(() => read(github)).not.toThrow();
    expect(() => read(`${github}state-repo = "crew/state"\n`)).toThrow(/the state repo is on it/);
  });

  it('refuses an owner without its host, because that is a claim on whom the issue is believed', () => {
    expect(() => read(least.replace('"forge:acme"', '"acme"'))).toThrow(/forge:<owner> or github:<owner>/);
  });

  it('takes a token from the environment first, and otherwise the first line that a program prints', async () => {
    const { config } = read(`${least}token-command = ["sh", "-c", "echo tok-1; echo more"]\n`);
    const secrets = secretsOf(config, { PATH: process.env.PATH, HOME: '/' });

    expect(await Promise.all([secrets.token(), secrets.token()])).toEqual(['tok-1', 'tok-1']);
    expect(await secretsOf(config, { FORGECREW_FORGE_TOKEN: 'tok-2' }).token()).toBe('tok-2');
  });

  it('hands no secret on in an environment', () => {
    expect(
      withoutSecrets({
        PATH: '/bin',
        FORGECREW_FORGE_TOKEN: 'a',
        FORGECREW_GITHUB_TOKEN: 'b',
        FORGECREW_ENGINE_KEY: 'c',
        FORGECREW_AUDIT_TOKEN: 'd',
      }),
    ).toEqual({ PATH: '/bin' });
  });
});
