import { describe, expect, it } from 'vitest';
import { repository } from '../../core/changes/fields.ts';
import { UserError } from '../../core/errors.ts';
import { terminal } from '../../core/host/terminal.ts';
import { woodpecker } from '../../core/host/woodpecker.ts';
import { count, duration, flowSettings, parseSettings, sharedSettings, text } from '../../core/settings.ts';
import { seenHost } from '../workflow-step.ts';

const settings = {
  ...flowSettings,
  ...sharedSettings,
  'max-issues': count({ description: 'At most.', default: '50' }),
};
const needed = { PLUGIN_FORGE_URL: 'https://forge.test', PLUGIN_FORGE_TOKEN: 'token' };

/** Hosts print nothing while settings are read. */
const print = (): void => undefined;

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return `${error.message} ${error.remedy}`;
    throw error;
  }
  return '';
}

describe('settings', () => {
  it.each(['abc\n', 'abc\r\n', ' abc ', '\ufeffabc'])(
    'a token that was stored with what is no part of it is taken without (%j)',
    (given) => {
      const read = parseSettings({ settings }, woodpecker({ ...needed, PLUGIN_FORGE_TOKEN: given }, print));

      expect(read['forge-token']).toBe('abc');
    },
  );

  it.each(
    ['owner/..', 'owner/.', './x', '../x', 'owner/-', 'owner/x.git', 'owner/x.Wiki', 'owner/x.RSS'].concat(
      ...['owner/x.atom', 'owner/', '/x', 'owner', 'owner/x/y', 'owner/a b', 'https://forge.test/owner/x'],
    ),
  )('what no repository of a forge is called is refused before anything is asked (%j)', (given) => {
    const message = messageOf(() =>
      parseSettings({ settings }, woodpecker({ ...needed, PLUGIN_OPS_REPO: given }, print)),
    );

    expect(message).toContain('ops-repo: expected owner/name as the forge takes it');
    expect(repository().safeParse(given).success).toBe(false);
  });

  it.each(['owner/x', 'o.w-n_er/.profile', 'owner/x.github', '_/git', 'owner/...', 'owner/--', 'owner/rss'])(
    'every other repository is taken (%j)',
    (given) => {
      const read = parseSettings({ settings }, woodpecker({ ...needed, PLUGIN_OPS_REPO: given }, print));

      expect(read['ops-repo']).toBe(given);
      expect(repository().safeParse(given).success).toBe(true);
    },
  );

  it.each(['"abc"', 'a b', 'abc\ndef', '\n', "'abc'", 'Bearer abc', 'abç'])(
    'what can be no token is refused before it is sent to anybody, and not shown (%j)',
    (given) => {
      const message = messageOf(() =>
        parseSettings({ settings }, woodpecker({ ...needed, PLUGIN_FORGE_TOKEN: given }, print)),
      );

      expect(message).toContain('forge-token: expected a token of letters, digits and signs on one line');
      expect(message).not.toContain('abc');
    },
  );

  it.each([
    ['https://forge.test ', 'https://forge.test'],
    ['https://forge.test/\r\n', 'https://forge.test'],
    [' http://[::1]:3000/git/', 'http://[::1]:3000/git'],
  ])('an address is taken without blanks around it (%j)', (given, address) => {
    const read = parseSettings({ settings }, woodpecker({ ...needed, PLUGIN_FORGE_URL: given }, print));

    expect(read['forge-url']).toBe(address);
  });

  it.each([
    ['PLUGIN_FORGE_URL', 'https://forge .test', 'forge-url: expected an http or https URL'],
    ['PLUGIN_FORGE_URL', 'https://forge.test/a b', 'forge-url: expected an http or https URL'],
    ['PLUGIN_OPS_BRANCH', 'main ', 'ops-branch: expected the name of a branch, got "main "'],
    ['PLUGIN_OPS_BRANCH', 'main\r', 'ops-branch: expected the name of a branch'],
  ])('%s that is %j is refused', (name, given, fault) => {
    expect(
      messageOf(() => parseSettings({ settings }, woodpecker({ ...needed, [name]: given }, print))),
    ).toContain(fault);
  });

  it('arrive under the same name from Woodpecker, the Forgejo runner and a terminal', async () => {
    const hosts = [
      woodpecker({ ...needed, PLUGIN_DRY_RUN: 'true' }, print),
      terminal(
        { FORGECREW_FORGE_TOKEN: 'token' },
        ['--forge-url', 'https://forge.test', '--dry-run'],
        '/',
        print,
      ),
    ];
    const runner = await seenHost({
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: 'https://another.test',
      'INPUT_FORGE-URL': 'https://forge.test',
      'INPUT_FORGE-TOKEN': 'token',
      'INPUT_DRY-RUN': 'true',
      'INPUT_LOG-LEVEL': '',
    });

    for (const given of [...hosts.map((host) => parseSettings({ settings }, host)), runner.settings]) {
      expect(given).toMatchObject({
        'forge-url': 'https://forge.test',
        'forge-token': 'token',
        'dry-run': true,
        'log-level': 'info',
      });
    }
    for (const host of hosts) expect(parseSettings({ settings }, host)['max-issues']).toBe(50);
  });

  it('that are wrong are reported all together, and a secret is never shown', () => {
    const message = messageOf(() =>
      parseSettings(
        { settings: { ...settings, key: text({ description: 'A key.', secret: true, required: true }) } },
        woodpecker(
          {
            PLUGIN_DRY_RUN: 'yes',
            PLUGIN_MAX_ISSUES: '0',
            PLUGIN_DEADLINE: '10',
            PLUGIN_FORGE_URL: 'https://user:secret@forge.test',
            PLUGIN_KEYS: 'x',
          },
          print,
        ),
      ),
    );

    expect(message).toContain('7 settings are not right');
    for (const part of [
      'forge-token: missing',
      'key: missing',
      'dry-run: expected true or false, got "yes"',
      'max-issues: expected a whole number of at least 1, got "0"',
      'deadline: expected a duration',
      'forge-url: expected a URL without user',
      'keys: no such setting. Did you mean key?',
    ]) {
      expect(message).toContain(part);
    }
    expect(message).not.toContain('user:secret');
  });

  it('given as the empty text are not given', () => {
    expect(
      parseSettings({ settings }, woodpecker({ ...needed, PLUGIN_MAX_ISSUES: '' }, print)),
    ).toMatchObject({
      'max-issues': 50,
    });
  });

  it('that are misspelt are refused, so that no dry run becomes a real one', () => {
    expect(
      messageOf(() => parseSettings({ settings }, woodpecker({ ...needed, PLUGIN_DRYRUN: 'true' }, print))),
    ).toContain('dryrun: no such setting. Did you mean dry-run?');
  });

  it.each([
    ['forge_tokn', 'forge-token'],
    ['FORGE_LOGIM', 'forge-login'],
    ['max_isues', 'max-issues'],
    ['opsrepo', 'ops-repo'],
  ])('misspelt as %s get the suggestion %s', (given, meant) => {
    expect(
      messageOf(() =>
        parseSettings({ settings }, woodpecker({ ...needed, [`PLUGIN_${given}`]: 'x' }, print)),
      ),
    ).toContain(`no such setting. Did you mean ${meant}?`);
  });

  it('that resemble nothing get no suggestion', () => {
    const message = messageOf(() =>
      parseSettings({ settings }, woodpecker({ ...needed, PLUGIN_COLOUR: 'x' }, print)),
    );

    expect(message).toContain('colour: no such setting.');
    expect(message).not.toContain('Did you mean');
  });

  it('that contradict each other are told together with those that are wrong by themselves', () => {
    const faults = (): { settings: string[]; message: string }[] => [
      { settings: ['ops-repo', 'project-repo'], message: 'cannot be one repository.' },
      { settings: ['deadline'], message: 'is not told twice.' },
    ];
    const message = messageOf(() =>
      parseSettings({ settings, faults }, woodpecker({ ...needed, PLUGIN_DEADLINE: '10' }, print)),
    );

    expect(message).toContain('2 settings are not right');
    expect(message).toContain('deadline: expected a duration');
    expect(message).toContain('ops-repo, project-repo: cannot be one repository.');
    expect(message).not.toContain('twice');
  });

  it('that real work needs are not missed on a pull request, which has no secrets', () => {
    expect(
      parseSettings(
        { settings },
        woodpecker({ CI_PIPELINE_EVENT: 'pull_request', CI_FORGE_URL: 'https://forge.test' }, print),
      ),
    ).not.toHaveProperty('forge-token');
  });

  it('read durations with their unit', () => {
    expect(['90s', '10m', '2h'].map(duration({ description: '' }).read)).toEqual([
      90_000, 600_000, 7_200_000,
    ]);
  });
});
