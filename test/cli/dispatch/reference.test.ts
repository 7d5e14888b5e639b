import { describe, expect, it } from 'vitest';
import type { AllowedOwner } from '../../../cli/dispatch/config.ts';
import { checkoutOf, githubHostOf, referenceOf } from '../../../cli/dispatch/reference.ts';

const both: AllowedOwner[] = [
  { platform: 'forgejo', owner: 'acme' },
  { platform: 'github', owner: 'acme' },
];
const forge = 'https://forge.example:3000/git';
const hosts = (owners: AllowedOwner[] = both, api = 'https://api.github.com') => ({
  forge,
  owners,
  github: { api },
});
const ofForge = {
  platform: 'forgejo',
  host: 'forge.example:3000',
  owner: 'acme',
  repo: 'widgets',
  number: 12,
};
const ofGithub = { ...ofForge, platform: 'github', host: 'github.com' };

describe('a reference to an issue', () => {
  it('is looked for on the forge first, and on GitHub only for an owner who is allowed there', () => {
    expect(referenceOf('acme/widgets#12', hosts())).toEqual([ofForge, ofGithub]);
    expect(referenceOf('acme/widgets#12', hosts(both.slice(0, 1)))).toEqual([ofForge]);
    expect(referenceOf('acme/widgets#12', hosts(both.slice(1)))).toEqual([ofGithub]);
  });

  it('may leave its owner out where only one is allowed', () => {
    expect(referenceOf('widgets#12', hosts())).toEqual([ofForge, ofGithub]);
    expect(() => referenceOf('widgets#12', hosts([...both, { platform: 'github', owner: 'other' }]))).toThrow(
      /several owners are allowed: acme, other/,
    );
  });

  it('by its address is of that host alone', () => {
    expect(referenceOf(`${forge}/acme/widgets/issues/12`, hosts())).toEqual([ofForge]);
    expect(referenceOf(`${forge}/acme/widgets/issues/12/?tab=1#issuecomment-3`, hosts())).toEqual([ofForge]);
    expect(referenceOf('https://github.com/acme/widgets/issues/12', hosts())).toEqual([ofGithub]);
  });

  it('of a GitHub Enterprise is by its address of that one, and github.com is then no host of an issue', () => {
    const enterprise = hosts(both.slice(1), 'https://git.acme.example/api/v3');

    expect(referenceOf('https://git.acme.example/acme/widgets/issues/12', enterprise)).toEqual([
      { ...ofGithub, host: 'git.acme.example' },
    ]);
    expect(() => referenceOf('https://github.com/acme/widgets/issues/12', enterprise)).toThrow(
      /neither the forge nor GitHub/,
    );
  });

  it.each([
    ['https://api.github.com', 'github.com'],
    ['https://api.github.com/', 'github.com'],
    ['https://git.acme.example/api/v3/', 'git.acme.example'],
    ['https://git.acme.example:8443/api/v3', 'git.acme.example:8443'],
    ['https://api.acme.ghe.com', 'acme.ghe.com'],
    ['https://api.acme.ghe.com.evil.example', 'github.com'],
  ])('has its pages, where its API is at %s, on %s', (api, host) => {
    expect(githubHostOf(api)).toBe(host);
  });

  it.each([
    ['mallory/widgets#12', /mallory is not among allowed-owners/],
    [`${forge}/mallory/widgets/issues/12`, /mallory on the forge is not among allowed-owners/],
    ['https://github.com/mallory/widgets/issues/12', /mallory on GitHub is not among allowed-owners/],
    ['https://evil.example/acme/widgets/issues/12', /neither the forge nor GitHub/],
    ['https://github.com.evil.example/acme/widgets/issues/12', /neither the forge nor GitHub/],
    ['http://github.com/acme/widgets/issues/12', /neither the forge nor GitHub/],
    ['https://forge.example:3000/gitacme/widgets/issues/12', /neither the forge nor GitHub/],
    ['https://user@github.com/acme/widgets/issues/12', /no address of an issue/],
    [`${forge}/acme/widgets/issues/12/../../../../mallory/x/issues/1`, /not among allowed-owners/],
    [`${forge}/acme/widgets/pulls/12`, /is a pull request/],
    ['https://github.com/acme/widgets/pull/12', /is a pull request/],
    ['acme/widgets', /names no issue/],
    ['acme/widgets#0', /names no issue/],
    ['acme/widgets#1e3', /names no issue/],
    ['a/b/c#1', /names no issue/],
    ['-x#1 ', /names no issue/],
  ])('is refused before anything is asked: %s', (text, what) => {
    expect(() => referenceOf(text, hosts())).toThrow(what);
  });

  it('on GitHub alone is refused for an owner who is only allowed on the forge', () => {
    expect(() => referenceOf('https://github.com/acme/widgets/issues/12', hosts(both.slice(0, 1)))).toThrow(
      /acme on GitHub is not among allowed-owners/,
    );
  });

  it('takes owners for the same that differ by capitals, as every host does', () => {
    expect(referenceOf('ACME/widgets#12', hosts(both.slice(0, 1)))).toMatchObject([{ owner: 'ACME' }]);
  });

  it('has its clone where the template says, and never above that', () => {
    expect(checkoutOf('/src/{host}/{owner}/{repo}', { ...ofForge, platform: 'forgejo' })).toBe(
      '/src/forge.example_3000/acme/widgets',
    );
    expect(() => checkoutOf('/src/{owner}/{repo}', { ...ofForge, platform: 'forgejo', repo: '..' })).toThrow(
      /no place on this machine/,
    );
  });
});
