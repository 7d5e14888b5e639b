import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engagementEvidence } from '../../actions/collect-engagement/evidence.ts';
import { createWorkspace, line, type Workspace } from '../engagement.ts';

let workspace: Workspace;
beforeEach(() => {
  workspace = createWorkspace();
});
afterEach(() => workspace.close());
const at = (file: string): string => workspace.at(file);
const run: Workspace['run'] = (settings) => workspace.run(settings);

describe('client beacons', () => {
  const t = Date.parse('2026-11-20T12:00:00Z') / 1000;
  const beacons = (...items: unknown[]): string => items.map((item) => `${JSON.stringify(item)}\n`).join('');

  it('are counted for the day, and what is no beacon counts for nothing', async () => {
    writeFileSync(at('access.log'), line('/a', '::1'));
    writeFileSync(
      at('beacons.log'),
      `${beacons(
        { t, type: 'dwell', path: '/a', value: 10, ref: 'x.example' },
        { t, type: 'dwell', path: '/a', value: 20.5, ref: '' },
        { t, type: 'scroll', path: '/a', value: 80, ref: '' },
        { t, type: 'exit', path: '/a', value: 0, ref: 'Other.example' },
        { t: t + 86_400, type: 'exit', path: '/a', value: 0, ref: 'tomorrow.example' },
        { t, type: 'dwell', path: '/a', value: 1e9, ref: '' },
        { t, type: 'scroll', path: '/a', value: 101, ref: '' },
        { t, type: 'exit', path: '/a', value: 0, ref: '<script>' },
        { t: 'now', type: 'exit', path: '/a', value: 0, ref: '' },
        { t, type: '__proto__', path: '/a', value: 0, ref: '' },
      )}not json\n`,
    );

    const { code, text, evidence } = await run({ source: 'access.log', 'client-source': 'beacons.log' });

    expect(code).toBe(0);
    expect(text).toContain('6 lines of client-source were no beacons');
    expect(engagementEvidence.parse(evidence)).toMatchObject({
      client_source: 'beacons.log',
      bad_lines: 0,
      client_side: {
        total_events: 4,
        dwell: { avg_seconds: 15.25, total_seconds: 30.5, count: 2 },
        max_scroll_pct: 80,
        scroll_events: 1,
        exit_referrers: [{ source: 'other.example', visits: 1 }],
      },
    });
  });

  it('that cannot be read to their end forbid evidence', async () => {
    writeFileSync(at('access.log'), line('/a', '::1'));
    writeFileSync(at('beacons.gz'), gzipSync(beacons({ t })).subarray(0, 20));

    expect(await run({ source: 'access.log', 'client-source': 'beacons.gz' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('beacons.gz: could not be read to its end'),
      evidence: undefined,
    });
  });
});
