import fc from 'fast-check';
import { expect, it } from 'vitest';
import { follow } from '../../../actions/escalation/follow.ts';
import { recordOf } from '../../../actions/escalation/proposing.ts';
import type { ProposalSeen } from '../../../actions/escalation/state.ts';
import type { CommentFacts, ReactionFacts } from '../../../core/escalation/proof.ts';
import {
  type DecidedRecord,
  decidedRecord,
  type OutcomeRecord,
  outcomeRecord,
  type ProposalRecord,
  proposalRecord,
} from '../../../core/escalation/record.ts';
import { commentSign } from '../../../core/own-comment.ts';
import { fuzzRuns } from '../../thorough.ts';
import { account, ada, live } from './live.ts';

// Random histories of a thread, played on a forge that is nothing but its clock, its comments and its reactions; and an oracle that
// only remembers what somebody saw when they clicked. Nothing of the proof is used to judge it.

type Event =
  | { do: 'pass'; seconds: number }
  | { do: 'edit'; wrong: boolean }
  | { do: 'click'; who: string; content: '+1' | 'rocket' | '-1' }
  | { do: 'take back'; who: string }
  | { do: 'rights'; who: string; may: boolean }
  | { do: 'pause'; on: boolean }
  | { do: 'supersede' }
  /** What happens to it between its claim and what was claimed. */
  | { do: 'run'; between: Event | null };

const people = ['ada', 'bob', 'reader', 'crew'];
const someone = fc.constantFrom('ada', 'ada', 'bob', 'bob', 'bob', 'reader', 'crew');
const plainEvent = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      seconds: fc.constantFrom(1, 1, 1, 5, 5, 5, 60, 60, 0, 3600, 90_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('edit' as const), wrong: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('click' as const),
      who: someone,
      content: fc.constantFrom(
        '+1' as const,
        '+1' as const,
        '+1' as const,
        '+1' as const,
        '+1' as const,
        'rocket' as const,
        'rocket' as const,
        '-1' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take back' as const), who: someone }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('rights' as const), who: someone, may: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('supersede' as const) }) },
);
const history = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: plainEvent as fc.Arbitrary<Event> },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('run' as const),
        between: fc.oneof(fc.constant(null), plainEvent as fc.Arbitrary<Event>),
      }) as fc.Arbitrary<Event>,
    },
  ),
  { maxLength: 25 },
);

interface Click {
  who: string;
  content: string;
  second: number;
  sawRight: boolean;
  /** Of the second in which the comment was last written: an edit of that second leaves no trace. */
  isDoubtful: boolean;
}

interface Shown {
  id: number;
  proposal: string;
  body: string;
  written: number;
  edited: number;
  isWrong: boolean;
  wasEdited: boolean;
  clicks: Click[];
}

const iso = (second: number): string => new Date(second * 1000).toISOString().replace('.000Z', 'Z');

function play(events: Event[]): { executed: number; falseYes: string[]; falseNo: number } {
  let second = Date.parse('2026-11-26T10:00:00Z') / 1000;
  let isPaused = false;
  let nextId = 100;
  let asked = 1;
  const writers = new Set(['ada', 'bob', 'crew']);
  const files = new Map<string, string>();
  const shown: Shown[] = [];
  const executed: string[] = [];
  const falseYes: string[] = [];
  let falseNo = 0;

  function propose(): void {
    const made = recordOf(live({ now: new Date(second * 1000).toISOString() }), {
      id: `20261126-${asked}-1`,
      payload: { type: 'issue-create', repo: 'owner/project', title: 'a', body: '', labels: [] },
      run: null,
      thread: { repository: 'owner/project', number: 1 },
      request: { comment: asked, asker: ada, proposer: null },
      talk: [],
      renews: null,
    });
    asked += 1;
    if (made === undefined) throw new Error('the policy allows it');
    files.set(`escalation/${made.id}.json`, JSON.stringify(made));
  }

  const read = <T>(file: string, schema: { parse(data: unknown): T }): T | undefined => {
    const text = files.get(file);
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  };

  function factsOf(record: ProposalRecord): { comment: CommentFacts | null; reactions: ReactionFacts[] } {
    const found = shown.find(({ proposal }) => proposal === record.id);
    if (found === undefined) return { comment: null, reactions: [] };
    return {
      comment: {
        id: found.id,
        user: account,
        body: found.isWrong ? `${found.body} and more` : found.body,
        created_at: iso(found.written),
        updated_at: iso(found.edited),
      },
      reactions: found.clicks.map(({ who, content, second: at }) => ({
        user: { id: people.indexOf(who) + (who === 'crew' ? -2 : 2), login: who },
        content,
        created_at: iso(at),
      })),
    };
  }

  function look(claimedNow: Set<string>): ProposalSeen[] {
    return [...files.keys()].flatMap((file) => {
      const id = /^escalation\/(.*)\.json$/.exec(file)?.[1];
      if (id === undefined || files.has(`told/${id}.json`)) return [];
      const record = read(file, proposalRecord);
      if (record === undefined) return [];
      const seen: ProposalSeen = {
        id,
        record,
        blob: files.get(file) ?? '',
        decided: read<DecidedRecord>(`decided/${id}.json`, decidedRecord),
        isClaimedNow: claimedNow.has(id),
        outcome: read<OutcomeRecord>(`outcomes/${id}.json`, outcomeRecord),
        isDamaged: false,
        isWaitTold: false,
        facts: { ...factsOf(record), comments: [] },
        rights: { writers: [...writers], admins: [], teams: {}, never: ['crew'] },
        world: { faults: [], run: null, labels: [] },
        found: { kind: 'nothing' },
        trouble: undefined,
      };
      return [seen];
    });
  }

  /** The oracle: what must be true of a proposal that is carried out now, by what people saw and could. */
  function mayHappen(id: string): boolean {
    const about = shown.find(({ proposal }) => proposal === id);
    // A pause is looked for when a run begins, and stops the next one.
    if (about === undefined || about.isWrong) return false;
    const able = about.clicks.filter(({ who }) => writers.has(who) && who !== 'crew');
    return (
      !able.some(({ content }) => content === '-1') &&
      able.some(({ content, sawRight }) => content !== '-1' && sawRight) &&
      !executed.includes(id)
    );
  }

  function run(between: Event | null): void {
    if (isPaused) return;
    let claimedNow = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const state = live({
        now: new Date(second * 1000).toISOString(),
        proposals: look(claimedNow),
        known: [...files.keys()].flatMap((file) => /^escalation\/(.*)\.json$/.exec(file)?.[1] ?? []),
      });
      const changes = follow(state).filter(({ kind }) => kind !== 'keep');
      const carried = changes.filter(({ kind }) => kind === 'carry-out');
      const claims = changes.filter(
        (change) => change.kind === 'write-files' && change.message.startsWith('escalation: claim'),
      );
      const todo = carried.length > 0 ? carried : claims.length > 0 ? claims.slice(0, 1) : changes;
      if (todo.length === 0) return;
      claimedNow = new Set();
      for (const change of todo) {
        if (change.kind === 'refuse') throw new Error(JSON.stringify(change));
        if (change.kind === 'write-files') {
          const [file] = change.files;
          if (file === undefined) continue;
          const there = files.get(file.path);
          if ((there ?? null) !== file.expects) throw new Error(`${file.path} was there already`);
          files.set(file.path, file.content);
          if (claims.includes(change)) claimedNow.add(/\/(.*)\.json$/.exec(file.path)?.[1] ?? '');
        }
        if (change.kind === 'comment' && change.sign.startsWith('crew proposal '))
          shown.push({
            id: nextId++,
            proposal: change.sign.replace('crew proposal ', ''),
            body: `${change.text}\n\n${commentSign(change.sign)}`,
            written: second,
            edited: second,
            isWrong: false,
            wasEdited: false,
            clicks: [],
          });
        if (change.kind === 'carry-out') {
          const { id } = change.record.content;
          if (!mayHappen(id)) falseYes.push(id);
          executed.push(id);
          files.set(
            change.record.path,
            JSON.stringify({ ...change.record.content, kind: 'done', number: 1, answer: 'done' }),
          );
        }
      }
      if (claims.length > 0 && between !== null) happen(between);
    }
  }

  function happen(event: Event): void {
    const newest = shown.at(-1);
    switch (event.do) {
      case 'pass':
        second += event.seconds;
        break;
      case 'edit':
        if (newest === undefined) break;
        newest.isWrong = event.wrong;
        newest.wasEdited = true;
        newest.edited = second;
        break;
      case 'click': {
        if (
          newest === undefined ||
          newest.clicks.some(({ who, content }) => who === event.who && content === event.content)
        )
          break;
        newest.clicks.push({
          who: event.who,
          content: event.content,
          second,
          sawRight: !newest.isWrong,
          isDoubtful: second <= newest.edited,
        });
        break;
      }
      case 'take back':
        if (newest !== undefined) newest.clicks = newest.clicks.filter(({ who }) => who !== event.who);
        break;
      case 'rights':
        if (event.may) writers.add(event.who);
        else writers.delete(event.who);
        break;
      case 'pause':
        isPaused = event.on;
        break;
      case 'supersede':
        propose();
        break;
      case 'run':
        run(event.between);
    }
  }

  propose();
  run(null);
  for (const event of events) happen(event);
  // What nobody ever touched, and somebody who may clicked in time, is carried out when the role looks next.
  const last = shown.at(-1);
  const isPlain =
    last !== undefined &&
    !last.wasEdited &&
    !isPaused &&
    !files.has(`decided/${last.proposal}.json`) &&
    Date.parse(read(`escalation/${last.proposal}.json`, proposalRecord)?.expires ?? '') > second * 1000 &&
    mayHappen(last.proposal) &&
    last.clicks.some(
      ({ who, content, isDoubtful }) => writers.has(who) && who !== 'crew' && content !== '-1' && !isDoubtful,
    ) &&
    ![...files.keys()].some(
      (file) =>
        file.startsWith('escalation/') &&
        file > `escalation/${last.proposal}.json` &&
        !shown.some(({ proposal }) => file === `escalation/${proposal}.json`),
    );
  run(null);
  if (isPlain && !executed.includes(last.proposal)) falseNo += 1;
  return { executed: executed.length, falseYes, falseNo };
}

it('of random histories nothing is carried out that nobody who may saw and approved, and what was is not refused', () => {
  let executed = 0;
  let falseNo = 0;
  fc.assert(
    fc.property(history, (events) => {
      const came = play(events);
      executed += came.executed;
      falseNo += came.falseNo;
      expect(came.falseYes).toEqual([]);
    }),
    { seed: 17, numRuns: fuzzRuns(3) },
  );
  // The oracle is no proof of anything where nothing ever happens.
  expect(executed).toBeGreaterThan(fuzzRuns(3) / 25);
  expect(falseNo).toBe(0);
});
