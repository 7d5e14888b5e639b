// The worker of `npm run demo -- dispatch`: plain Node, with its clone, its prompt and the command `forge`.
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const forge = (...args) => spawnSync('forge', args, { encoding: 'utf8' });
const { title } = JSON.parse(forge('read-issue').stdout);
const claim = forge('claim-paths', 'menu.txt');
console.log((claim.stdout + claim.stderr).trim());
// A claim is a sign for others and no lock: who goes on all the same is found by the overlap.
const dish = title.replace('Put ', '').replace(' on the menu', '');
fs.writeFileSync('menu.txt', fs.readFileSync('menu.txt', 'utf8').replace('Soup of the day', dish));
execFileSync('git', ['commit', '--quiet', '--all', '--message', title]);
// The first one waits for a word on its issue, so that both work at the same time.
if (claim.status === 0)
  while (!forge('read-comments').stdout.includes('Go on'))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
forge('signal-done', 'success', '--summary', `${dish} is on the menu.`);
