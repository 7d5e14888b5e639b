import { ceiling } from '../../core/evidence.ts';
import type { PageDay } from './state.ts';
import { isOver, viewsOf, visitorsOf } from './text.ts';

const width = 720;
const height = 240;
const left = 48;
const right = 12;
const top = 34;
const bottom = 34;

function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toFixed(1))}M`;
  return value >= 1e4 ? `${Number((value / 1e3).toFixed(1))}k` : `${value}`;
}

function round(value: number): string {
  return `${Math.round(value * 10) / 10}`;
}

/**
 * `evidence/engagement/visitors.svg`: page views as bars, visitors as a line, by day, oldest first. Static: no script,
 * no font, no link, so that any forge shows it as an image; colours that hold on light and dark pages.
 */
export function chartText(newestFirst: PageDay[]): string {
  const days = [...newestFirst].reverse();
  const most = ceiling(Math.max(0, ...days.map(({ evidence }) => evidence?.page_views ?? 0)));
  const slot = (width - left - right) / Math.max(1, days.length);
  const x = (index: number): number => left + slot * (index + 0.5);
  const y = (value: number): number => height - bottom - (value / most) * (height - top - bottom);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = most * share;
    return `<line class="grid" x1="${left}" x2="${width - right}" y1="${round(y(value))}" y2="${round(y(value))}"/><text class="axis" x="${left - 6}" y="${round(y(value) + 4)}" text-anchor="end">${short(value)}</text>`;
  });
  const bars = days.flatMap(({ date, evidence }, index) => {
    if (evidence === null) return [];
    const wide = Math.min(28, slot * 0.7);
    return [
      `<rect class="${isOver(evidence) ? 'views' : 'views partial'}" x="${round(x(index) - wide / 2)}" y="${round(y(evidence.page_views))}" width="${round(wide)}" height="${round(height - bottom - y(evidence.page_views))}"><title>${date}: ${viewsOf(evidence)}, ${visitorsOf(evidence)}</title></rect>`,
    ];
  });
  const points = days.flatMap(({ evidence }, index) =>
    evidence === null || evidence.unique_visitors === null
      ? []
      : [`${round(x(index))},${round(y(evidence.unique_visitors))}`],
  );
  const every = Math.ceil(days.length / 8);
  const labels = days.flatMap(({ date }, index) =>
    (days.length - 1 - index) % every === 0
      ? [
          `<text class="axis" x="${round(x(index))}" y="${height - bottom + 16}" text-anchor="middle">${date.slice(5)}</text>`,
        ]
      : [],
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Visitors and page views by day">`,
    '<style>text{font:12px sans-serif;fill:#767676}.grid{stroke:#80808040}.views{fill:#3b82c4}.partial{opacity:.5}.visitors{fill:none;stroke:#d9772b;stroke-width:2.5}.dot{fill:#d9772b}</style>',
    `<rect class="views" x="${left}" y="10" width="12" height="12"/><text x="${left + 18}" y="20">page views</text>`,
    `<line class="visitors" x1="${left + 110}" x2="${left + 130}" y1="16" y2="16"/><text x="${left + 136}" y="20">visitors</text>`,
    ...grid,
    ...bars,
    `<polyline class="visitors" points="${points.join(' ')}"/>`,
    ...points.map((point) => {
      const [cx = '', cy = ''] = point.split(',');
      return `<circle class="dot" cx="${cx}" cy="${cy}" r="2.5"/>`;
    }),
    ...labels,
    '</svg>',
    '',
  ].join('\n');
}
