import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logLine, plain, quoted } from '../../../core/text/log-line.ts';

describe('text from outside in a log', () => {
  it('stays on one line, and what cannot be seen is spelled out', () => {
    expect(plain('a\nb\r\u001b[31m\u202e\u200b\u{e0041}\ud800')).toBe(
      'a\\nb\\r\\u{1b}[31m\\u{202e}\\u{200b}\\u{e0041}\\u{d800}',
    );
  });

  it('never starts a workflow command', () => {
    expect(logLine('::set-output name=x::y')).toBe(' ::set-output name=x::y');
    expect(logLine('##[add-mask]x')).toBe(' ##[add-mask]x');
  });

  it('is plain whatever it was', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) =>
          !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(plain(text)) && !/^(::|##\[)/.test(logLine(text)),
      ),
    );
  });

  it('is cut by characters, not in the middle of one', () => {
    expect(quoted('🙂🙂🙂', 2)).toBe('"🙂…"');
  });
});
