import { describe, expect, it } from 'vitest';
import { chartText } from '../../../actions/collect-engagement/chart.ts';
import { emptyCounts, totalsOf } from '../../../actions/collect-engagement/log/counts.ts';
import type { PageDay } from '../../../actions/collect-engagement/state.ts';
import { evidenceOf, pageText, publicSource } from '../../../actions/collect-engagement/text.ts';

function day(date: string, views: number, now = '2027-01-01T00:00:00Z'): PageDay {
  const counts = emptyCounts();
  counts.views = views;
  counts.visitors = new Set(['10.0.0.1']);
  const clientSide = {
    total_events: 0,
    dwell: { avg_seconds: 0, total_seconds: 0, count: 0 },
    max_scroll_pct: 0,
    scroll_events: 0,
    exit_referrers: [],
  };
  const evidence = evidenceOf({
    date,
    now,
    sources: ['access.log'],
    clientSources: [],
    totals: totalsOf(counts, 10),
    clientSide,
    mostUnknown: 0.05,
  });
  return { date, evidence };
}

describe('the chart', () => {
  it.each([
    [0, ['0', '1', '2', '3', '4']],
    [5, ['0', '2', '4', '6', '8']],
    [99, ['0', '25', '50', '75', '100']],
    [20_300, ['0', '7500', '15k', '22.5k', '30k']],
    [9_999_999, ['0', '2.5M', '5M', '7.5M', '10M']],
  ])('of %i page views has a grid of round numbers', (views, labels) => {
    const grid = [...chartText([day('2026-11-20', views)]).matchAll(/text-anchor="end">([^<]*)</g)];

    expect(grid.map(([, label]) => label)).toEqual(labels);
  });

  it('goes from old to new, marks a day that was not over, and leaves a gap where there is no evidence', () => {
    const svg = chartText([
      day('2026-11-20', 4, '2026-11-20T12:00:00Z'),
      { date: '2026-11-19', evidence: null },
      day('2026-11-18', 2),
    ]);

    expect([...svg.matchAll(/<title>(\S+):/g)].map(([, date]) => date)).toEqual(['2026-11-18', '2026-11-20']);
    expect(svg.match(/class="views partial"/g)).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|undefined|<script|href/);
  });
});

describe('the page', () => {
  it('shows what visitors ask for as code, on one line, with blanks for what cannot be seen', () => {
    const { date, evidence } = day('2026-11-20', 1);
    const path = `/\u001b[31m\n|\`@owner\`${'x'.repeat(80)}`;
    const top_pages = [{ path, views: 1 }];

    const text = pageText([{ date, evidence: evidence === null ? null : { ...evidence, top_pages } }]);

    expect(text).toContain(`| \`/ [31m ¦´@owner´${'x'.repeat(43)}…\` (1) |`);
  });
});

describe('a published source', () => {
  it.each([
    ['ssh://deploy:secret@web.example:22', 'ssh://web.example:22'],
    ['/var/log/caddy/access?.log', '/var/log/caddy/access?.log'],
    ['https://a@b.example/x?token=1#y', 'https://b.example/x'],
  ])('%s is %s', (given, shown) => {
    expect(publicSource(given)).toBe(shown);
  });
});
