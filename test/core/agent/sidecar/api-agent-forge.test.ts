import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentForge } from '../../../../core/agent/sidecar/agent-forge.ts';
import { createAgentForge } from '../../../../core/agent/sidecar/api-agent-forge.ts';
import { createSend } from '../../../../core/api/http.ts';
import type { Send } from '../../../../core/api/send.ts';
import { isOrgMember } from '../../../../core/forge/people.ts';
import { createMask } from '../../../../core/mask.ts';
import type { Person } from '../../../../embedded-forge/seed.ts';
import { type ForgeRig, openForgeRig } from './forge-rig.ts';

let rig: ForgeRig;
beforeAll(async () => {
  rig = await openForgeRig();
});
afterAll(() => rig.close());

describe('a description', () => {
  it('keeps what people wrote around ours, which is replaced', async () => {
    const client = rig.agentForge;

    await client.updateDescription(rig.pull, 'First.');
    const body = await rig.bodyOf(rig.pull);
    await rig.seed.api(
      'PATCH',
      `/repos/${rig.repository}/issues/${rig.pull}`,
      { body: `Above.\n\n${body}\nBelow.` },
      rig.owner.token,
    );
    const said = await client.updateDescription(rig.pull, 'Second.');

    expect(said).toBe(`description of #${rig.pull} brought up to date`);
    expect(await rig.bodyOf(rig.pull)).toBe(
      'Above.\n\nBy people.\n\n<!-- forgecrew-agent:begin -->\nSecond.\n<!-- forgecrew-agent:end -->\n\nBelow.',
    );
  });

  it('is left alone where somebody damaged what marks our section', async () => {
    const { number } = (
      await rig.seed.api(
        'POST',
        `/repos/${rig.repository}/issues`,
        { title: 'x', body: '<!-- forgecrew-agent:begin -->\nold' },
        rig.owner.token,
      )
    ).body as { number: number };
    const forge = ofEverything(rig.bot);

    await expect(forge.updateDescription(number, 'New.')).rejects.toThrow(
      `somebody changed what marks our sections of #${number}; it is left alone`,
    );
    expect(await rig.bodyOf(number)).toBe('<!-- forgecrew-agent:begin -->\nold');
  });
});

/** The agent's forge as the role uses it beside an agent: not held to one issue. */
function ofEverything(
  by: Person,
  pullOf: (issue: number) => Promise<number | null> = async () => null,
): AgentForge {
  return createAgentForge({
    repository: rig.repository,
    send: sendAs(by),
    write: async ([change]) => {
      if (change?.kind !== 'update-sections') throw new Error('not planned here');
      const { updateSections } = await import('../../../../core/changes/update-sections.ts');
      const ask = (): never => {
        throw new Error('there is no model');
      };
      return [await updateSections.apply(change, { send: sendAs(by), workspace: '/', made: new Map(), ask })];
    },
    pullOf,
    run: 'run-1',
  });
}

function sendAs({ token }: Person): Send {
  return createSend({ url: rig.forge.url, token, mask: createMask(), deadline: Date.now() + 600_000 });
}

describe('a pull request', () => {
  it('for an issue is the one that the state names, or the number itself', async () => {
    const forge = ofEverything(rig.bot, async (number) => (number === rig.issue ? 77 : null));

    expect(await forge.pullForIssue(rig.pull)).toBe(rig.pull);
    expect(await forge.pullForIssue(rig.issue)).toBe(77);
    expect(await forge.pullForIssue(rig.other)).toBeNull();
    await expect(forge.pullForIssue(999)).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('is open until it is closed or merged', async () => {
    const forge = ofEverything(rig.bot);
    await rig.seed.putFile(rig.owner, rig.repository, 'b.txt', 'b', { from: 'main', name: 'more' });
    const number = await rig.seed.openPull(rig.owner, rig.repository, {
      head: 'more',
      base: 'main',
      title: 'More',
    });

    const before = await forge.isPullOpen(number);
    await rig.seed.closeIssue(rig.owner, rig.repository, number);

    expect([before, await forge.isPullOpen(number)]).toEqual([true, false]);
    await expect(forge.isPullOpen(rig.issue)).rejects.toMatchObject({ kind: 'not-found' });
  });
});

describe('a member of an organisation', () => {
  beforeAll(async () => {
    const made = async (method: string, path: string, body?: unknown): Promise<{ id: number }> => {
      const answer = await rig.seed.api(method, path, body, rig.owner.token);
      if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status}`);
      return answer.body as { id: number };
    };
    await made('POST', '/orgs', { username: 'crew' });
    const team = await made('POST', '/orgs/crew/teams', { name: 'agents', permission: 'read' });
    await made('PUT', `/teams/${team.id}/members/${rig.bot.login}`);
  });

  it('is told by the forge to those inside, an owner and a member alike', async () => {
    for (const by of [rig.owner, rig.bot]) {
      const forge = ofEverything(by);
      expect(await forge.isOrgMember('crew', rig.owner.login)).toBe(true);
      expect(await forge.isOrgMember('Crew', rig.bot.login)).toBe(true);
      expect(await forge.isOrgMember('crew', rig.stranger.login)).toBe(false);
    }
  });

  it('is not told to an outsider, which is no no', async () => {
    const forge = ofEverything(rig.stranger);

    await expect(forge.isOrgMember('crew', rig.bot.login)).rejects.toMatchObject({
      message:
        "Whether bot is a member of crew cannot be known: the token's account is no member itself, and the forge shows it public members only.",
      remedy: expect.stringContaining("Make the token's account a member of crew"),
    });
  });

  it('is an error where the forge does not know the account or the organisation', async () => {
    const forge = ofEverything(rig.bot);

    await expect(forge.isOrgMember('crew', 'nobody-at-all')).rejects.toThrow(
      'The forge does not know an account nobody-at-all.',
    );
    await expect(forge.isOrgMember('none', rig.bot.login)).rejects.toThrow(
      'The forge does not know an organisation none.',
    );
    await expect(forge.isOrgMember(rig.owner.login, rig.bot.login)).rejects.toThrow('does not know');
  });

  const url = 'https://forge.example/api/swagger';
  it.each([
    [
      'no right',
      403,
      { message: 'token does not have at least one of required scope(s): [read:organization]', url },
      'scope',
    ],
    ['a forge that fails', 500, { message: '', url }, 'server'],
    ['an unknown call', 404, '404 page not found\n', 'no-such-call'],
    ['an answer that says nothing', 200, { message: 'hello' }, 'invalid'],
    ['a login page', 200, '<html><title>Sign in</title></html>', 'invalid'],
    ['a proxy that finds nothing', 404, '<html>404 Not Found</html>', undefined],
    ['a user redirect', 301, '', 'permission'],
  ])('is an error on %s', async (_, status, body, kind) => {
    const send: Send = async () => ({ status, headers: {}, body });

    await expect(isOrgMember(send, 'crew', 'bot')).rejects.toMatchObject(kind === undefined ? {} : { kind });
  });
});
