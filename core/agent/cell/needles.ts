/** Shorter than this, and an encoded piece stands in many files by chance. */
const leastBytes = 6;

/** The alphabet that URLs and file names take. */
function urlSafe(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_');
}

/**
 * The part of a text's base64 that stands there whatever comes before and after it: base64 takes three bytes at a time, so it
 * looks different at each of three offsets, and its ends depend on the neighbours.
 */
function base64At(offset: number, secret: Buffer): string {
  const padded = Buffer.concat([Buffer.alloc(offset), secret]);
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor((padded.length * 8) / 6);
  return padded.toString('base64').slice(first, last);
}

/** A secret in all the forms in which it is looked for: as it is, in base64, in hexadecimal digits, and as in a URL. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length === 0) return [];
  const encoded = [0, 1, 2].flatMap((offset) => [base64At(offset, bytes), urlSafe(base64At(offset, bytes))]);
  const hex = bytes.toString('hex');
  const percent = encodeURIComponent(secret.toWellFormed());
  const others = [
    ...encoded,
    hex,
    hex.toUpperCase(),
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ];
  return [...new Set([secret, ...others.filter((form) => form.length >= leastBytes)])];
}
