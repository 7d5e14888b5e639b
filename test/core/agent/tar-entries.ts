/** One entry of an archive, as somebody with bad intentions would write it. */
export interface TarEntry {
  name?: string | Buffer;
  prefix?: string;
  content?: string | Buffer;
  kind?: string;
  link?: string;
  /** The field as it stands there. */
  size?: Buffer;
  /** Added to the right sum. */
  sum?: number;
}

export function entry(given: TarEntry): Buffer {
  const { name = 'file', prefix = '', content = '', kind = '0', link = '', size, sum = 0 } = given;
  const bytes = Buffer.from(content);
  const head = Buffer.alloc(512);
  head.set(Buffer.from(name), 0);
  head.write('0000644\x000001750\x000001750\x00', 100, 'latin1');
  head.set(size ?? Buffer.from(`${bytes.length.toString(8).padStart(11, '0')}\0`), 124);
  head.write('00000000000\0        ', 136, 'latin1');
  head.write(kind, 156, 'latin1');
  head.write(link, 157);
  head.write('ustar\x0000', 257, 'latin1');
  head.write(prefix, 345);
  const total = head.reduce((all, byte) => all + byte, sum);
  head.write(`${total.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export function archive(...entries: Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}
