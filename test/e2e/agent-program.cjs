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
if (task === 'Write') write('poem.txt', 'Roses are red.\n');
if (task === 'Ask') write('half.txt', 'The half of it.\n');
if (task === 'Attack') write('.forgejo/workflows/mine.yml', 'on: push\njobs: {}\n');
const status = { Ask: 'needs_person', Wonder: 'underspecified' }[task] ?? 'success';
forge('signal-done', status, '--summary', `I did: ${task}.`);
