import type http from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAdmission } from '../../../../core/agent/proxy/admission.ts';
import { fuzzRuns } from '../../../thorough.ts';
import { answered, around, events, message, messageEvents, question, streamed } from './scripted.ts';

const prices = { input: 3, output: 15 };
/** What `question` may cost at most: some 2,090 tokens in at 3.75, and 100 out at 15. */
const most = 0.0095;
/** What `message` costs: 12 and 400 at 3, 30 at 3.75, 7 at 15. */
const real = (412 * 3 + 30 * 3.75 + 7 * 15) / 1e6;

describe('the limit of money', () => {
  it.each([
    ['anthropic', 402, { type: 'error', error: { type: 'billing_error' } }],
    ['openai', 400, { error: { type: 'insufficient_quota', code: 'insufficient_quota', param: null } }],
  ] as const)('is told %s with a status at which its clients end', async (api, status, shape) => {
    const { ask, seen, proxy, said } = await around(answered(message), { api, prices, maxCost: 0.0001 });

    const reply = await ask();

    expect(reply.status).toBe(status);
    expect(reply.headers['x-should-retry']).toBe('false');
    expect(JSON.parse(reply.text)).toMatchObject(shape);
    expect(JSON.parse(reply.text).error.message).toContain('max_cost (0.0001)');
    expect(seen).toEqual([]);
    expect(proxy.reached).toBe(true);
    expect(said).toHaveLength(1);
  });

  it('counts what earlier rounds cost', async () => {
    const { ask, seen, proxy } = await around(answered(message), { prices, maxCost: 1, spent: 1 - most / 2 });

    expect((await ask()).status).toBe(402);
    expect(seen).toEqual([]);
    expect(proxy.use().cost).toBe(0);
  });

  it('is held by what was reserved, and what was not needed is given back', async () => {
    const { ask, proxy } = await around(answered(message), { prices, maxCost: most + 3 * real });

    const statuses = [];
    for (let nth = 0; nth < 6; nth += 1) statuses.push((await ask()).status);

    expect(statuses).toEqual([200, 200, 200, 200, 402, 402]);
    expect(proxy.use().cost).toBeCloseTo(4 * real, 9);
    expect(proxy.reached).toBe(true);
  });

  it('is not overrun by requests at once, and none is refused that only has to wait', async () => {
    const open: http.ServerResponse[] = [];
    const { ask, seen, proxy } = await around((_, response) => void open.push(response), {
      prices,
      maxCost: 2 * most + 2 * real,
    });

    const replies = Promise.all(Array.from({ length: 10 }, () => ask()));
    let answers = 0;
    const settled: number[] = [];
    while (settled.length === 0) {
      // Never more at once than there is money for, if each cost its most.
      expect(open.length).toBeLessThanOrEqual(2);
      const response = open.shift();
      if (response !== undefined) {
        answers += 1;
        answered(message)({} as never, response, {} as never);
      }
      settled.push(
        ...(await Promise.race([replies, new Promise<never[]>((done) => setTimeout(done, 20, []))])).map(
          ({ status }) => status,
        ),
      );
    }

    const cost = proxy.use().cost ?? 0;
    expect(settled.filter((status) => status === 200)).toHaveLength(answers);
    expect(seen).toHaveLength(answers);
    expect(settled.filter((status) => status === 402)).toHaveLength(10 - answers);
    expect(cost).toBeLessThanOrEqual(2 * most + 2 * real);
    // It went on until the next one might have been too much.
    expect(cost + most).toBeGreaterThan(2 * most + 2 * real - real);
    expect(proxy.reached).toBe(true);
  });

  it('is held inside a stream that costs more than was reserved', async () => {
    const dear = events(
      [
        {
          type: 'message_start',
          message: { ...message, content: [], usage: { ...message.usage, input_tokens: 5_000_000 } },
        },
      ],
      true,
    );
    const { ask, proxy } = await around(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(dear.join(''));
        // It would go on.
      },
      { prices, maxCost: 1 },
    );

    const reply = await ask({ body: { ...question, stream: true } });

    expect(reply.text).toMatch(/^event: error\ndata: \{"type":"error","error":\{"type":"billing_error"/);
    expect(proxy.reached).toBe(true);
    expect((await ask()).status).toBe(402);
  });

  it('is charged for a stream that was cut off as for the most it could be', async () => {
    const { ask } = await around(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(messageEvents[0], () => response.destroy());
      },
      { prices, maxCost: 2.5 * most },
    );

    const statuses = [];
    for (let nth = 0; nth < 4; nth += 1)
      statuses.push((await ask({ body: { ...question, stream: true } })).status);

    expect(statuses).toEqual([200, 200, 402, 402]);
  });

  it('is none without prices and without a limit', async () => {
    const { ask, proxy } = await around(streamed(messageEvents));

    await ask({ body: { ...question, stream: true } });

    expect(proxy.use()).toMatchObject({ cost: null, outputTokens: 7 });
    expect(proxy.reached).toBe(false);
  });
});

describe('admission', () => {
  const never = new AbortController().signal;

  it('lets a waiting request go when the one before it leaves, in the order they came', async () => {
    const admission = createAdmission({ maxCost: null, spent: 0, atOnce: 1, mostWaiting: 2 });
    const order: number[] = [];
    const first = admission.enter(0, never).then((entry) => order.push(1) && entry);
    const second = admission.enter(0, never).then((entry) => order.push(2) && entry);
    const third = admission.enter(0, never).then((entry) => order.push(3) && entry);

    expect(await first).toBe('in');
    expect(await admission.enter(0, never)).toBe('full');
    admission.leave(0, 0);
    expect(await second).toBe('in');
    admission.leave(0, 0);
    expect(await third).toBe('in');
    expect(order).toEqual([1, 2, 3]);
  });

  it('forgets who went away while waiting', async () => {
    const admission = createAdmission({ maxCost: null, spent: 0, atOnce: 1, mostWaiting: 9 });
    await admission.enter(0, never);
    const gone = new AbortController();
    const waiting = admission.enter(0, gone.signal);
    const behind = admission.enter(0, never);

    gone.abort();

    expect(await waiting).toBe('gone');
    admission.leave(0, 0);
    expect(await behind).toBe('in');
  });

  it('never has more inside, nor more money out, than there is, in any order', async () => {
    const amount = fc.integer({ min: 0, max: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.tuple(amount, amount), { maxLength: 30 }),
        fc.infiniteStream(fc.nat({ max: 9 })),
        async (maxCost, atOnce, asks, picks) => {
          const admission = createAdmission({ maxCost, spent: 0, atOnce, mostWaiting: 100 });
          const inside: [number, number][] = [];
          let [cost, done] = [0, 0];
          for (const [reserved, real] of asks)
            void admission.enter(reserved, never).then((entry) => {
              if (entry === 'in') inside.push([reserved, Math.min(real, reserved)]);
              else done += 1;
            });
          for (;;) {
            await new Promise((next) => setImmediate(next));
            expect(inside.length).toBeLessThanOrEqual(atOnce);
            expect(cost + inside.reduce((sum, [reserved]) => sum + reserved, 0)).toBeLessThanOrEqual(maxCost);
            const at = (picks.next().value ?? 0) % Math.max(inside.length, 1);
            const [leaving] = inside.splice(at, 1);
            if (leaving === undefined) break;
            cost += leaving[1];
            done += 1;
            admission.leave(...leaving);
          }
          // Nobody waits forever.
          expect(done).toBe(asks.length);
          expect(admission.cost()).toBe(cost);
        },
      ),
      { numRuns: fuzzRuns(1) },
    );
  });
});

it('the scripted costs are what the tests take them for', async () => {
  const { ask, proxy } = await around(answered(message), { prices });

  await ask();

  expect(proxy.use().cost).toBeCloseTo(real, 12);
});
