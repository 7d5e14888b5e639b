import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMask } from '../../core/mask.ts';

function maskOf(secret: string): (text: string) => string {
  const mask = createMask();
  mask.add(secret);
  return (text) => mask.apply(text);
}

const forms: [string, (secret: string, around: string) => string][] = [
  ['raw', (secret, around) => `${around}${secret}${around}`],
  ['base64', (secret, around) => Buffer.from(`${around}${secret}${around}`).toString('base64')],
  ['base64url', (secret, around) => Buffer.from(`${around}${secret}${around}`).toString('base64url')],
  ['hex', (secret) => Buffer.from(secret).toString('hex')],
  ['upper-case hex', (secret) => Buffer.from(secret).toString('hex').toUpperCase()],
  ['URL-encoded', (secret) => encodeURIComponent(secret)],
  ['JSON', (secret) => JSON.stringify({ secret })],
  ['JSON in JSON', (secret) => JSON.stringify(JSON.stringify({ secret }))],
];

describe('a secret', () => {
  it.each(forms)('is masked in its %s form, at every offset', (_, form) => {
    const secret = 's3cr/t+t0k"n\\ü%';
    for (const around of ['', 'a', 'ab', 'abc']) {
      const shown = maskOf(secret)(form(secret, around));

      expect(shown).toContain('***');
      expect(shown).not.toContain(form(secret, ''));
    }
  });

  it('of any kind never survives in a line that holds it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 60 }), fc.string(), (secret, around) => {
        fc.pre(secret.trim().length >= 8 && !'***'.includes(secret));

        expect(maskOf(secret)(`${around}${secret}${around}`)).not.toContain(secret);
      }),
    );
  });

  it('of several lines is masked line by line', () => {
    expect(maskOf('-----BEGIN-----\nabcdefghij\n-----END-----')('found abcdefghij here')).toBe(
      'found *** here',
    );
  });

  it('that is empty masks nothing', () => {
    expect(maskOf('')('text')).toBe('text');
  });
});
