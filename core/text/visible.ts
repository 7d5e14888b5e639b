/**
 * What is in a text and cannot be seen: controls, format characters (zero-width, bidirectional, tags), private use, fillers,
 * variation selectors, halves of characters. Line ends and tabs stay.
 */
const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Text from outside with everything taken out that a reader would not see, and LF line ends. */
export function visible(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(unseen, '');
}

/**
 * The same for a reader that sees every character, as a model does: what people would not see is spelled out (`\\u{202e}`), so
 * that it can tell what was kept from them.
 */
export function spelledOut(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(unseen, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A word joiner: takes the place of nothing on a screen, and keeps what stands around it from being read as one thing. */
export const joiner = '\u2060';
