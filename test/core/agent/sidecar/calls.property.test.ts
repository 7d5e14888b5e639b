import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Answer, createCalls } from '../../../../core/agent/sidecar/calls.ts';
import { usualLimits } from '../../../../core/agent/sidecar/limits.ts';
import { createOperationLog, firstBroken } from '../../../../core/agent/sidecar/operation-log.ts';
import { tools } from '../../../../core/agent/sidecar/tools.ts';
import { createMask } from '../../../../core/mask.ts';
import { fuzzRuns } from '../../../thorough.ts';
import { plainForge } from './rig.ts';

const secret = 'c0ffee5ec2e7c0ffee5ec2e7';

const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...tools.map((tool) => tool.name)) },
  fc.constantFrom('merge', '__proto__', 'constructor', 'read_issue\n', ''),
  fc.string(),
);
const number = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 10 }) },
  fc.constantFrom(-1, 5.5, 2 ** 53, '5', null, [5], {}),
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(`@all ${secret}`, secret.split('').join('\u200b'), Buffer.from(secret).toString('base64')),
  fc.constantFrom('', ' ', '\u200b', '/crew go', 'closes #1', '<!-- forgecrew: x -->', 'x'.repeat(300)),
);
const given = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        number,
        body: text,
        status: fc.constantFrom('success', 'failure', 'needs_person', 'underspecified', 'finished', 1),
        summary: text,
      },
      { requiredKeys: [] },
    ),
  },
  fc.dictionary(fc.string(), fc.anything()),
  fc.anything(),
);
const calls = fc.array(
  fc.record({ tool: name, arguments: given, toolUse: fc.option(fc.string(), { nil: undefined }) }),
  {
    maxLength: 40,
  },
);

it('random calls write nothing outside the scope, leave nothing unlogged, and keep the chain whole', async () => {
  await fc.assert(
    fc.asyncProperty(calls, fc.boolean(), async (list, together) => {
      const forge = plainForge();
      const mask = createMask();
      mask.add(secret);
      const said: string[] = [];
      const log = createOperationLog({
        now: () => new Date(0),
        say: (line) => said.push(line),
        refusedListed: 7,
      });
      const signals: unknown[] = [];
      const call = createCalls({
        forge,
        scope: { repository: 'owner/project', issue: 5, pulls: [7] },
        limits: { ...usualLimits, calls: 30, comments: 4, descriptions: 3, commentCharacters: 200 },
        log,
        mask,
        mayWrite: () => true,
        strangers: false,
        signal: (signal) => signals.push(signal),
        say: (line) => said.push(line),
      });

      const answers: Answer[] = [];
      if (together) answers.push(...(await Promise.all(list.map(call))));
      else for (const item of list) answers.push(await call(item));
      log.settle();

      const { written } = forge;
      expect(written.filter(({ number: to }) => to !== 5 && to !== 7)).toEqual([]);
      expect(written.filter(({ kind }) => kind === 'comment').length).toBeLessThanOrEqual(4);
      expect(written.filter(({ kind }) => kind === 'description').length).toBeLessThanOrEqual(3);
      for (const item of written) expect(mask.find(item.text)).toBe(-1);
      for (const item of written) expect(item.text).not.toMatch(/^\/crew|<!--|@[a-z]|closes #\d/);
      expect(signals.length).toBeLessThanOrEqual(1);

      // Each call is one entry or one of a count; a failure is a second entry of a call that was allowed.
      const { entries } = log;
      const listed = entries.filter(({ allowed, why }) => !allowed || why === undefined);
      expect(listed.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(list.length);
      const counted = (outcome: string): number =>
        answers.filter((answer) => answer.outcome === outcome).length;
      expect(counted('refused')).toBe(
        entries.filter(({ allowed }) => !allowed).reduce((sum, { count = 1 }) => sum + count, 0),
      );
      expect(counted('failed')).toBe(
        entries.filter(({ allowed, why }) => allowed && why !== undefined).length,
      );
      expect(entries.filter(({ allowed, text: digest }) => allowed && digest !== undefined).length).toBe(
        written.length + signals.length,
      );
      expect(firstBroken(entries)).toBeUndefined();
      expect(log.head).toBe(entries.at(-1)?.hash ?? '0'.repeat(64));
      for (const line of said) expect(line).not.toMatch(/[\n\r\u001b]/);
    }),
    { numRuns: fuzzRuns(3) },
  );
});
