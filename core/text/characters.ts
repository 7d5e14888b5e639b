// Characters that look like others. Where a parser stumbles over one, people see nothing wrong: it has to be named.

const named: readonly (readonly [RegExp, string, string])[] = [
  [/^[\u00a0\u2007\u202f]$/, 'a no-break space', 'a plain space'],
  [/^[\u1680\u2000-\u200a\u205f\u3000]$/, 'a space of another width', 'a plain space'],
  [/^[\u200b-\u200f\u2060-\u2064\u061c\u180e\u00ad\ufeff]$/, 'an invisible character', 'nothing'],
  [/^[\u2028\u2029\u0085\u000b\u000c]$/, 'a line separator that is no line end', 'a line end'],
  [/^[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]$/, 'a dash that is no hyphen', '-'],
  [/^[\u201c-\u201f\u00ab\u00bb\u2033\uff02]$/, 'a curly quotation mark', '"'],
  [/^[\u2018-\u201b\u2032\u00b4\uff07]$/, 'a quotation mark of another kind', "'"],
  [/^[\uff1a\ufe55\ua789\u2236]$/, 'a colon of another width', ':'],
  [/^[\uff1d]$/, 'an equals sign of another width', '='],
  [/^[\uff3b\uff3d\u3010\u3011]$/, 'a bracket of another width', '[ or ]'],
  [/^[\uff0c\u3001]$/, 'a comma of another width', ','],
  [/^[\uff03]$/, 'a number sign of another width', '#'],
];

/**
 * A character that is easily taken for another one, in words with what to write instead, as
 * `a no-break space (U+00A0): write a plain space`; undefined for every other character.
 */
export function lookalike(character: string): string | undefined {
  if (/^[\t -_a-~]?$/.test(character)) return undefined;
  const found = named.find(([pattern]) => pattern.test(character));
  if (found === undefined) return undefined;
  const [, what, instead] = found;
  return `${what} (${codePoint(character)}): write ${instead}`;
}

/** `U+00A0`. */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Whether a text can be a token or a key: visible ASCII without quotation marks. A header of HTTP takes hardly anything else. */
export function isTokenLike(text: string): boolean {
  return /^[!#-&(-~]+$/.test(text);
}
