// A role as a step of a workflow on a Forgejo runner: started by workflow-step.ts, from the sources, with the
// environment of this process. Waiting takes no time here, and is counted.
import type { opsFiler } from '../actions/ops-filer/role.ts';
import { runRole } from '../core/run.ts';
import { roles } from '../roles.ts';

const [name, startedAt = ''] = process.argv.slice(2);
// Any of them: what runs a role never looks into its own settings or state.
const role = roles.find((item) => item.name === name) as unknown as typeof opsFiler | undefined;
if (role === undefined) throw new Error(`there is no role ${name}`);
const begin = Date.now();
let waited = 0;
const code = await runRole(role, {
  environment: process.env,
  args: [],
  workingDirectory: process.cwd(),
  print: (line) => process.stdout.write(`${line}\n`),
  now: () => new Date((startedAt === '' ? Date.now() : Date.parse(startedAt) + Date.now() - begin) + waited),
  pause: async (ms) => {
    waited += ms;
  },
});
process.send?.({ code, waited });
