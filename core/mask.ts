import { Buffer } from 'node:buffer';

/** Shorter than this, an encoded form is too likely to occur by chance; only the value itself is masked. */
const shortestEncoded = 8;

/** Keeps secrets out of everything that leaves the process: log lines, reports, and bodies sent to the forge. */
export interface Mask {
  /** Registers a secret and the forms it is likely to turn up in. Empty values are ignored. */
  add(secret: string): void;
  /** The text with every known form replaced by `***`. */
  apply(text: string): string;
  /** Where a known form of a secret first stands in the text (an index), or -1. */
  find(text: string): number;
}

/**
 * Base64 of a value that stands somewhere inside a longer text: what surrounds it shifts the groups of three
 * bytes, so there are three spellings; the characters that mix with the neighbours are left off.
 */
export function base64Forms(secret: string): string[] {
  const forms: string[] = [];
  for (const shift of [0, 1, 2]) {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret, 'utf8')]);
    const whole = bytes
      .toString('base64')
      .slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
    forms.push(whole, whole.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

function formsOf(secret: string): string[] {
  const forms = [secret];
  // A secret of several lines is printed line by line; each line gives it away.
  forms.push(
    ...secret
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line.length >= shortestEncoded),
  );
  if (secret.length >= shortestEncoded) {
    const hex = Buffer.from(secret, 'utf8').toString('hex');
    const url = encodeURIComponent(secret.toWellFormed());
    forms.push(
      ...base64Forms(secret),
      hex,
      hex.toUpperCase(),
      url,
      url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      url.replaceAll('%20', '+'),
      JSON.stringify(secret).slice(1, -1),
      JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    );
  }
  return forms.filter((form) => form !== '');
}

/**
 * Caught: the value itself, each of its lines, base64 and base64url at all three offsets, hex (either case),
 * URL-encoded (either case, `+` for a space), JSON-escaped once and twice.
 * Not caught: base64 broken over lines, compression, encryption, reversal, any split of the value over two writes.
 */
export function createMask(): Mask {
  let forms: string[] = [];
  return {
    add(secret) {
      // Longest first, so that a form which holds another is replaced whole.
      forms = [...new Set([...forms, ...formsOf(secret)])].sort((a, b) => b.length - a.length);
    },
    apply(text) {
      let masked = text;
      for (const form of forms) masked = masked.replaceAll(form, '***');
      return masked;
    },
    find(text) {
      const found = forms.map((form) => text.indexOf(form)).filter((index) => index >= 0);
      return found.length === 0 ? -1 : Math.min(...found);
    },
  };
}
