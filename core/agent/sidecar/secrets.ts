import type { Mask } from '../../mask.ts';
import { visible } from '../../text/visible.ts';

/**
 * Whether a text holds a secret in a form that the mask knows: as it is, without what cannot be seen, without the blanks, line
 * ends and marks that somebody may have put between its characters, and each of these backwards. What was encrypted, or said in
 * other words, no search finds.
 */
export function holdsSecret(mask: Mask, text: string): boolean {
  const seen = visible(text);
  const forms = [text, seen, seen.replace(/\s+/g, ''), seen.replace(/[^\p{L}\p{N}]+/gu, '')];
  return forms.some((form) => mask.find(form) >= 0 || mask.find(backwards(form)) >= 0);
}

function backwards(text: string): string {
  return Array.from(text).reverse().join('');
}
