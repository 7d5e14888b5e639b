// What runs in a cell, as the agent, to hand a session over and to put it back: texts, so that they are there in a role that was
// compiled to one file as well. Everything there may be bent by the agent, so nothing here protects anybody: what comes out is
// checked by `session.ts`.

/** Exit codes by which the script says why nothing came. */
export const sessionExits = { tooLarge: 20, none: 21 } as const;

/** `node -e TEXT -- SOURCE MOST`: the session as a packed tar archive on its output. */
export const takeScript = String.raw`
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');
const { spawnSync } = require('node:child_process');
const source = JSON.parse(process.argv[1]);
const most = Number(process.argv[2]);
const exits = ${JSON.stringify(sessionExits)};
let total = 0;
const count = (size) => {
  total += size;
  if (total > most) process.exit(exits.tooLarge);
};
const walk = (folder, found = []) => {
  let entries = [];
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) walk(file, found);
    else if (entry.isFile()) found.push(file);
  }
  return found;
};
const read = (file) => {
  count(fs.statSync(file).size);
  return fs.readFileSync(file);
};
const files = [];
if (source.kind === 'folder')
  for (const file of walk(source.folder)) files.push([path.relative(source.folder, file), read(file)]);
if (source.kind === 'file') {
  const named = walk(source.folder).filter((file) => file.endsWith(source.ending));
  const newest = named.sort((a, b) => fs.statSync(a).mtimeMs - fs.statSync(b).mtimeMs).pop();
  if (newest !== undefined) files.push([source.name, read(newest)]);
}
if (source.kind === 'output') {
  // Through a file: of an output that is a pipe, a program may lose the end.
  const into = path.join(process.env.TMPDIR || '/tmp', 'session-' + process.pid);
  const out = fs.openSync(into, 'wx', 0o600);
  const { status } = spawnSync(source.command, source.args, { stdio: ['ignore', out, 'inherit'] });
  fs.closeSync(out);
  if (status === 0 && fs.statSync(into).size > 0) files.push([source.name, read(into)]);
  fs.unlinkSync(into);
}
if (files.length === 0) process.exit(exits.none);
const pieces = [];
for (const [name, bytes] of files) {
  const head = Buffer.alloc(512);
  let at = -1;
  if (Buffer.byteLength(name) > 100)
    do at = name.indexOf('/', at + 1);
    while (at >= 0 && Buffer.byteLength(name.slice(at + 1)) > 100);
  head.write(name.slice(at + 1), 0);
  head.write(at < 0 ? '' : name.slice(0, at), 345);
  head.write('0000600\x000000000\x000000000\x00', 100);
  head.write(bytes.length.toString(8).padStart(11, '0') + '\x0000000000000\x00        0', 124);
  head.write('ustar\x0000', 257);
  const sum = head.reduce((all, byte) => all + byte, 0);
  head.write(sum.toString(8).padStart(6, '0') + '\x00 ', 148);
  pieces.push(head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
}
process.stdout.write(zlib.gzipSync(Buffer.concat([...pieces, Buffer.alloc(1024)])));
`;

/** `node -e TEXT`: writes the files that stand on its input, each a line of JSON, to where nothing is yet. */
export const giveScript = String.raw`
const fs = require('node:fs');
const path = require('node:path');
for (const line of fs.readFileSync(0, 'utf8').split('\n')) {
  if (line === '') continue;
  const { to, content } = JSON.parse(line);
  fs.mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
  fs.writeFileSync(to, Buffer.from(content, 'base64'), { flag: 'wx', mode: 0o600 });
}
`;
