import { isAlias, isScalar, visit } from 'yaml';
import { readYaml, type YamlComment } from '../../core/yaml.ts';

// What a pipeline starts, and where in its text that stands: pure. Read as YAML and not by its lines: an address may stand in
// braces, behind an anchor or on a line of its own, and a line of a script may look like one.

export interface Start {
  address: string;
  /** Where it stands in the text; undefined where it is written in another way than it is read. */
  at: number | undefined;
  /** What stands behind it on its line as a comment. */
  comment: YamlComment | undefined;
  /** Where its value ends, if nothing but a comment stands behind that on its line: there a comment may be put. */
  end: number | undefined;
}

export interface Starts {
  starts: Start[];
  /** Comments with a line of their own. */
  comments: YamlComment[];
}

/** More than this is no pipeline that people read. */
const bounds = { pieces: 30_000, depth: 48 };

/** What the steps of a pipeline start, in the order of the text; or why the text cannot be read. */
export function startsIn(text: string): Starts | { fault: string } {
  const read = readYaml(text, bounds);
  if (read.kind !== 'read') {
    const { offset, message } = read.kind === 'too-much' ? read.fault : read.faults[0];
    return { fault: `line ${text.slice(0, offset).split('\n').length}: ${message}` };
  }
  const { document, comments } = read;
  const lineOf = (offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;
  const isAlone = ({ offset }: YamlComment): boolean => text.slice(lineOf(offset), offset).trim() === '';
  const beside = new Map(
    comments.filter((comment) => !isAlone(comment)).map((comment) => [lineOf(comment.offset), comment]),
  );
  // One that several aliases stand for is one.
  const found = new Map<number, Start>();
  if (document !== undefined)
    visit(document, {
      Pair(_, { key, value: own }) {
        if (!isScalar(key) || (key.value !== 'uses' && key.value !== 'image')) return;
        const value = isAlias(own) ? own.resolve(document) : own;
        if (!isScalar(value) || typeof value.value !== 'string' || value.range == null) return;
        const [from, to] = value.range;
        const address = value.value.trim();
        const within = text.slice(from, to).indexOf(address);
        const isBlock = value.type === 'BLOCK_FOLDED' || value.type === 'BLOCK_LITERAL';
        const comment = isBlock ? undefined : beside.get(lineOf(to));
        const lineEnd = text.indexOf('\n', to);
        const rest = text.slice(to, comment?.offset ?? (lineEnd < 0 ? text.length : lineEnd));
        found.set(from, {
          address,
          at: within < 0 ? undefined : from + within,
          comment,
          end: isBlock || rest.trim() !== '' ? undefined : to,
        });
      },
    });
  return {
    starts: [...found].sort(([one], [other]) => one - other).map(([, start]) => start),
    comments: comments.filter(isAlone),
  };
}
