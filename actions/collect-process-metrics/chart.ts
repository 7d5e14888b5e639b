import { ceiling } from '../../core/evidence.ts';
import type { PageDay } from './state.ts';
import { sum, summaryOf } from './text.ts';

const width = 720;
const height = 240;
const left = 40;
const right = 12;
const top = 34;
const bottom = 34;

const series = [
  { name: 'issues closed', style: 'closed' },
  { name: 'merged', style: 'merged' },
  { name: 'red runs', style: 'red' },
] as const;

function round(value: number): string {
  return `${Math.round(value * 10) / 10}`;
}

/**
 * `evidence/process/days.svg`: three bars for each day, oldest first. Static: no script, no font, no link, so that any forge
 * shows it as an image; colours that hold on light and dark pages.
 */
export function chartText(newestFirst: readonly PageDay[]): string {
  const days = [...newestFirst].reverse().map(({ date, evidence }) => ({
    date,
    evidence,
    values:
      evidence === null
        ? []
        : [
            evidence.day.issues.closed,
            evidence.day.pulls.merged,
            sum(evidence.day.pipelines.map(({ red }) => red)),
          ],
  }));
  const most = ceiling(Math.max(0, ...days.flatMap(({ values }) => values)));
  const slot = (width - left - right) / Math.max(1, days.length);
  const y = (value: number): number => height - bottom - (value / most) * (height - top - bottom);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const value = most * part;
    return `<line class="grid" x1="${left}" x2="${width - right}" y1="${round(y(value))}" y2="${round(y(value))}"/><text class="axis" x="${left - 6}" y="${round(y(value) + 4)}" text-anchor="end">${value}</text>`;
  });
  const wide = Math.min(10, (slot * 0.8) / series.length);
  const bars = days.flatMap(({ evidence, values }, index) => {
    if (evidence === null) return [];
    const start = left + slot * (index + 0.5) - (wide * series.length) / 2;
    const rects = values.map(
      (value, nth) =>
        `<rect class="${series[nth]?.style ?? ''}" x="${round(start + nth * wide)}" y="${round(y(value))}" width="${round(wide)}" height="${round(height - bottom - y(value))}"/>`,
    );
    return [
      `<g${evidence.complete ? '' : ' class="partial"'}><title>${summaryOf(evidence)}</title>${rects.join('')}</g>`,
    ];
  });
  const every = Math.ceil(days.length / 8);
  const labels = days.flatMap(({ date }, index) =>
    (days.length - 1 - index) % every === 0
      ? [
          `<text class="axis" x="${round(left + slot * (index + 0.5))}" y="${height - bottom + 16}" text-anchor="middle">${date.slice(5)}</text>`,
        ]
      : [],
  );
  const legend = series.map(
    ({ name, style }, index) =>
      `<rect class="${style}" x="${left + index * 130}" y="10" width="12" height="12"/><text x="${left + index * 130 + 18}" y="20">${name}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Issues closed, pull requests merged and red runs by day">`,
    '<style>text{font:12px sans-serif;fill:#767676}.grid{stroke:#80808040}.closed{fill:#3b82c4}.merged{fill:#4a9c5d}.red{fill:#c8453b}.partial{opacity:.5}</style>',
    ...legend,
    ...grid,
    ...bars,
    ...labels,
    '</svg>',
    '',
  ].join('\n');
}
