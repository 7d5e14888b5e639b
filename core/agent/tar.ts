// The one kind of tar archive that an agent's session is kept as: plain files, nothing else. Whatever more a tar archive could
// say (links, devices, owners, long names in entries of their own) is no such archive. Pure.

export interface SessionFile {
  /** Relative, with `/` between its parts. */
  name: string;
  bytes: Buffer;
}

const block = 512;
const mostName = 100;
const mostPrefix = 155;

/** What is wrong with a name that a file of a session shall have; undefined where nothing is. */
function nameTrouble(name: string): string | undefined {
  if (name === '' || /[\p{Cc}\ufffd\\]/u.test(name)) return 'a name that is not plain text';
  if (name.startsWith('/')) return 'an absolute path';
  const parts = name.split('/');
  if (parts.includes('..')) return 'a path that leads out of its folder';
  if (parts.includes('') || parts.includes('.')) return 'a path that can be written in another way';
  return undefined;
}

/** The archive of these files, the same bytes for the same files; undefined where a name is too long for it. */
export function packTar(files: readonly SessionFile[]): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (const { name, bytes } of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const split = splitName(name);
    if (split === undefined) return undefined;
    const head = Buffer.alloc(block);
    head.write(split.name, 0, 'utf8');
    head.write('0000600\0', 100, 'latin1');
    head.write('0000000\0', 108, 'latin1');
    head.write('0000000\0', 116, 'latin1');
    head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    head.write('00000000000\0', 136, 'latin1');
    head.write('0', 156, 'latin1');
    head.write('ustar\x0000', 257, 'latin1');
    head.write(split.prefix, 345, 'utf8');
    head.write(`${sumOf(head).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    pieces.push(head, bytes, Buffer.alloc((block - (bytes.length % block)) % block));
  }
  return Buffer.concat([...pieces, Buffer.alloc(2 * block)]);
}

function splitName(whole: string): { name: string; prefix: string } | undefined {
  if (Buffer.byteLength(whole) <= mostName) return { name: whole, prefix: '' };
  for (let at = whole.indexOf('/'); at >= 0; at = whole.indexOf('/', at + 1)) {
    const [prefix, name] = [whole.slice(0, at), whole.slice(at + 1)];
    if (Buffer.byteLength(name) <= mostName && Buffer.byteLength(prefix) <= mostPrefix)
      return { name, prefix };
  }
  return undefined;
}

/** The files of an archive, or why it is none of plain files. */
export function readTar(bytes: Buffer, mostFiles: number): SessionFile[] | { trouble: string } {
  const files = new Map<string, Buffer>();
  let at = 0;
  for (;;) {
    const head = bytes.subarray(at, at + block);
    if (head.length < block) return { trouble: 'it ends in the middle' };
    if (head.every((byte) => byte === 0)) break;
    if (head.toString('latin1', 257, 262) !== 'ustar' || numberAt(head, 148, 8) !== sumOf(head))
      return { trouble: 'it is no tar archive' };
    const kind = head.toString('latin1', 156, 157);
    if (kind !== '0' && kind !== '\0') return { trouble: `it holds ${kindOf(kind)}` };
    const [prefix, own] = [textAt(head, 345, mostPrefix), textAt(head, 0, mostName)];
    const name = prefix === '' ? own : `${prefix}/${own}`;
    const wrong = nameTrouble(name);
    if (wrong !== undefined) return { trouble: `it holds ${wrong}` };
    if (files.has(name)) return { trouble: 'it holds a file twice' };
    const size = numberAt(head, 124, 12);
    const from = at + block;
    if (size === undefined || from + size > bytes.length) return { trouble: 'it ends in the middle' };
    files.set(name, bytes.subarray(from, from + size));
    if (files.size > mostFiles) return { trouble: `it holds more than ${mostFiles} files` };
    at = from + Math.ceil(size / block) * block;
  }
  // What stands behind its end, nobody would look at.
  if (bytes.subarray(at).some((byte) => byte !== 0)) return { trouble: 'something stands behind its end' };
  for (const name of files.keys())
    for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1))
      if (files.has(name.slice(0, slash))) return { trouble: 'a file of it is a folder as well' };
  return [...files].map(([name, content]) => ({ name, bytes: content }));
}

function kindOf(kind: string): string {
  switch (kind) {
    case '1':
    case '2':
      return 'a link';
    case '3':
    case '4':
    case '6':
      return 'a device or a pipe';
    case '5':
      return 'a folder of its own';
    default:
      return 'something that is no plain file';
  }
}

function textAt(head: Buffer, at: number, most: number): string {
  const field = head.subarray(at, at + most);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? most : end);
}

/** An octal number; undefined where it is written in another way. */
function numberAt(head: Buffer, at: number, length: number): number | undefined {
  const text = head.toString('latin1', at, at + length);
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

/** The sum of a head's bytes, those of the sum itself taken as blanks. */
function sumOf(head: Buffer): number {
  return head.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0);
}
