import { describe, expect, it } from 'vitest';
import { sectionIn, withSection } from '../../../core/text/sections.ts';

const section = { begin: '<!-- a -->', end: '<!-- b -->', content: 'new\ntext', before: '## Next' };

describe('a section of ours', () => {
  it('is replaced, and everything around it stays byte for byte, foreign line ends included', () => {
    const text = 'before \r\n<!-- a -->\r\nold\n<!-- b -->\nafter\r\n';

    expect(withSection(text, section)).toBe('before \r\n<!-- a -->\nnew\ntext\n<!-- b -->\nafter\r\n');
  });

  it('that is not there goes before its line, or to the end', () => {
    expect(withSection('x\n## Next\ny\n', section)).toBe(
      'x\n<!-- a -->\nnew\ntext\n<!-- b -->\n\n## Next\ny\n',
    );
    expect(withSection('x\n', section)).toBe('x\n\n<!-- a -->\nnew\ntext\n<!-- b -->\n');
  });

  it.each([
    ['without its end', '<!-- a -->\nx\n'],
    ['without its begin', 'x\n<!-- b -->\n'],
    ['twice', '<!-- a -->\n<!-- b -->\n<!-- a -->\n<!-- b -->\n'],
    ['the wrong way round', '<!-- b -->\n<!-- a -->\n'],
  ])('%s can no longer be told, and is left alone', (_, text) => {
    expect(withSection(text, section)).toBeUndefined();
    expect(sectionIn(text, section.begin, section.end)).toBeUndefined();
  });

  it('written twice is written once', () => {
    const once = withSection('x\n## Next\n', section) ?? '';

    expect(withSection(once, section)).toBe(once);
    expect(sectionIn(once, section.begin, section.end)).toBe('new\ntext');
  });
});
