import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, isUntouched, sealBody } from '../../../core/sealed.ts';
import { markLine, openBody } from '../../../core/sprint/marker.ts';

const mark = { vision: 41, sprint: 'x', id: 'a' };

describe('a sealed body', () => {
  it('has the content byte for byte, a blank line, the digest, and the marker last', () => {
    expect(sealBody('A', 'text\n', markLine(mark))).toBe(
      `text\n\n<!-- filed: sha256:${digestOf('A', 'text\n')} -->\n<!-- decomposed-from: #41, sprint: x, id: a -->`,
    );
    expect(sealBody('A', 'text', markLine(mark))).toBe(
      `text\n\n<!-- filed: sha256:${digestOf('A', 'text')} -->\n<!-- decomposed-from: #41, sprint: x, id: a -->`,
    );
  });

  it('is seen as untouched, whatever its content, also after a browser made its line ends CRLF', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\r')),
        (title, content) => {
          for (const body of [
            sealBody(title, content, markLine(mark)),
            sealBody(title, content, markLine(mark)).replaceAll('\n', '\r\n'),
          ]) {
            const opened = openBody(body);

            expect(opened?.mark).toEqual(mark);
            expect(opened !== undefined && isUntouched(title, opened)).toBe(true);
          }
        },
      ),
    );
  });

  it('shows an edit of the title or of the content', () => {
    const body = sealBody('A', 'text\n', markLine(mark));
    const edited = openBody(body.replace('text', 'texts'));

    expect(edited !== undefined && isUntouched('A', edited)).toBe(false);
    const whole = openBody(body);
    expect(whole !== undefined && isUntouched('B', whole)).toBe(false);
  });

  it('of an older tool has a marker and no digest', () => {
    expect(openBody('text\n\n<!-- decomposed-from: #41, sprint: x, id: a -->\n')).toEqual({
      mark,
      tie: markLine(mark),
      digest: undefined,
      content: 'text\n',
    });
  });
});

describe('a marker', () => {
  it.each([
    ['in the middle of a body', '<!-- decomposed-from: #41, sprint: x, id: a -->\nmore'],
    ['quoted', '> <!-- decomposed-from: #41, sprint: x, id: a -->'],
    ['with a number that is none', '<!-- decomposed-from: #4x1, sprint: x, id: a -->'],
    [
      'with an id that could hold another marker',
      '<!-- decomposed-from: #41, sprint: x, id: a --><!-- b -->',
    ],
  ])('%s counts for nothing', (_, body) => {
    expect(openBody(body)).toBeUndefined();
  });

  it('for #41 is not one for #419', () => {
    expect(openBody('<!-- decomposed-from: #419, sprint: x, id: a -->')?.mark.vision).toBe(419);
  });
});
