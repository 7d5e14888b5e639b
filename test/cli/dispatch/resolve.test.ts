import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { orderFor } from '../../../cli/dispatch/dispatch.ts';
import { openHosts } from '../../../cli/dispatch/hosts.ts';
import { referenceOf } from '../../../cli/dispatch/reference.ts';
import { resolveReference } from '../../../cli/dispatch/resolve.ts';
import type { EmbeddedGithub } from '../../../embedded-github/main.ts';
import type { Account, Repository } from '../../../embedded-github/shapes.ts';
import { type DispatchRig, startDispatching } from '../../dispatching.ts';
import { startTestGithub } from '../../embedded.ts';

let own: DispatchRig;
let github: EmbeddedGithub;
let ada: Account & { token: string };
let repository: Repository;
beforeEach(async () => {
  own = await startDispatching();
  github = await startTestGithub();
  ada = github.addUser('ada');
  repository = github.addRepository(github.addUser('owner'), 'elsewhere', { defaultBranch: 'trunk' });
  github.addIssue(repository, ada, { number: 12, title: 'On GitHub', labels: ['bug'] });
  own.configure(`[github]\napi = "${github.url}"\n`, ['forge:owner', 'github:owner']);
});
afterEach(async () => {
  await github.close();
  await own.close();
});

const resolve = async (reference: string) => {
  const asking = own.asking();
  const connections = openHosts({
    ...asking,
    secrets: { ...asking.secrets, githubToken: async () => ada.token },
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
    expect(github.requests).toEqual([]);
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
    expect(github.requests).toMatchObject([
      { path: '/repos/owner/elsewhere', authorization: `Bearer ${ada.token}` },
      { path: '/repos/owner/elsewhere/issues/12', authorization: `Bearer ${ada.token}` },
    ]);
  });

  it('is not looked for there for an owner who is only allowed on the forge', async () => {
    own.configure(`[github]\napi = "${github.url}"\n`, ['forge:owner']);

    await expect(resolve('elsewhere#12')).rejects.toThrow(/There is no issue owner\/elsewhere#12/);
    expect(github.requests).toEqual([]);
  });

  it('is not looked for there where the forge has the repository and no such issue', async () => {
    await expect(resolve('project#99')).rejects.toThrow(/has no issue 99/);
    expect(github.requests).toEqual([]);
  });

  it('is not looked for there where the forge fails or does not know the token: that is not "not there"', async () => {
    own.environment.FORGECREW_FORGE_TOKEN = 'f'.repeat(40);
    await expect(resolve('elsewhere#12')).rejects.toThrow(/401/);

    own.environment.FORGECREW_FORGE_URL = 'http://127.0.0.1:9';
    await expect(resolve('elsewhere#12')).rejects.toThrow(/127\.0\.0\.1:9|ECONNREFUSED|reach/i);
    expect(github.requests).toEqual([]);
  });

  it('is refused where it is closed, or a pull request', async () => {
    const issue = await own.issue();
    await own.rig.seed.closeIssue(own.rig.ada, own.rig.project, issue);

    await expect(resolve(`project#${issue}`)).rejects.toThrow(/is closed/);
    github.addPull(repository, ada, { number: 13, head: 'work', sha: 'a'.repeat(40) });
    github.addIssue(repository, ada, { number: 14, state: 'closed' });
    await expect(resolve('https://github.com/owner/elsewhere/issues/13')).rejects.toThrow(
      /is a pull request/,
    );
    await expect(resolve('https://github.com/owner/elsewhere/issues/14')).rejects.toThrow(/is closed/);
  });
});

describe('an issue on GitHub', () => {
  const found = () => resolve('elsewhere#12');

  it('of a repository that was renamed is found under its new name, by its number alone', async () => {
    Object.assign(repository, { name: 'new-name', formerly: ['owner/elsewhere'] });

    expect(await found()).toMatchObject({
      place: { owner: 'owner', repo: 'new-name', number: 12 },
      addresses: ['https://github.com/owner/new-name', expect.any(String), expect.any(String)],
    });
    expect(github.requests.map(({ path }) => path)).toEqual([
      '/repos/owner/elsewhere',
      `/repositories/${repository.id}`,
      '/repos/owner/new-name/issues/12',
    ]);
  });

  it('of a repository that went to another owner is refused: nobody has allowed that one', async () => {
    Object.assign(repository, { owner: github.addUser('mallory'), formerly: ['owner/elsewhere'] });

    await expect(found()).rejects.toThrow(/is mallory\/elsewhere now, which is another owner's/);
    expect(github.requests.every(({ path }) => !path.includes('/issues/'))).toBe(true);
  });

  it('that was moved to another repository, or deleted, is told as that, and never followed', async () => {
    const [issue] = repository.issues;
    if (issue === undefined) throw new Error('no issue');
    issue.movedTo = github.addIssue(github.addRepository(repository.owner, 'secrets'), ada);
    await expect(found()).rejects.toMatchObject({ status: 301, remedy: expect.stringContaining('moved') });
    Object.assign(issue, { movedTo: null, isDeleted: true });
    await expect(found()).rejects.toMatchObject({ status: 410, remedy: expect.stringContaining('deleted') });
    Object.assign(issue, { isDeleted: false });
    repository.hasIssues = false;
    await expect(found()).rejects.toMatchObject({ remedy: expect.stringContaining('switched off') });
    expect(github.requests.every(({ path }) => !path.startsWith('/repositories/'))).toBe(true);
  });

  it('of a repository that is private is not there for whoever may not see it', async () => {
    repository.isPrivate = true;

    await expect(found()).rejects.toThrow(
      'There is no issue owner/elsewhere#12, neither on the forge nor on GitHub, or the token may not see it.',
    );
  });

  it('of an archived repository is refused', async () => {
    repository.archived = true;

    await expect(found()).rejects.toThrow(/is archived/);
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

  it('is an issue of GitHub without a token for it', async () => {
    await expect(order({ reference: 'elsewhere#12' })).rejects.toMatchObject({
      message: 'There is no token.',
      remedy: expect.stringContaining('FORGECREW_GITHUB_TOKEN'),
    });
    expect(github.requests).toEqual([]);
  });

  it('is isolation for a trusted worker, and none for any other', async () => {
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
