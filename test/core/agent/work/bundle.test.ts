import { describe, expect, it } from 'vitest';
import { readBundleHead } from '../../../../core/agent/work/bundle.ts';

const base = 'b'.repeat(40);
const tip = 'a'.repeat(40);
const pack = Buffer.concat([Buffer.from('PACK'), Buffer.from([0, 0, 0, 2, 0, 0, 0, 7])]);

function bundle(lines: string[], after: Buffer = pack): Buffer {
  return Buffer.concat([Buffer.from(`${lines.join('\n')}\n\n`), after]);
}

describe('the head of a bundle', () => {
  it('is one ref on top of the base, and a pack', () => {
    const head = readBundleHead(bundle(['# v2 git bundle', `-${base} subject of it`, `${tip} HEAD`]), base);

    expect(head).toEqual({ tip, packAt: 119, objects: 7 });
  });

  it('has another format where commits have longer names', () => {
    const [long, short] = ['c'.repeat(64), 'd'.repeat(64)];

    const head = readBundleHead(
      bundle(['# v3 git bundle', '@object-format=sha256', `-${long} x`, `${short} HEAD`]),
      long,
    );

    expect(head).toMatchObject({ tip: short });
  });

  it.each<[string, string[], Buffer?]>([
    ['another format', ['# v3 git bundle', '@object-format=sha1', `-${base}`, `${tip} HEAD`]],
    ['no format', [`-${base}`, `${tip} HEAD`]],
    ['a filter', ['# v2 git bundle', '@filter=blob:none', `-${base}`, `${tip} HEAD`]],
    ['two refs', ['# v2 git bundle', `-${base}`, `${tip} HEAD`, `${tip} refs/heads/main`]],
    ['another ref', ['# v2 git bundle', `-${base}`, `${tip} refs/heads/main`]],
    ['no ref', ['# v2 git bundle', `-${base}`]],
    ['no name of a commit', ['# v2 git bundle', `-${base}`, `${'A'.repeat(40)} HEAD`]],
    ['an option for a name', ['# v2 git bundle', `-${base}`, `${`--upload-pack=x${' '.repeat(26)}`} HEAD`]],
    ['a short name', ['# v2 git bundle', `-${base}`, `${'a'.repeat(39)} HEAD`]],
    ['no pack', ['# v2 git bundle', `-${base}`, `${tip} HEAD`], Buffer.from('KCAP')],
    ['another pack', ['# v2 git bundle', `-${base}`, `${tip} HEAD`], Buffer.from('PACK\0\0\0\u0009\0\0\0\0')],
    ['a head without an end', ['# v2 git bundle', `-${base} ${'x'.repeat(5000)}`, `${tip} HEAD`]],
  ])('is refused with %s', (_, lines, after) => {
    expect(readBundleHead(bundle(lines, after), base)).toMatchObject({ refused: { rule: 'bundle' } });
  });

  it.each([
    ['on nothing', []],
    ['on another commit', [`-${'c'.repeat(40)} x`]],
    ['on the base and another commit', [`-${base} x`, `-${'c'.repeat(40)} x`]],
    ['on the base twice', [`-${base} x`, `-${base} x`]],
  ])('is refused when it stands %s', (_, before) => {
    const head = readBundleHead(bundle(['# v2 git bundle', ...before, `${tip} HEAD`]), base);

    expect(head).toMatchObject({ refused: { rule: 'history' } });
  });
});
