import { distance } from 'fastest-levenshtein';

/** The name that a misspelt one was probably meant to be: nearly the same letters, or a part of the name. */
export function nearest(name: string, known: string[]): string | undefined {
  // `PLUGIN_` and `INPUT_` names come in upper case with underscores; what is compared is letters alone.
  const letters = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, '');
  const given = letters(name);
  // A letter or two are a part of nearly every name.
  if (given.length < 3) return undefined;
  const sorted = (word: string): string => Array.from(letters(word)).sort().join('');
  const [closest] = known
    .map((item) => ({ item, edits: distance(letters(item), given) }))
    .sort((a, b) => a.edits - b.edits);
  // One edit for every four letters: `forge-tokn` is a slip, `token` for `login` is something else.
  if (closest !== undefined && closest.edits <= Math.max(1, Math.floor(given.length / 4)))
    return closest.item;
  // Letters in another order are two edits, and the commonest slip of all.
  const swapped = known.find((item) => sorted(item) === sorted(name));
  if (swapped !== undefined) return swapped;
  return known.find((item) => letters(item).includes(given) || given.includes(letters(item)));
}
