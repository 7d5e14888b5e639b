import { describe, expect, it } from 'vitest';
import type { Send } from '../../../core/api/send.ts';
import { readWorld } from '../../../core/escalation/read-world.ts';
import { labelsFor } from '../../../core/forge/labels.ts';

const label = (id: number, name: string) => ({ id, name });

/** A repository with the label `bug`, of an organisation with `vision`; `mayList`: whether the token may list that one's. */
function forge(mayList = true, more: object[] = [], moreOwn: object[] = []): { send: Send; asked: string[] } {
  const asked: string[] = [];
  const send: Send = async ({ route, params }) => {
    asked.push(route);
    const answer = (body: unknown, status = 200) => ({
      status,
      headers: { 'x-total-count': Array.isArray(body) ? String(body.length) : '' },
      body,
    });
    if (Number(params?.page ?? 1) > 1) return answer([]);
    switch (route) {
      case '/repos/{owner}/{repo}/labels':
        return answer([label(1, 'bug'), ...moreOwn]);
      case '/orgs/{org}/labels':
        return mayList
          ? answer([label(2, 'vision'), ...more])
          : answer(
              { message: 'token does not have at least one of required scope(s): [read:organization]' },
              403,
            );
      default:
        return answer({
          id: 1,
          full_name: 'acme/app',
          owner: { id: 1, login: 'acme' },
          default_branch: 'main',
          archived: false,
          has_issues: true,
        });
    }
  };
  return { send, asked };
}

const worldWith = (labels: string[]): Parameters<typeof readWorld>[1] => ({
  payload: { type: 'issue-create', repo: 'acme/app', title: 'x', body: '', labels },
  backend: 'forgejo-workflow',
  workflows: [],
  formulas: { repository: 'acme/ops', commit: 'c'.repeat(40) },
  shown: null,
});

describe('labels that are wanted', () => {
  it("are the repository's own where these are all, and nobody else is asked", async () => {
    const { send, asked } = forge();

    const found = await labelsFor({ send, kept: new Map() }, 'acme/app', ['bug']);

    expect(found).toEqual({ own: [label(1, 'bug')], organisation: [], isUnread: false });
    expect(asked).not.toContain('/orgs/{org}/labels');
  });

  it('are those of the organisation as well where one is missing, asked once a run', async () => {
    const { send, asked } = forge();
    const kept = new Map();

    const found = [
      await labelsFor({ send, kept }, 'acme/app', ['bug', 'vision']),
      await labelsFor({ send, kept }, 'Acme/other', ['vision']),
    ];

    expect(found.map(({ organisation }) => organisation)).toEqual([
      [label(2, 'vision')],
      [label(2, 'vision')],
    ]);
    expect(asked.filter((route) => route.startsWith('/orgs')).length).toBeLessThanOrEqual(2);
    expect(kept.size).toBe(1);
  });

  it("may be more than are seen where the token may not list the organisation's", async () => {
    const { send } = forge(false);

    expect(await labelsFor({ send, kept: new Map() }, 'acme/app', ['vision'])).toMatchObject({
      isUnread: true,
    });
  });

  it.each([
    ['are put on an issue that a model asks for, by their ids', true, [], [{ id: 2, name: 'vision' }]],
    [
      'are told to be out of sight where a model asks for them and the token may not list them',
      false,
      [
        'acme/app has no label vision (if the owner is an organisation: its labels need a token with the scope read:organization)',
      ],
      [],
    ],
  ])('%s', async (_, mayList, faults, labels) => {
    const world = await readWorld({ send: forge(mayList).send, kept: new Map() }, worldWith(['vision']));

    expect(world).toMatchObject({ faults, labels });
  });

  it('are not asked for where a model asks for none', async () => {
    const { send, asked } = forge();

    const world = await readWorld({ send, kept: new Map() }, worldWith([]));

    expect(world).toMatchObject({ faults: [], labels: [] });
    expect(asked).toEqual(['/repos/{owner}/{repo}']);
  });

  it.each([['bug'], ['bug', 'vision']])(
    'are of one name in the repository and its organisation: its own is meant, whatever else is wanted (%s %s)',
    async (...labels) => {
      const { send } = forge(true, [label(3, 'bug')]);

      const world = await readWorld({ send, kept: new Map() }, worldWith(labels.filter(Boolean)));

      expect(world).toMatchObject({ faults: [] });
      expect(world.labels[0]).toEqual({ id: 1, name: 'bug' });
    },
  );

  it('are two of one name in one repository: which is meant nobody can say', async () => {
    const { send } = forge(true, [], [label(3, 'bug')]);

    const world = await readWorld({ send, kept: new Map() }, worldWith(['bug']));

    expect(world.faults).toEqual(['acme/app has two labels bug']);
  });
});
