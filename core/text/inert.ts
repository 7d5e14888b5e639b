/**
 * What is in a text and cannot be seen: controls, format characters (zero-width, bidirectional, tags), private use, fillers,
 * variation selectors, halves of characters. Line ends and tabs stay.
 */
const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Text from outside with everything taken out that a reader would not see, and LF line ends. */
export function visible(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(unseen, '');
}

/** Takes the place of nothing on a screen, and keeps what stands around it from being read as one thing. */
const joiner = '\u2060';

/**
 * Text from outside that does nothing where the forge shows it: nobody is mentioned, no issue is closed, nothing is HTML
 * (so nothing is hidden in a comment, and no marker of ours can be copied). It looks as it did. A word joiner does it, which
 * works in code and out of it, so nothing depends on reading Markdown as the forge does.
 */
export function inert(text: string): string {
  return visible(text)
    .replace(/<(?=[A-Za-z/!?])/g, `<${joiner}`)
    .replace(/(?<![A-Za-z0-9])@(?=[A-Za-z0-9_-])/g, `@${joiner}`)
    .replace(
      /((?:clos|fix|resolv|reopen|implement)(?:e|es|ed|s|d)?[:\s]{1,9})(?=\S{0,200}\d)/gi,
      `$1${joiner}`,
    );
}

/** The same as one line of at most `limit` characters. */
export function inertLine(text: string, limit: number): string {
  const characters = Array.from(visible(text).replace(/\s+/g, ' ').trim());
  return inert(
    characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : characters.join(''),
  );
}
