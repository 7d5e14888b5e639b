import type { Refusal } from './refusal.ts';

/** What a bundle says of itself before its pack begins. */
export interface BundleHead {
  tip: string;
  /** Where the pack begins, in bytes, and how many objects it says it has. */
  packAt: number;
  objects: number;
}

/** More than this has no head of a bundle with one ref and one commit before it. */
const longestHead = 4096;

function refused(said: string): { refused: Refusal } {
  return { refused: { rule: 'bundle', said } };
}

/**
 * Reads the head of a bundle that somebody else made: one ref, `HEAD`, on top of one commit that we have. Git itself is only
 * given the pack behind it, so nothing else that a bundle may say (other refs, filters, options to come) is ever looked at.
 */
export function readBundleHead(bytes: Uint8Array, base: string): BundleHead | { refused: Refusal } {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, longestHead)).toString(
    'latin1',
  );
  const format = base.length === 64 ? '# v3 git bundle\n' : '# v2 git bundle\n';
  if (!start.startsWith(format)) return refused('What came out of the isolation is no bundle of git.');
  const end = start.indexOf('\n\n');
  if (end < 0) return refused('The head of the bundle is too long: it names more than one ref.');
  const lines = start.slice(format.length, end).split('\n');
  const capabilities = lines.filter((line) => line.startsWith('@'));
  if (capabilities.some((line) => line !== '@object-format=sha256'))
    return refused('The bundle asks for something that a plain bundle does not need.');
  const before = lines.filter((line) => line.startsWith('-'));
  const refs = lines.filter((line) => !/^[-@]/.test(line));
  const [ref = ''] = refs;
  const [tip = '', name] = [ref.slice(0, base.length), ref.slice(base.length)];
  if (refs.length !== 1 || name !== ' HEAD' || !isObjectName(tip, base))
    return refused('The bundle names other refs than the one that was asked for.');
  // The rest of the line is the subject of that commit.
  const others = before.filter((line) => line.slice(1, base.length + 1) !== base);
  if (before.length !== 1 || others.length > 0)
    return {
      refused: {
        rule: 'history',
        said: 'The work does not stand on the commit that the agent was given: its history was rewritten or begins elsewhere.',
      },
    };
  const packAt = end + 2;
  const pack = Buffer.from(bytes.buffer, bytes.byteOffset + packAt, Math.min(12, bytes.length - packAt));
  if (pack.length < 12 || pack.toString('latin1', 0, 4) !== 'PACK' || pack.readUInt32BE(4) !== 2)
    return refused('There is no pack of git in the bundle.');
  return { tip, packAt, objects: pack.readUInt32BE(8) };
}

function isObjectName(text: string, like: string): boolean {
  return text.length === like.length && /^[0-9a-f]+$/.test(text);
}
