// `npm run forge -- --port 3999`: the embedded forge alone, with a project and an ops repo in it. Prints one line of
// JSON and stays until it is ended.
import { parseArgs } from 'node:util';
import { startForge } from '../embedded-forge/main.ts';
import { allScopes, seeder } from '../embedded-forge/seed.ts';

const { values, positionals } = parseArgs({
  options: { port: { type: 'string', default: '3999' } },
  strict: false,
  allowPositionals: true,
});
const { port: given, ...others } = values;
const port = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : Number.NaN;
const [unknown = positionals[0]] = Object.keys(others).map((name) => `--${name}`);
if (unknown !== undefined || !(port <= 65535)) {
  const fault =
    unknown === undefined
      ? `--port wants a number from 0 to 65535, not ${given}.`
      : `There is no ${unknown}.`;
  process.stderr.write(`${unknown === '--help' ? '' : `${fault}\n`}npm run forge -- [--port <number>]\n`);
  process.exit(unknown === '--help' ? 0 : 2);
}

const forge = await startForge({ port });
// Before anything else: whoever ends it early must not find its folder left behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await forge.close();
    process.exit(0);
  });
}

const { createUser, createRepository, createLabel, createIssue, putFile } = seeder(
  forge.url,
  forge.adminToken,
);
const owner = await createUser('owner', allScopes);
const project = await createRepository(owner, 'project');
const vision = await createLabel(owner, project, 'vision');
await createLabel(owner, project, 'in-progress');
await createLabel(owner, project, 'backlog');
await createIssue(owner, project, {
  title: 'A first goal',
  body: 'What we want, and how we would know.',
  labels: [vision],
});
const ops = await createRepository(owner, 'ops');
await putFile(
  owner,
  ops,
  'sprints/README.md',
  '# Sprints\n\nOne document per sprint; merged ones are filed as issues.\n',
);
console.log(
  JSON.stringify({ url: forge.url, token: forge.adminToken, 'project-repo': project, 'ops-repo': ops }),
);
