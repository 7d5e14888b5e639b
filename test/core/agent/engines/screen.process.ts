// A round of an engine on the terminal that this process has: started by screens.test.ts.
import { playRound, type Round } from './rig.ts';

const end = await playRound(JSON.parse(process.argv[2] ?? '') as Round);
console.log(
  `CAME ${JSON.stringify({ end: end.ending.end, calls: end.calls, files: end.files, signal: end.ending.signal })}`,
);
