import fc from 'fast-check';

// Random histories of a repository, and an oracle that only remembers who said what of which bytes, and who could. The
// proof of approval is held to it twice: on what a simulated forge says, and on what the embedded one does.

export type Event =
  | { do: 'push'; bytes: number }
  | { do: 'review'; who: string; verdict: 'APPROVED' | 'REQUEST_CHANGES' | 'COMMENT'; of: number }
  | { do: 'dismiss'; nth: number }
  | { do: 'rights'; who: string; level: 'none' | 'write' | 'admin' }
  | { do: 'merge' }
  | { do: 'edit'; bytes: number }
  | { do: 'reopen' };

export const people = ['owner', 'ada', 'bob', 'reader', 'asker', 'robot'];
export const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('push' as const), bytes: fc.nat({ max: 2 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('review' as const),
      who: fc.constantFrom(...people),
      verdict: fc.constantFrom(
        'APPROVED' as const,
        'APPROVED' as const,
        'REQUEST_CHANGES' as const,
        'COMMENT' as const,
      ),
      of: fc.nat({ max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dismiss' as const), nth: fc.nat({ max: 5 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rights' as const),
      who: fc.constantFrom(...people),
      level: fc.constantFrom('none' as const, 'write' as const, 'admin' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('merge' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('edit' as const), bytes: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);

/** Whether the bytes on the branch are bytes that enough people approved who may now; by remembering, not by fields. */
export function oracle(events: Event[], needed: number): boolean {
  const level: Record<string, string> = {
    owner: 'admin',
    ada: 'admin',
    bob: 'write',
    asker: 'write',
    robot: 'write',
  };
  interface Said {
    who: string;
    yes: boolean;
    commit: number;
    could: boolean;
    order: number;
  }
  let requests: { bytes: number[]; said: (Said | { dismissed: true; was: Said })[]; merged: boolean }[] = [
    { bytes: [0], said: [], merged: false },
  ];
  let all: (Said & { comment: boolean; gone: boolean })[] = [];
  let main: number | undefined;
  const everything: { request: number; entry: Said & { comment: boolean; gone: boolean } }[] = [];
  events.forEach((item, order) => {
    const request = requests.at(-1);
    if (request === undefined) return;
    switch (item.do) {
      case 'reopen':
        if (request.merged) {
          requests = [...requests, { bytes: [0], said: [], merged: false }];
          all = [];
        }
        return;
      case 'edit':
        main = item.bytes;
        return;
      case 'rights':
        level[item.who] = item.level;
        return;
      case 'push':
        if (!request.merged) request.bytes.push(item.bytes);
        return;
      case 'review': {
        if (request.merged || item.who === 'asker') return;
        const commit = Math.max(0, request.bytes.length - 1 - item.of);
        const entry = {
          who: item.who,
          yes: item.verdict === 'APPROVED',
          comment: item.verdict === 'COMMENT',
          commit,
          could: level[item.who] === 'write' || level[item.who] === 'admin',
          order,
          gone: false,
        };
        all.push(entry);
        everything.push({ request: requests.length - 1, entry });
        return;
      }
      case 'dismiss': {
        if (request.merged) return;
        const found = all[item.nth];
        if (found !== undefined) found.gone = true;
        return;
      }
      case 'merge':
        if (!request.merged) {
          request.merged = true;
          main = request.bytes.at(-1);
        }
    }
  });
  return requests.some((request, index) => {
    const last = request.bytes.length - 1;
    if (!request.merged || request.bytes[last] !== main) return false;
    const able = (who: string): boolean =>
      who !== 'asker' && who !== 'robot' && (level[who] === 'write' || level[who] === 'admin');
    const words = people.map(
      (who) =>
        everything
          .filter(({ request: of, entry }) => of === index && entry.who === who && !entry.comment)
          .at(-1)?.entry,
    );
    const noes = words.filter((entry) => entry !== undefined && !entry.yes && !entry.gone && able(entry.who));
    const yeses = words.filter(
      (entry) =>
        entry?.yes === true && !entry.gone && entry.could && entry.commit === last && able(entry.who),
    );
    return noes.length === 0 && yeses.length >= needed;
  });
}
