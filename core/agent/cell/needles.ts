import { base64Forms } from '../../mask.ts';

/** Shorter than this, and an encoded piece stands in many files by chance. */
const leastBytes = 6;

/** A secret in all the forms in which it is looked for: as it is, in base64, in hexadecimal digits, and as in a URL. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length === 0) return [];
  const hex = bytes.toString('hex');
  const percent = encodeURIComponent(secret.toWellFormed());
  const others = [
    ...base64Forms(secret),
    hex,
    hex.toUpperCase(),
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ];
  return [...new Set([secret, ...others.filter((form) => form.length >= leastBytes)])];
}
