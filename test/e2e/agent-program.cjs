// The agent of the tests on real servers: the first word of its issue's title says what it does.
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const forge = (...args) => spawnSync('forge', args, { encoding: 'utf8' });
const { number, title } = JSON.parse(forge('read-issue').stdout);
const task = title.split(' ')[0];
console.log(`I am to ${task} for #${number}; my own variables: ${Object.keys(process.env).sort().join(' ')}`);
const elsewhere = forge('post-comment', '--number', String(number + 1000), '--body', 'Hello from the agent.');
console.log(`Writing elsewhere: exit ${elsewhere.status}`);
const write = (file, text) => {
  fs.mkdirSync(require('node:path').dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  execFileSync('git', ['add', '--all', '--force']);
  execFileSync('git', ['commit', '--quiet', '--message', `Write ${file}`]);
};
// What it is told in later rounds, it does as well.
const told = fs.readFileSync(0, 'utf8');
const song = fs.existsSync('song.txt') ? fs.readFileSync('song.txt', 'utf8') : '';
if (song.includes('<<<<<<<')) write('song.txt', 'Roses are red, and both of us said.\n');
else if (told.includes('Make it rhyme')) write('song.txt', 'Roses are red, I said.\n');
else if (told.includes('Checks of your commit')) write('checked.txt', 'Green.\n');
else if (task === 'Compose') write('song.txt', 'Roses are red.\n');
if (task === 'Write') write('poem.txt', 'Roses are red.\n');
if (task === 'Ask') write('half.txt', 'The half of it.\n');
if (task === 'Attack') write('.forgejo/workflows/mine.yml', 'on: push\njobs: {}\n');
const status = { Ask: 'needs_person', Wonder: 'underspecified' }[task] ?? 'success';
forge('signal-done', status, '--summary', `I did: ${task}.`);
