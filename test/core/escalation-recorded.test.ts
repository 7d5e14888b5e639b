import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ApiRequest, Send } from '../../core/api/send.ts';
import { sha256 } from '../../core/canonical.ts';
import { proveClick, whyVoid } from '../../core/escalation/proof.ts';
import type { ProposalRecord } from '../../core/escalation/record.ts';
import { type Comment, findComment } from '../../core/forge/comments.ts';
import { addReaction, listReactions } from '../../core/forge/reactions.ts';
import { dispatchWorkflow, getRun } from '../../core/forge/workflows.ts';

// What the role stands on, held to what a real Forgejo 17 answered.

const folder = new URL('../../../shared/forgejo-recordings/', import.meta.url);

interface Recorded {
  note?: string;
  method: string;
  path: string;
  status: number;
  answer: unknown;
}

function recorded(name: string): Recorded[] {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Recorded[];
}

/** Answers each request with what was recorded next, and says what it was asked. */
function replay(...answers: Recorded[]): { send: Send; asked: ApiRequest[] } {
  const asked: ApiRequest[] = [];
  return {
    asked,
    send: async (request) => {
      asked.push(request);
      const next = answers.shift();
      if (next === undefined || next.method !== request.method)
        throw new Error(`not recorded: ${request.route}`);
      return { status: next.status, headers: {}, body: next.answer };
    },
  };
}

describe.skipIf(!existsSync(folder))('as a real Forgejo answered (recordings 08 and 11)', () => {
  const talk = existsSync(folder) ? recorded('08-reactions-and-edits.json') : [];
  const noted = (note: string): Recorded => {
    const found = talk.find((item) => item.note === note);
    if (found === undefined) throw new Error(`no recording of ${note}`);
    return found;
  };
  const written = talk[1]?.answer as Comment;

  const record = {
    digests: { payload: '', rendering: `sha256:${sha256(written?.body ?? '')}` },
    comment: { id: written?.id, updated_at: written?.updated_at },
    request: { comment: 1, asker: { id: 1, login: 'x' }, proposer: null },
    rule: { approvers: 'write', approvals: 1, selfApprove: true, comments: false },
  } as unknown as ProposalRecord;

  it('reactions are read, none and many', async () => {
    expect(await listReactions(replay(noted('no reactions yet')).send, 'o/r', 381)).toEqual([]);
    const all = await listReactions(replay(noted('who reacted, and when')).send, 'o/r', 381);
    expect(all.length).toBeGreaterThan(4);
    for (const { user, created_at } of all)
      expect([user?.login, Date.parse(created_at) > 0]).toEqual([expect.any(String), true]);
  });

  it('the same reaction again, which is answered 500, is no fault', async () => {
    const all = noted('who reacted, and when');
    const own = (all.answer as { user: { id: number }; content: string }[])[0];

    await addReaction(replay(noted('the same again'), all).send, 'o/r', {
      comment: 381,
      content: '+1',
      account: { id: own?.user.id ?? 0 },
    });

    await expect(
      addReaction(replay(noted('content "nonsense"')).send, 'o/r', {
        comment: 381,
        content: 'nonsense',
        account: { id: 1 },
      }),
    ).rejects.toThrow();
  });

  it('clicks of the second in which the comment was written do not count, a second later they do', () => {
    const reactions = (
      noted('who reacted, and when').answer as {
        user: { id: number; login: string };
        content: string;
        created_at: string;
      }[]
    ).map(({ user, content, created_at }) => ({
      user: { id: user.id, login: user.login },
      content,
      created_at,
    }));
    const writer = reactions.find(({ user }) => user.login.startsWith('writer'))?.user;
    const click = (created_at: string) =>
      proveClick(
        record,
        {
          comment: { ...written, user: written.user ?? null },
          reactions: reactions
            .filter(({ user }) => user.id === writer?.id)
            .map((item) => ({ ...item, created_at })),
          comments: [],
        },
        { writers: [writer?.login ?? ''], admins: [], teams: {}, never: [] },
        { id: written.user?.id ?? 0 },
      ).verdict;

    expect(click(written.updated_at)).toBe('denied');
    expect(click(new Date(Date.parse(written.updated_at) + 1000).toISOString())).toBe('approved');
  });

  it('an edit by somebody else voids it; one of the second of writing that is edited back leaves no trace', async () => {
    const read = async (note: string) => {
      const found = await findComment(replay(noted(note)).send, 'o/r', 381);
      return found === undefined ? null : { ...found, user: found.user ?? null };
    };
    const account = { id: written.user?.id ?? 0 };
    const edited = await read('nothing says who edited it; created_at and updated_at differ');
    const reset = await read('looks never edited');

    expect(whyVoid(record, edited, account)).toBe('its comment was edited');
    const later = new Date(Date.parse(written.updated_at) + 1000).toISOString();
    expect(whyVoid(record, reset && { ...reset, updated_at: later }, account)).toBe(
      'its comment was edited, and edited back',
    );
    // The recorded edit fell into that second: this is why no click of it counts.
    expect(reset).toMatchObject({ body: written.body, updated_at: written.updated_at });
    expect(whyVoid(record, reset, account)).toBeUndefined();
  });

  it('a workflow is started at a commit, and its run is of that commit', async () => {
    const [started, run, missing] = recorded('11-actions-at-a-commit.json');
    if (started === undefined || run === undefined || missing === undefined) throw new Error('not recorded');
    const commit = '4f1a32f020afb4733ac5771c980f98aebba5c421';
    const given = { workflow: 'x.yml', ref: commit, inputs: { action: 'a' } };

    const begun = await dispatchWorkflow(replay(started).send, 'o/r', given);

    expect(begun).toEqual({ id: 41, number: 1 });
    expect((await getRun(replay(run).send, 'o/r', 41)).commit_sha).toBe(commit);
    await expect(dispatchWorkflow(replay(missing).send, 'o/r', given)).rejects.toMatchObject({ status: 500 });
  });
});
