/**
 * The probe's program. It is a text, because it runs in the cell as another user, where neither our sources nor our compiled
 * file need to be readable; `node -e` starts it, so it is the same from both. It reads what to look for from its standard
 * input and prints what it found as one JSON document. A place with a secret in its name is named by its folder.
 */
export const probeScript = `
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { timeoutMs, usualMs, mostBytes, mostFileBytes, forms, places, usual, sockets } = JSON.parse(fs.readFileSync(0, 'utf8'));
let until = Date.now() + timeoutMs;
const needles = forms.map((form) => Buffer.from(form, 'utf8'));
const longest = Math.max(1, ...needles.map((needle) => needle.length));
const findings = new Map();
const mostFindings = 100;
let bytes = 0;
let isOver = false;
const cut = { count: 0, first: '' };
const holds = (buffer) => needles.some((needle) => buffer.includes(needle));
function shown(place) {
  let parent = place;
  while (holds(Buffer.from(parent)) && parent !== '/') parent = path.dirname(parent);
  return parent === place ? place : 'a name in ' + parent;
}
function found(kind, place) {
  const name = shown(place);
  if (findings.size < mostFindings) findings.set(kind + name, { kind, place: name });
}
function timeLeft() {
  if (!isOver && (Date.now() > until || bytes > mostBytes)) isOver = true;
  return !isOver;
}
const chunk = Buffer.allocUnsafe(1 << 20);
function searchFile(file, most) {
  let fd;
  try {
    // A pipe without a writer, or a terminal, would hold an ordinary open forever.
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY);
    if (!fs.fstatSync(fd).isFile()) return;
    let kept = 0;
    let read = 0;
    while (timeLeft()) {
      const size = fs.readSync(fd, chunk, kept, chunk.length - kept, null);
      if (size === 0) return;
      bytes += size;
      read += size;
      const whole = chunk.subarray(0, kept + size);
      if (holds(whole)) return found('secret', file);
      if (read >= most) {
        if (fs.fstatSync(fd).size > read) {
          cut.count += 1;
          cut.first ||= shown(file);
        }
        return;
      }
      kept = Math.min(longest - 1, whole.length);
      whole.copy(chunk, 0, whole.length - kept);
    }
  } catch {
    // It may not be read, or is gone: then the agent cannot read it either.
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}
function names(folder) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
function searchName(place) {
  if (holds(Buffer.from(place))) found('secret', place);
}
function searchLink(file) {
  try {
    if (holds(fs.readlinkSync(file, 'buffer'))) found('secret', file);
  } catch {
    // It may not be read, or is gone.
  }
}
function searchProcesses() {
  for (const { name } of names('/proc')) {
    if (!/^[0-9]+$/.test(name) || !timeLeft()) continue;
    const own = Number(name) === process.pid;
    for (const item of ['environ', 'cmdline', 'comm']) searchFile('/proc/' + name + '/' + item, Infinity);
    if (own) continue;
    for (const item of ['cwd', 'exe']) searchLink('/proc/' + name + '/' + item);
    for (const { name: fd } of names('/proc/' + name + '/fd')) {
      const file = '/proc/' + name + '/fd/' + fd;
      searchLink(file);
      try {
        if (fs.statSync(file).isFile()) searchFile(file, mostFileBytes);
      } catch {
        // Closed by now, or not to be opened: so it is for the agent.
      }
    }
  }
}
const skipped = new Set(['/proc', '/sys', '/usr', '/nix/store', '/boot', '/lost+found']);
const seen = new Set();
const unsearched = [];
function searchPlace(place) {
  const waiting = [place];
  for (const next of waiting) {
    let facts;
    try {
      facts = fs.lstatSync(next);
    } catch {
      continue;
    }
    if (!timeLeft()) {
      unsearched.push(shown(place));
      return;
    }
    const key = facts.dev + ':' + facts.ino;
    if (seen.has(key)) continue;
    seen.add(key);
    searchName(next);
    if (facts.isSymbolicLink()) {
      searchLink(next);
      // A place that was named may be a link; what lies elsewhere is not followed otherwise.
      if (next === place) {
        try {
          waiting.push(fs.realpathSync(next));
        } catch {
          // It leads nowhere, or to where the agent may not go.
        }
      }
    } else if (facts.isFile()) searchFile(next, mostFileBytes);
    else if (facts.isSocket()) sockets.push(next === place ? next : undefined);
    else if (facts.isDirectory())
      for (const { name } of names(next)) {
        const inner = path.join(next, name);
        if (!skipped.has(inner)) waiting.push(inner);
      }
  }
}
function opens(target) {
  const tcp = /^tcp:\\/\\/([^:/]+):([0-9]+)$/.exec(target);
  return new Promise((resolve) => {
    const socket = tcp ? net.connect({ host: tcp[1], port: Number(tcp[2]) }) : net.connect({ path: target });
    const end = (isOpen) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(2000, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
// One star stands for any name.
function spread(pattern) {
  const at = pattern.split('/').indexOf('*');
  if (at < 0) return [pattern];
  const before = pattern.split('/').slice(0, at).join('/') || '/';
  const after = pattern.split('/').slice(at + 1);
  return names(before).flatMap(({ name }) => spread([before, name, ...after].join('/')));
}
(async () => {
  searchProcesses();
  if (isOver) unsearched.push('/proc');
  for (const place of [...places, process.env.TMPDIR]) searchPlace(place);
  const end = Date.now() + usualMs;
  usual.forEach((place, index) => {
    // Each has its share of the time that is left: one full folder, as /tmp often is, would leave all others unsearched.
    if (bytes <= mostBytes) isOver = false;
    until = Date.now() + (end - Date.now()) / (usual.length - index);
    searchPlace(place);
  });
  for (const target of sockets.filter(Boolean).flatMap(spread)) if (await opens(target)) found('socket', target);
  process.stdout.write(JSON.stringify({ findings: [...findings.values()], unsearched, cut, most: findings.size >= mostFindings }));
})();
`;
