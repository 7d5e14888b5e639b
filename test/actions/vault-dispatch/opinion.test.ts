import { describe, expect, it } from 'vitest';
import { opinionOf } from '../../../actions/vault-dispatch/opinion.ts';
import { vaultDispatch } from '../../../actions/vault-dispatch/role.ts';
import type { RequestedAction, ReviewState } from '../../../actions/vault-dispatch/state.ts';
import { parseSettings } from '../../../core/settings.ts';
import {
  action,
  brought,
  candidate,
  formula,
  known,
  person,
  place,
  pull,
  workflow,
} from '../../vault-facts.ts';

const state: ReviewState = {
  kind: 'review',
  now: '2026-11-20T12:00:00Z',
  account: person('dispatcher'),
  repository: 'owner/ops',
  branch: 'main',
  records: { repository: 'owner/ops', branch: 'vault-records' },
  runUrl: null,
  commit: 'c',
  policy: { tiers: { backup: 'medium' } },
  policyBlob: null,
  tiersBlob: null,
  mergesByCommit: true,
  requests: [],
  crowded: [],
  closedToUs: [],
};

const settings = parseSettings(vaultDispatch, {
  name: 'terminal',
  facts: { isPullRequest: false, isEnvironmentChosen: false, workspace: '/' },
  setting: (name) =>
    ({
      'forge-url': 'http://forge.test',
      'forge-token': 'x',
      'forge-login': 'dispatcher',
      'ops-repo': 'owner/ops',
    })[name],
  givenSettings: () => [],
  output: () => undefined,
  summary: async () => undefined,
  group: (_, body) => body(),
  automaticTokens: [],
  hide: () => undefined,
});

function said(
  asked: Parameters<typeof action>[0],
  given: Parameters<typeof candidate>[0] = {},
): { text: string; state: string } {
  const requested: RequestedAction = {
    id: 'backup-1',
    file: 'vault/actions/backup-1.toml',
    kind: 'open',
    action: action(asked),
    blob: 'blob',
    candidate: candidate({
      brought: { kind: 'open', pull: pull({ reviews: [] }), policyThen: { tiers: { backup: 'low' } } },
      formula: known({
        document: formula({
          inputs: { target: { required: true } },
          mounts: ['/srv'],
          tools: ['rsync'],
          model: ['small'],
        } as never),
        workflow: workflow({
          inputs: ['action', 'nonce', 'target', 'mounts', 'tools', 'model'],
          // An empty value is shown here, too.
          required: [],
        }),
      }),
      ...given,
    }),
  };
  const { lines, state: outcome } = opinionOf(settings, state, 'asker', requested);
  return { text: lines.join('\n'), state: outcome };
}

describe('what people approve by', () => {
  it('holds everything that would run, and with what', () => {
    const { text } = said({ mounts: ['/srv'], tools: ['rsync'], model: 'small', timeout_minutes: 7 });

    for (const part of [
      'input `target`: `db`',
      'with the mounts `/srv`',
      'with the tools `rsync`',
      'with the model `small`',
      'for at most 7 minutes',
      '`.forgejo/workflows/backup.yml` of `owner/ops`, as this pull request’s own merge has it',
      'has to start within 7 days after its merge',
    ])
      expect(text).toContain(part);
  });

  it.each<[string, string, string]>([
    ['blanks at an end', 'db ', '`db·`'],
    ['a tab', 'a\tb', '`a→b`'],
    ['a fence of its own', 'a\n```\nb', '````'],
    ['a character without a shape', 'a\u200bb', '\\u{200b}'],
    ['a line that is very long', 'x'.repeat(3000), 'x'.repeat(3000)],
    ['nothing', '', '(empty)'],
  ])('shows a value whole: %s', (_, value, part) => {
    expect(said({ inputs: { target: value } }).text).toContain(part);
  });

  it('cannot be approved where it is too long to be shown', () => {
    expect(said({ inputs: { target: 'x'.repeat(40_000) } })).toMatchObject({
      state: 'failure',
      text: expect.stringContaining('too long to be approved'),
    });
  });

  it('says of a workflow without a gate why it has none', () => {
    const open = known({ workflow: workflow({ gate: { kind: 'open', why: 'its gate has services' } }) });

    expect(said({}, { formula: open }).text).toContain('`its gate has services`');
  });

  it('says which commit of Woodpecker would run, and what nobody can promise of it', () => {
    const head = known({ place: place({ commit: 'abc', pin: { kind: 'head' } }) });

    expect(said({}, { formula: head }).text).toContain('Woodpecker runs whatever the head is then');
  });

  it('is shown the commit of another repository, once, and the new one where the branch moved', () => {
    const elsewhere = (pin: Parameters<typeof place>[0]): unknown => {
      const requested = { formula: known({ place: place({ commit: 'old', ...pin }) }) };
      return opinionOf(settings, state, 'asker', {
        id: 'backup-1',
        file: 'f',
        kind: 'open',
        action: action(),
        blob: 'blob',
        candidate: candidate({ brought: brought({ pull: pull({ reviews: [] }) }), ...requested }),
      }).shows;
    };

    expect(elsewhere({ pin: { kind: 'unshown' } })).toBe('old');
    expect(elsewhere({ pin: { kind: 'shown', at: '2026-11-20T09:00:00Z', head: 'old' } })).toBeNull();
    expect(elsewhere({ pin: { kind: 'shown', at: '2026-11-20T09:00:00Z', head: 'new' } })).toBe('new');
  });
});
