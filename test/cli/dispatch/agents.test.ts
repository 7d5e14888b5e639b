import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentFor, readAgent } from '../../../cli/dispatch/agents.ts';

let root: string;
let agents: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'forgecrew-agents-'));
  agents = path.join(root, 'config/agents');
  for (const folder of [agents, path.join(root, 'src/project/agents')])
    mkdirSync(folder, { recursive: true });
  const manifest =
    'enabled = true\nengine = "command"\ncommand = ["true"]\nrepositories = ["o/r"]\nprompt = "x"\n';
  writeFileSync(path.join(agents, 'builder.toml'), manifest);
  writeFileSync(path.join(root, 'src/project/agents/evil.toml'), manifest);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const asked = { isolation: null, trustMe: true };
const byLabel = (label: string) =>
  agentFor(
    { labels: [label], agent: undefined, profile: undefined },
    { labelPrefix: 'crew', defaultAgent: undefined },
  );

describe('the manifest of a dispatch', () => {
  it('is the one that a label names', () => {
    expect(readAgent(agents, { ...asked, ...byLabel('crew:builder') })).toMatchObject({
      file: path.join(agents, 'builder.toml'),
    });
  });

  it.each(['../../src/project/agents/evil', '/etc/evil', '.', '', 'Builder', '__proto__'])(
    'is none outside of its folder, whatever a label says: crew:%s',
    (name) => {
      expect(() => readAgent(agents, { ...asked, ...byLabel(`crew:${name}`) })).toThrow(
        /is no name of an agent/,
      );
    },
  );
});
