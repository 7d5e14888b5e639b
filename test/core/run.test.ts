import { describe, expect, it } from 'vitest';
import type { Change } from '../../core/change.ts';
import type { Role, State } from '../../core/role.ts';
import { runRole } from '../../core/run.ts';
import { flowSettings } from '../../core/settings.ts';

const write: Change<'close-issue'> = { kind: 'close-issue', repository: 'owner/project', issue: 3, why: '' };

/** A role that plans one write and reads nothing. */
const closer: Role<typeof flowSettings, State, 'close-issue'> = {
  name: 'closer',
  summary: '',
  settings: flowSettings,
  changes: ['close-issue'],
  needs: [],
  read: async ({ now }) => ({ now }),
  plan: () => [write],
};

async function started(environment: Record<string, string>): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await runRole(closer, {
    environment: {
      CI: 'woodpecker',
      CI_PIPELINE_EVENT: 'push',
      PLUGIN_FORGE_URL: 'http://127.0.0.1:9',
      PLUGIN_FORGE_TOKEN: 'sesame-sesame',
      ...environment,
    },
    args: [],
    workingDirectory: '/',
    print: (line) => lines.push(line),
    now: () => new Date('2026-11-25T00:00:00Z'),
  });
  return { code, lines };
}

describe('a run that writes nothing whatever it plans', () => {
  it.each([
    ['a dry run', { PLUGIN_DRY_RUN: 'true' }, 'Dry run: nothing was written.'],
    [
      "a pull request's own pipeline",
      { CI_PIPELINE_EVENT: 'pull_request' },
      "Nothing was written: this is a pull request's own pipeline.",
    ],
  ])('says so in plan and end: %s', async (_, environment, end) => {
    const { code, lines } = await started(environment);

    expect(code).toBe(0);
    expect(lines.some((line) => line.startsWith('Plan: 1 issue to close ('))).toBe(true);
    expect(lines.at(-1)).toBe(end);
  });
});

it('writes that need an account are never sent without one', async () => {
  const { code, lines } = await started({});

  expect(code).toBe(1);
  expect(lines.join('\n')).toContain('closer planned writes without an account');
});

describe('a run whose environment somebody may have chosen', () => {
  const byHand = { CI_PIPELINE_EVENT: 'manual', CI_FORGE_URL: 'https://forge.test/' };

  it.each<[string, Record<string, string>, boolean]>([
    [
      'started by hand, to the forge that CI names',
      { ...byHand, PLUGIN_FORGE_URL: 'https://forge.test' },
      false,
    ],
    ['started by hand, to another forge', { ...byHand, PLUGIN_FORGE_URL: 'https://evil.test' }, true],
    [
      'a push that was restarted, to another forge',
      {
        ...byHand,
        CI_PIPELINE_EVENT: 'push',
        CI_PIPELINE_PARENT: '7',
        PLUGIN_FORGE_URL: 'https://evil.test',
      },
      true,
    ],
    [
      'a push that ran for the first time, to a forge under another address',
      { ...byHand, CI_PIPELINE_EVENT: 'push', PLUGIN_FORGE_URL: 'http://forge.internal' },
      false,
    ],
    [
      'cron, to a forge under another address',
      { ...byHand, CI_PIPELINE_EVENT: 'cron', PLUGIN_FORGE_URL: 'http://forge.internal' },
      false,
    ],
    ['started by hand, where CI names no forge', { CI_PIPELINE_EVENT: 'manual' }, true],
  ])('sends its token to no forge but the one that CI names: %s', async (_, environment, isRefused) => {
    const { lines } = await started({ ...environment, PLUGIN_DRY_RUN: 'true' });

    expect(lines.join('\n').includes('its token goes to no other forge')).toBe(isRefused);
    expect(lines.some((line) => line.startsWith('Plan:'))).toBe(!isRefused);
  });
});

describe('certificates and proxies of the machine', () => {
  it.each([
    [
      'that are not there are told before anything is asked',
      {},
      'The certificates in /nowhere/ca.pem could not be read',
    ],
    [
      'do not count where the run was started by hand',
      { CI_PIPELINE_EVENT: 'manual', CI_FORGE_URL: 'http://127.0.0.1:9' },
      'Proxies and further certificates do not count in this run',
    ],
  ])('%s', async (_, environment, text) => {
    const { lines } = await started({
      ...environment,
      NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem',
      PLUGIN_DRY_RUN: 'true',
    });

    expect(lines.join('\n')).toContain(text);
  });

  it('of the environment and of the setting are one trust', async () => {
    const { lines } = await started({
      PLUGIN_FORGE_CA: '/nowhere/mine.pem',
      http_proxy: 'socks5://127.0.0.1:1',
    });

    expect(lines.join('\n')).toContain('The certificates in /nowhere/mine.pem could not be read');
  });
});
