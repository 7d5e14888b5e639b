import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { orderFor } from '../../../cli/dispatch/dispatch.ts';
import { openHosts } from '../../../cli/dispatch/hosts.ts';
import { referenceOf } from '../../../cli/dispatch/reference.ts';
import { resolveReference } from '../../../cli/dispatch/resolve.ts';
import { type DispatchRig, startDispatching } from '../../dispatching.ts';

/** A GitHub with one repository of `owner`, which knows only what a dispatch asks. */
async function startGithub(): Promise<{ url: string; asked: string[]; server: Server }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    const found: Record<string, unknown> = {
      '/repos/owner/elsewhere/issues/12': {
        number: 12,
        title: 'On GitHub',
        body: null,
        state: 'open',
        html_url: 'https://github.com/owner/elsewhere/issues/12',
        labels: [{ name: 'bug' }],
        user: { login: 'ada' },
      },
      '/repos/owner/elsewhere/issues/13': {
        number: 13,
        title: 'A pull request',
        body: '',
        state: 'open',
        html_url: 'https://github.com/owner/elsewhere/pull/13',
        labels: [],
        pull_request: {},
      },
      '/repos/owner/elsewhere': {
        full_name: 'owner/elsewhere',
        default_branch: 'trunk',
        clone_url: 'https://github.com/owner/elsewhere.git',
        ssh_url: 'git@github.com:owner/elsewhere.git',
      },
    };
    const body = found[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { message: 'Not Found' }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}

let own: DispatchRig;
let github: Awaited<ReturnType<typeof startGithub>>;
beforeEach(async () => {
  own = await startDispatching();
  github = await startGithub();
  own.configure(`[github]\napi = "${github.url}"\n`, ['forge:owner', 'github:owner']);
});
afterEach(async () => {
  github.server.close();
  await own.close();
});

const resolve = async (reference: string) => {
  const asking = own.asking();
  const connections = openHosts({
    ...asking,
    secrets: { ...asking.secrets, githubToken: async () => 'gh-token' },
  });
  try {
    return await resolveReference(referenceOf(reference, asking.config), connections);
  } finally {
    connections.close();
  }
};

describe('an issue that is named in short', () => {
  it('is that of the forge where it has one, and GitHub is not asked', async () => {
    const issue = await own.issue('A thing');

    expect(await resolve(`project#${issue}`)).toMatchObject({
      place: { platform: 'forgejo', owner: 'owner', repo: 'project', number: issue },
      title: 'A thing',
      defaultBranch: 'main',
      addresses: [`${own.rig.forge.url}/owner/project`, expect.any(String), expect.any(String)],
    });
    expect(github.asked).toEqual([]);
  });

  it('is looked for on GitHub where the forge says that there is no such repository', async () => {
    expect(await resolve('elsewhere#12')).toMatchObject({
      place: { platform: 'github', host: 'github.com', number: 12 },
      defaultBranch: 'trunk',
      addresses: [
        'https://github.com/owner/elsewhere',
        'https://github.com/owner/elsewhere.git',
        'git@github.com:owner/elsewhere.git',
      ],
    });
    expect(github.asked).toContain('GET /repos/owner/elsewhere/issues/12 Bearer gh-token');
  });

  it('is not looked for there for an owner who is only allowed on the forge', async () => {
    own.configure(`[github]\napi = "${github.url}"\n`, ['forge:owner']);

    await expect(resolve('elsewhere#12')).rejects.toThrow(/There is no issue owner\/elsewhere#12/);
    expect(github.asked).toEqual([]);
  });

  it('is not looked for there where the forge has the repository and no such issue', async () => {
    await expect(resolve('project#99')).rejects.toThrow(/has no issue 99/);
    expect(github.asked).toEqual([]);
  });

  it('is not looked for there where the forge fails or does not know the token: that is not "not there"', async () => {
    own.environment.FORGECREW_FORGE_TOKEN = 'f'.repeat(40);
    await expect(resolve('elsewhere#12')).rejects.toThrow(/401/);

    own.environment.FORGECREW_FORGE_URL = 'http://127.0.0.1:9';
    await expect(resolve('elsewhere#12')).rejects.toThrow(/127\.0\.0\.1:9|ECONNREFUSED|reach/i);
    expect(github.asked).toEqual([]);
  });

  it('is refused where it is closed, or a pull request', async () => {
    const issue = await own.issue();
    await own.rig.seed.closeIssue(own.rig.ada, own.rig.project, issue);

    await expect(resolve(`project#${issue}`)).rejects.toThrow(/is closed/);
    await expect(resolve('https://github.com/owner/elsewhere/issues/13')).rejects.toThrow(
      /is a pull request/,
    );
  });
});

describe('what is refused before anything begins', () => {
  const order = (more: object) =>
    orderFor({ mode: 'headless', reference: 'project#1', trustMe: false, ...more }, own.asking());

  it('is an owner who is not allowed, without a request', async () => {
    const from = own.rig.forge.requests.length;

    await expect(order({ reference: 'mallory/project#1' })).rejects.toThrow(/not among allowed-owners/);
    expect(own.rig.forge.requests.length).toBe(from);
  });

  it('is an issue with the label of an agent where no state repo is configured', async () => {
    const issue = await own.issue();
    await own.rig.give(issue);

    await expect(order({ reference: `project#${issue}` })).rejects.toThrow(/no state-repo is configured/);
  });

  it('is an issue of GitHub, because workers have no way there yet', async () => {
    own.environment.FORGECREW_GITHUB_TOKEN = 'gh-token';

    await expect(order({ reference: 'elsewhere#12' })).rejects.toThrow(/no way to GitHub/);
  });

  it('is a screen for an isolated worker, and isolation for a trusted one', async () => {
    await expect(order({ mode: 'watch' })).rejects.toThrow(/an isolated worker has none/);
    await expect(order({ trustMe: true, isolation: 'bwrap' })).rejects.toThrow(/says the opposite/);
    await expect(order({ isolation: 'none' })).rejects.toThrow(/bwrap or user/);
  });

  it('is an agent without a manifest, or one that asks for more isolation than was said', async () => {
    const reference = `project#${await own.issue()}`;

    await expect(order({ reference, agent: 'nobody' })).rejects.toThrow(/no manifest of nobody/);
    own.declare('0', 'isolation = "bwrap"\n');
    await expect(order({ reference, isolation: 'user' })).rejects.toThrow(/is weaker than bwrap/);
  });
});
