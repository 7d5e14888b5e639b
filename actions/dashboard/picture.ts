import { plain } from '../../core/text/log-line.ts';
import type { Vision } from './view.ts';

// Visions as bars. Static: no script, no font, no link, so that any forge shows it as an image, and nothing in a title is more
// than text. As wide as a phone. Pure.

const width = 360;
const row = 40;
const mostShown = 40;
/** Of a sign in the count, at most. */
const countWidth = 8;

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A title that ends before the count begins; characters of East Asia are twice as wide as Latin ones. */
function cut(title: string): string {
  let left = 40;
  let kept = '';
  for (const character of plain(title)) {
    left -= (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
    if (left < 0) return `${kept}…`;
    kept += character;
  }
  return kept;
}

/** `dashboard.svg` */
export function pictureText(visions: readonly Vision[]): string {
  const some = visions.slice(0, mostShown);
  const height = Math.max(1, some.length) * row + (visions.length > mostShown ? 20 : 0) + 4;
  const bars = some.map(({ title, done, total }, index) => {
    const y = index * row + 14;
    const full = total === 0 ? 0 : (done / total) * (width - 16);
    const count = total === 0 ? 'not filed' : `${done} / ${total}`;
    return [
      // A frame of its own cuts off what wide letters make longer than was counted; otherwise it runs into the count.
      `<svg y="${index * row}" width="${width - 16 - count.length * countWidth}" height="${row / 2}"><text x="8" y="14">${escaped(cut(title))}</text></svg>`,
      `<text class="count" x="${width - 8}" y="${y}" text-anchor="end">${count}</text>`,
      `<rect class="whole" x="8" y="${y + 6}" width="${width - 16}" height="10" rx="3"/>`,
      ...(full === 0
        ? []
        : [
            `<rect class="done" x="8" y="${y + 6}" width="${Math.round(full * 10) / 10}" height="10" rx="3"/>`,
          ]),
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Visions, and how much of each is done">`,
    '<style>text{font:12px sans-serif;fill:#767676}.count{font-weight:bold}.whole{fill:#80808040}.done{fill:#4a9c5d}</style>',
    ...(some.length === 0 ? ['<text x="8" y="18">No open vision</text>'] : bars),
    ...(visions.length > mostShown
      ? [`<text x="8" y="${height - 6}">and ${visions.length - mostShown} more</text>`]
      : []),
    '</svg>',
    '',
  ].join('\n');
}
