import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allScopes, type Person } from '../../embedded-forge/seed.ts';
import { changed, type RealAgents, root, startRealAgents } from './real-agents.ts';

/**
 * escalation as its example has it, on a real forge with its own runner: asked by a comment, clicked on, found by the workflow
 * of the ops repo. Opt-in, because its engine runs on this machine.
 */
const {
  FORGE_CONTRACT_URL: forgeUrl = '',
  FORGE_CONTRACT_TOKEN: forgeToken = '',
  FORGE_AGENT_RUNNER: runnerLabel = '',
} = process.env;

const deploy = `on:
  workflow_dispatch:
    inputs:
      target: {required: true}
      nonce: {required: true}
jobs:
  deploy:
    runs-on: ${runnerLabel}
    steps:
      - run: echo deployed to \${{ inputs.target }}
`;

const answer = `Two things, then.

<action type="issue-create">{"title": "Mend the roof", "body": "It leaks.", "labels": ["bug"]}</action>
<action type="ci-run">{"ref": "main", "workflow": "deploy.yml", "inputs": {"target": "staging"}}</action>`;

interface Run {
  trigger_event: string;
  workflow_id: string;
  status: string;
  commit_sha: string;
}

describe.skipIf(forgeUrl === '' || runnerLabel === '')(
  'a real forge and its runner (FORGE_CONTRACT_URL, FORGE_AGENT_RUNNER)',
  () => {
    let rig: RealAgents;
    let ada: Person;
    beforeAll(async () => {
      rig = await startRealAgents(forgeUrl, forgeToken);
      const { seed, owner, crew, project, ops, scratch } = rig;
      ada = await seed.createUser(`ada-${crew.login}`, allScopes);
      for (const { login } of [ada, crew]) await seed.addCollaborator(owner, project, login, 'write');
      await seed.createLabel(owner, project, 'bug');
      await seed.putFile(owner, project, '.forgejo/workflows/deploy.yml', deploy);
      await seed.putFile(
        owner,
        ops,
        'escalation/policy.toml',
        `[issue-create]\nrepositories = ["${project}"]\nlabels = ["bug"]\n\n[ci-run]\nrepositories = ["${project}"]\nworkflows = ["deploy.yml"]\nbranches = ["main"]\n`,
      );
      await send('POST', '/user/repos', crew, { name: 'records', private: true, auto_init: true });
      await send('PATCH', `/repos/${crew.login}/records`, crew, { has_actions: false });

      const engine = path.join(scratch, 'engine.sh');
      writeFileSync(engine, `#!/bin/sh\ncat > /dev/null\ncat <<'ANSWER'\n${answer}\nANSWER\n`);
      chmodSync(engine, 0o755);
      const example = readFileSync(path.join(root, 'actions/escalation/example.yml'), 'utf8');
      const [withModel = 'lines that are not there'] =
        /^ *engine: anthropic\n(?: {10}\S.*\n)+/m.exec(example) ?? [];
      const [schedule = 'lines that are not there'] = /^ {2}schedule:\n.*\n/m.exec(example) ?? [];
      const workflow = changed(example, [
        ...(await rig.publish('escalation')),
        ['runs-on: docker', `runs-on: ${runnerLabel}`],
        ['owner/ops', ops],
        ['owner/project', project],
        ['crew/records', `${crew.login}/records`],
        ['forge-login: crew', `forge-login: ${crew.login}`],
        [withModel, `          engine: command\n          engine-command: ${engine}\n`],
        [schedule, ''],
      ]);
      for (const repository of [ops, project])
        await send('PUT', `/repos/${repository}/actions/secrets/CREW_TOKEN`, owner, { data: crew.token });
      await seed.putFile(owner, ops, '.forgejo/workflows/crew.yml', workflow);
      await seed.putFile(
        owner,
        project,
        '.forgejo/workflows/crew.yml',
        changed(workflow, [['  workflow_dispatch:\n', '  issue_comment:\n    types: [created]\n']]),
      );
    });
    afterAll(async () => {
      if (ada !== undefined) await rig.seed.api('DELETE', `/admin/users/${ada.login}?purge=true`);
      await rig?.close();
    });

    async function send(method: string, where: string, by: Person, body: unknown): Promise<unknown> {
      const { status, body: said } = await rig.seed.api(method, where, body, by.token);
      if (status > 299) throw new Error(`${method} ${where}: ${status} ${JSON.stringify(said)}`);
      return said;
    }
    const runs = async (repository: string): Promise<Run[]> =>
      (await rig.get<{ workflow_runs: Run[] }>(`/repos/${repository}/actions/runs`)).workflow_runs;
    const areOver = (all: Run[]): boolean =>
      all.length > 0 && all.every(({ status }) => !['waiting', 'running', 'blocked'].includes(status));
    interface Seen {
      id: number;
      body: string;
      created_at: string;
    }

    it('answers a comment, and carries out what a writer clicks, at the commit that was shown', async () => {
      const { owner, crew, project, ops } = rig;
      const { commit } = await rig.get<{ commit: { id: string } }>(`/repos/${project}/branches/main`);
      const issue = await rig.seed.createIssue(owner, project, {
        title: 'The roof leaks',
        body: 'Since May.',
      });
      const thread = `/repos/${project}/issues/${issue}/comments`;
      await send('POST', thread, ada, { body: '/crew what can be done?' });

      const proposals = (
        await rig.until(
          () => rig.get<Seen[]>(thread),
          (all) => all.filter(({ body }) => body.includes('forgecrew: crew proposal')).length === 2,
          'two proposals',
        )
      ).filter(({ body }) => body.includes('forgecrew: crew proposal'));
      // A comment of the role itself starts a run as well, which finds nothing to do.
      await rig.until(() => runs(project), areOver, 'the runs of the project');
      await rig.seed.putFile(owner, project, 'later.md', 'The branch has moved since.\n');
      // Clicks of the second in which a comment was written do not count.
      await rig.until(
        async () => Date.now() - Math.max(...proposals.map(({ created_at: at }) => Date.parse(at))),
        (age) => age > 1500,
        'the next second',
      );
      for (const { id } of proposals)
        await send('POST', `/repos/${project}/issues/comments/${id}/reactions`, ada, { content: '+1' });
      const dispatched = await rig.seed.api(
        'POST',
        `/repos/${ops}/actions/workflows/crew.yml/dispatches`,
        { ref: 'main' },
        owner.token,
      );
      expect(dispatched.status).toBe(204);

      const ofOps = await rig.until(() => runs(ops), areOver, 'the run of the ops repo');
      expect(ofOps).toMatchObject([{ trigger_event: 'workflow_dispatch', status: 'success' }]);
      const deployed = (await rig.until(() => runs(project), areOver, 'the deployment')).filter(
        ({ workflow_id: file }) => file === 'deploy.yml',
      );
      expect(deployed).toMatchObject([
        { trigger_event: 'workflow_dispatch', status: 'success', commit_sha: commit.id },
      ]);
      const asked = await rig.get<{ title: string; body: string; labels: { name: string }[] }[]>(
        `/repos/${project}/issues?state=all&created_by=${crew.login}`,
      );
      expect(asked).toMatchObject([{ title: 'Mend the roof', labels: [{ name: 'bug' }] }]);
      expect(asked[0]?.body).toContain(ada.login);
      // What talks of itself in the project started runs there, and each was green.
      expect((await runs(project)).filter(({ status }) => status !== 'success')).toEqual([]);
    }, 400_000);
  },
);
