// `npm run demo -- engagement`: a week of traffic becomes evidence, a page and a chart; then main is protected.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { allScopes } from '../../embedded-forge/seed.ts';
import { writeTraffic } from '../traffic.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';
import { aloud, cronStep, expectAll, pluginSettings, textIn, type Works } from './works.ts';

const day = 86_400_000;

export async function engagement({ url, seed, scratch, isReal, named }: Stage): Promise<void> {
  chapter('Create what a team has: an ops repo, and an account for the collector');
  const owner = await seed.createUser(named('ada'), allScopes);
  const collector = await seed.createUser(named('collector'), ['write:repository', 'read:user']);
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, ops, collector.login, 'write');
  note(`${ops}; ${collector.login} may write there, and nowhere else`);

  const dates = [7, 6, 5, 4, 3, 2, 1].map((ago) =>
    new Date(Date.now() - ago * day).toISOString().slice(0, 10),
  );
  const before = dates.at(-2) ?? '';
  const asPlugin = {
    ...cronStep({ url, ops }, scratch),
    PLUGIN_FORGE_TOKEN: collector.token,
    PLUGIN_SOURCE: 'access.log',
    PLUGIN_OWN_HOSTS: 'www.site.example',
  };
  const plugin = path.join(root, 'plugins/collect-engagement/collect-engagement');
  const codes: (number | null)[] = [];

  chapter(
    'Six days of traffic, as Caddy logs them; each night cron starts collect-engagement as a Woodpecker plugin',
  );
  for (const [index, date] of dates.slice(0, -1).entries()) {
    writeTraffic(path.join(scratch, 'access.log'), {
      lines: 3000 + ((index * 977) % 2600),
      date,
      seed: index,
    });
    if (date === before) codes.push(await runRole(plugin, [], { ...asPlugin, PLUGIN_DATE: date }, scratch));
    else {
      // The first nights print the same; the last one is shown.
      const quiet = { ...asPlugin, PLUGIN_DATE: date };
      codes.push(await runRole(plugin, [], quiet, scratch, () => undefined));
      note(`${date}: done`);
    }
  }

  chapter('The same again, as a Forgejo Action: collected twice it is the same');
  const event = path.join(scratch, 'event.json');
  writeFileSync(event, JSON.stringify({ action: 'schedule', repository: { default_branch: 'main' } }));
  codes.push(
    await runRole(
      process.execPath,
      [path.join(root, 'dist/collect-engagement/index.js')],
      {
        CI: 'true',
        GITHUB_ACTIONS: 'true',
        GITHUB_SERVER_URL: url,
        GITHUB_REPOSITORY: ops,
        GITHUB_EVENT_NAME: 'schedule',
        GITHUB_EVENT_PATH: event,
        GITHUB_REF: 'refs/heads/main',
        GITHUB_WORKSPACE: scratch,
        'INPUT_FORGE-TOKEN': collector.token,
        INPUT_SOURCE: 'access.log',
        INPUT_DATE: before,
        'INPUT_OWN-HOSTS': 'www.site.example',
      },
      scratch,
    ),
  );

  chapter('What is on the forge now: the evidence of a day, and the page over all of them');
  await show(`evidence/engagement/${before}.json`, 14);
  await show('evidence/engagement/README.md', 14);
  if (isReal) note(`and its chart: ${url}/${ops}/src/branch/main/evidence/engagement/visitors.svg`);

  chapter(
    'main gets protected; the next night the evidence goes to a pull request, and the log says so first',
  );
  await seed.api('POST', `/repos/${ops}/branch_protections`, {
    rule_name: 'main',
    enable_push: false,
    required_approvals: 0,
  });
  const set: Record<string, string | null> = {};
  const asked = await engagementScene(
    {
      url,
      seed,
      ops,
      project: ops,
      admin: owner,
      ada: owner,
      bob: owner,
      stranger: owner,
      login: () => collector.login,
      uses: (role) => role,
      start: (_, { mode, more = {} } = {}) =>
        runRole(
          plugin,
          [],
          {
            ...asPlugin,
            ...pluginSettings({ ...set, ...(mode === undefined ? {} : { mode, source: '' }), ...more }),
          },
          scratch,
        ),
      async set(_, settings) {
        Object.assign(set, settings);
      },
      land: async () => undefined,
      async merge() {
        const { body: pulls } = await seed.api('GET', `/repos/${ops}/pulls?state=open`);
        for (const { number, title } of pulls as { number: number; title: string }[]) {
          note(`#${number} ${title}, merged as a person would`);
          await seed.mergePull(owner, ops, number);
        }
        return (pulls as unknown[]).length;
      },
      wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
      settleRun: undefined,
      tell: aloud,
    },
    scratch,
  );
  if (codes.some((code) => code !== 0) || asked !== 1)
    throw new Error('the demo did not end as it should; see the lines above');

  chapter('The same on your own Forgejo');
  note('npm run demo -- engagement --forge-url https://your.forge --token <a site admin’s token>');
  note('or set it up for good: actions/collect-engagement/README.md.');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${ops}; delete the accounts ${owner.login} and ${collector.login} when done.`,
    );

  async function show(file: string, most: number): Promise<void> {
    const { body } = await seed.api('GET', `/repos/${ops}/contents/${file}`);
    const text = Buffer.from((body as { content: string }).content, 'base64').toString('utf8');
    note(file);
    const lines = text.trimEnd().split('\n');
    for (const line of lines.slice(0, most)) console.log(`   ${paint('2', '│')} ${line}`);
    if (lines.length > most) console.log(`   ${paint('2', '│')} … ${lines.length - most} more lines`);
  }
}

/** One night: yesterday's traffic becomes evidence, and a pipeline that deploys asks for it. Tells how many pull requests that took. */
export async function engagementScene(works: Works, scratch: string): Promise<number> {
  const { tell } = works;
  const yesterday = new Date(Date.now() - day).toISOString().slice(0, 10);
  const log = path.join(scratch, 'access.log');
  writeTraffic(log, { lines: 4200, date: yesterday, seed: 99 });
  await works.set('collect-engagement', { source: log, 'own-hosts': 'www.site.example' });
  const verify = (): Promise<number | null> =>
    works.start('collect-engagement', { mode: 'verify-observable' });

  tell.chapter('Before a deployment: is the site observable? Of yesterday nothing was collected yet');
  const missing = await verify();

  tell.chapter('The clock starts collect-engagement');
  const collected = await works.start('collect-engagement');
  const pulls = await works.merge(works.login('collector'));
  const evidence = JSON.parse(await textIn(works, `evidence/engagement/${yesterday}.json`)) as {
    date?: string;
  };
  tell.note(`evidence/engagement/${yesterday}.json: ${Object.keys(evidence).join(', ')}`);

  tell.chapter('Before a deployment, again');
  const observable = await verify();
  expectAll({ missing: 1, collected: 0, observable: 0 }, { missing, collected, observable });
  return pulls;
}
