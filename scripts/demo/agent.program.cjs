// The agent of the demo: it works, and it tries what an agent must not.
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const say = (text) => console.log(text);
const forge = (...args) => spawnSync('forge', args, { encoding: 'utf8' });

const issue = JSON.parse(forge('read-issue').stdout);
say(`I read issue ${issue.number}: ${issue.title}`);

// What it remembers is a folder of its home that comes back in its next round.
const memory = `${process.env.HOME}/memory`;
fs.mkdirSync(memory, { recursive: true });
if (fs.existsSync(`${memory}/notes.txt`)) {
  say(`I was here before, and noted: ${fs.readFileSync(`${memory}/notes.txt`, 'utf8').trim()}`);
  const told = fs.readFileSync(0, 'utf8');
  say(`I am told: ${/^.*nobody.*$/m.exec(told)?.[0] ?? 'nothing that I understand'}`);
  fs.writeFileSync(
    'greet.sh',
    '#!/bin/sh\nif [ -n "$1" ]; then echo "Hello, $1"; else echo "Hello, nobody"; fi\n',
  );
  execFileSync('git', ['commit', '-qam', 'Greet nobody']);
  forge(
    'signal-done',
    'success',
    '--summary',
    'Without a name greet.sh now greets nobody, as the review asks.',
  );
  process.exit(0);
}
fs.writeFileSync(`${memory}/notes.txt`, 'greet.sh takes the name as its first argument\n');

say('I try to comment on another issue ...');
const elsewhere = forge('post-comment', '--number', '1', '--body', 'Hello from the agent.');
say(`  exit ${elsewhere.status}: ${elsewhere.stderr.trim()}`);

say('I look for a token in the environment and the command line of every process that I see ...');
const places = [];
for (const name of fs.readdirSync('/proc')) {
  if (!/^[0-9]+$/.test(name)) continue;
  places.push(`/proc/${name}/environ`);
}
let read = 0;
let found = 0;
for (const place of places) {
  try {
    const text = fs.readFileSync(place, 'utf8');
    read += 1;
    // Put together, so that it does not find this program's own text.
    if (text.includes(`${'FORGE'}_TOKEN=`)) found += 1;
  } catch {
    // Not mine to read.
  }
}
say(
  `  ${read} of ${places.length} could be read, a token stood in ${found}; my own variables: ${Object.keys(process.env).sort().join(' ')}`,
);

say('I do the work.');
fs.writeFileSync('greet.sh', '#!/bin/sh\nif [ -n "$1" ]; then echo "Hello, $1"; else echo "Hello"; fi\n');
execFileSync('git', ['commit', '-qam', 'Greet by name']);
forge(
  'signal-done',
  'success',
  '--summary',
  'greet.sh says "Hello, <name>" where it is given a name, and "Hello" otherwise.',
);
