import { describe, expect, it } from 'vitest';
import { repositoryWords } from '../../core/accounts.ts';
import { crewFile, parseCrewFile, withCrew } from '../../core/crew-file.ts';

function read(text: string): unknown {
  const parsed = parseCrewFile(crewFile, Buffer.from(text, 'utf8'));
  return parsed.ok ? parsed.document : parsed.faults.map(({ line, message }) => `${line}: ${message}`);
}

describe('the crew file', () => {
  it.each([
    ['nothing', '', { paused: undefined, bots: [], projects: [] }],
    [
      'a pause that is over, with its reason still there',
      'pause = false\nreason = "moved house"',
      { paused: undefined, bots: [], projects: [] },
    ],
    [
      'a pause with its reason',
      'pause = true\nreason = "moving house"',
      { paused: 'moving house', bots: [], projects: [] },
    ],
    ['a pause without one', 'pause = true', { paused: 'no reason is given', bots: [], projects: [] }],
    [
      'accounts of agents',
      'bots = ["agent", "agent-2"]',
      { paused: undefined, bots: ['agent', 'agent-2'], projects: [] },
    ],
    [
      'the repositories of projects',
      'projects = ["owner/app", "owner/site"]',
      { paused: undefined, bots: [], projects: ['owner/app', 'owner/site'] },
    ],
  ])('says %s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    ['a name that is misspelt', 'paused = true', '1: "paused": no such field. Did you mean pause?'],
    ['a text where yes or no is meant', 'pause = "true"', '1: "pause": expected boolean'],
    ['one account that is no list', 'bots = "agent"', '1: "bots": expected array'],
    ['a name that no account can have', '\nbots = ["agent one"]', '2: "bots.0": an account name'],
    ['a project without its owner', 'projects = ["app"]', `1: "projects.0": ${repositoryWords}`],
    ['a project that is none', 'projects = ["acme/.."]', `1: "projects.0": ${repositoryWords}`],
    ['a reason of several lines', 'reason = """\na\nb"""', '1: "reason": one line of text'],
    ['pause below the header of a table', '[x]\npause = true', '1: "x": no such field'],
  ])('is refused for %s, and so never read as not paused', (_, text, expected) => {
    expect(read(text)).toEqual([expected]);
  });

  it('is refused where it is no TOML', () => {
    expect(read('pause: true')).toEqual([expect.stringContaining('is no TOML 1.0')]);
  });
});

describe('settings with the crew file', () => {
  const crew = { paused: undefined, bots: ['agent'] };

  it('have its accounts beside their own', () => {
    expect(withCrew({ bots: ['own'], more: 1 }, crew)).toEqual({ bots: ['own', 'agent'], more: 1 });
  });

  it('stay as they are in a role that knows no bots', () => {
    expect(withCrew({ more: 1 }, crew)).toEqual({ more: 1 });
  });
});
