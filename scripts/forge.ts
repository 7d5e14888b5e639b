// `npm run forge -- --port 3999`: the embedded forge alone, with a project and an ops repo in it. Prints one line of
// JSON and stays until it is ended.
import { parseArgs } from 'node:util';
import { startForge } from '../embedded-forge/main.ts';
import { allScopes, seeder } from '../embedded-forge/seed.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '3999' } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65535)
  throw new Error(`--port wants a number from 0 to 65535, not ${values.port}`);

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
