import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packTar, readTar, type SessionFile } from '../../../core/agent/tar.ts';
import { archive, entry } from './tar-entries.ts';

const part = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => !/[\p{Cc}\ufffd\\/]/u.test(text) && text !== '.' && text !== '..' && text.isWellFormed());

describe('an archive of plain files', () => {
  it('gives back what was put in, whatever the files hold', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.record({
            // Each in a folder of its own: a name that is a file and a folder is another case.
            name: fc.tuple(fc.nat(), part, part).map(([number, one, two]) => `${number}/${one}/${two}`),
            bytes: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
          }),
          { selector: ({ name }) => name.split('/')[0], maxLength: 10 },
        ),
        (files) => {
          const packed = packTar(files);
          // Whoever has a name that is too long is told so.
          if (packed === undefined) return files.some(({ name }) => Buffer.byteLength(name) > 100);
          const read = readTar(packed, 100) as SessionFile[];
          expect(new Map(read.map(({ name, bytes }) => [name, bytes.toString('hex')]))).toEqual(
            new Map(files.map(({ name, bytes }) => [name, bytes.toString('hex')])),
          );
          return true;
        },
      ),
    );
  });

  it('is the same bytes for the same files, in whatever order they come', () => {
    const files = ['b', 'a', 'c/d'].map((name) => ({ name, bytes: Buffer.from(name) }));

    expect(packTar(files)?.equals(packTar([...files].reverse()) ?? Buffer.alloc(0))).toBe(true);
  });

  it('never throws, whatever bytes it is', () => {
    const good = archive(entry({ name: 'a/b', content: 'x'.repeat(600) }), entry({ name: 'c' }));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, end) => {
        const bent = Buffer.from(good);
        bent[at] = byte;
        const read = readTar(bent.subarray(0, end), 10);
        return 'trouble' in read ? read.trouble !== '' : read.length <= 2;
      }),
      { numRuns: 1000 },
    );
  });
});

describe('no archive of plain files', () => {
  it.each([
    ['a hard link', { kind: '1', link: '/etc/passwd' }, 'a link'],
    ['a symbolic link', { kind: '2', link: '/etc/passwd' }, 'a link'],
    ['a character device', { kind: '3' }, 'a device'],
    ['a block device', { kind: '4' }, 'a device'],
    ['a folder', { kind: '5' }, 'a folder'],
    ['a pipe', { kind: '6' }, 'a device or a pipe'],
    ['a head for the next one', { kind: 'x' }, 'no plain file'],
    ['a head for all', { kind: 'g' }, 'no plain file'],
    ['a long name of GNU', { kind: 'L' }, 'no plain file'],
    ['a sparse file', { kind: 'S' }, 'no plain file'],
    ['an absolute path', { name: '/etc/passwd' }, 'an absolute path'],
    ['a way out', { name: 'a/../../b' }, 'leads out'],
    ['a way out in its prefix', { name: 'b', prefix: '..' }, 'leads out'],
    ['an absolute prefix', { name: 'b', prefix: '/etc' }, 'an absolute path'],
    ['another spelling', { name: 'a/./b' }, 'another way'],
    ['an empty part', { name: 'a//b' }, 'another way'],
    ['no name', { name: '' }, 'not plain text'],
    ['a line break in a name', { name: 'a\nb' }, 'not plain text'],
    ['a name that is no text', { name: Buffer.from([0xff, 0xfe]) }, 'not plain text'],
    [
      'a size in another spelling',
      { size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) },
      'ends in the middle',
    ],
    ['a size beyond its end', { size: Buffer.from('77777777777\0') }, 'ends in the middle'],
    ['a sum that is wrong', { sum: 1 }, 'no tar archive'],
  ] as const)('%s', (_, what, why) => {
    const read = readTar(archive(entry(what)), 10);

    expect(read).toMatchObject({ trouble: expect.stringContaining(why) });
  });

  it.each([
    ['a file twice', archive(entry({ name: 'a' }), entry({ name: 'a' })), 'twice'],
    ['a file that is a folder', archive(entry({ name: 'a' }), entry({ name: 'a/b' })), 'a folder as well'],
    ['more behind its end', Buffer.concat([archive(entry({})), entry({})]), 'behind its end'],
    ['no end', entry({ name: 'a' }), 'ends in the middle'],
    ['nothing at all', Buffer.alloc(0), 'ends in the middle'],
    ['too many files', archive(...[1, 2, 3].map((name) => entry({ name: String(name) }))), 'more than 2'],
  ])('%s', (_, bytes, why) => {
    expect(readTar(bytes, 2)).toMatchObject({ trouble: expect.stringContaining(why) });
  });
});
