import { describe, expect, it } from 'vitest';
import { faults, settings } from '../../../actions/collect-engagement/settings.ts';
import type { Host } from '../../../core/host/host.ts';
import { parseSettings } from '../../../core/settings.ts';

/** What is wrong with these settings together, when nothing is wrong with each of them. */
function faultsOf(given: Record<string, string>): string[] {
  const host: Host = {
    name: 'terminal',
    facts: { isPullRequest: false, isEnvironmentChosen: false, workspace: '' },
    setting: (name) => (given[name] === '' ? undefined : given[name]),
    givenSettings: () => Object.keys(given),
    automaticTokens: [],
    group: (_, body) => body(),
    hide: () => undefined,
    output: () => undefined,
    summary: async () => undefined,
  };
  return faults(parseSettings({ settings }, host)).map(
    ({ settings: names, message }) => `${names.join(', ')}: ${message}`,
  );
}

const forge = { 'forge-url': 'https://forge.test', 'forge-token': 't', 'ops-repo': 'owner/ops' };
const ssh = { 'ssh-key': 'key', 'ssh-known-hosts': 'hosts' };

describe('settings that leave something out', () => {
  it('are told all together', () => {
    expect(faultsOf({ 'client-source': 'ssh://a@b', 'ssh-key': 'key', 'ops-repo': 'owner/ops' })).toEqual([
      'source: missing. Name the access log: a path, a pattern, or ssh://user@host.',
      'forge-url, forge-token: missing. commit: auto needs it; with commit: none the forge is not asked.',
      'source: ssh needs ssh-known-hosts. The key comes from a CI secret; the known hosts are what `ssh-keyscan` prints, compared with the machine itself.',
    ]);
    expect(faultsOf({ mode: 'verify-observable' })).toEqual([
      'forge-url, forge-token, ops-repo: missing. mode: verify-observable reads the evidence from the forge.',
    ]);
  });

  it('never show the password of an address', () => {
    const found = faultsOf({ source: 'ssh://me:hunter2@host', commit: 'none', ...ssh });

    expect(found).toEqual([expect.stringContaining('without password and path')]);
    expect(found.join()).not.toContain('hunter2');
  });

  it.each<[string, Record<string, string>]>([
    ['a log and a forge', { source: 'access.log', ...forge }],
    ['a log, and evidence in the workspace only', { source: 'access.log', commit: 'none' }],
    ['a log over SSH, and its key', { source: 'ssh://a@b', commit: 'none', ...ssh }],
    ['a forge, to verify without a log', { mode: 'verify-observable', ...forge }],
  ])('are none where there is %s', (_, given) => {
    expect(faultsOf(given)).toEqual([]);
  });
});
