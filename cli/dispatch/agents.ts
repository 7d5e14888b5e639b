import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { namesBehind } from '../../actions/forge-agent/pick.ts';
import { isolations } from '../../core/agent/cell/cell.ts';
import type { Declared } from '../../core/agent/declared.ts';
import { agentName, agentOf, parseManifest, promptTrouble } from '../../core/agent/manifest.ts';
import { codeOf, formatFault, UserError } from '../../core/errors.ts';
import { quoted } from '../../core/text/log-line.ts';
import type { DispatchConfig } from './config.ts';
import type { Order } from './order.ts';

export type DeclaredAgent = Declared & { kind: 'agent' };

/** Which agent works on an issue: the one that was asked for, the one of its label, or the usual one. Pure. */
export function agentFor(
  {
    labels,
    agent,
    profile,
  }: { labels: readonly string[]; agent: string | undefined; profile: string | undefined },
  { labelPrefix, defaultAgent }: Pick<DispatchConfig, 'labelPrefix' | 'defaultAgent'>,
): { agent: string; profile: string | null } {
  const named = (prefix: string): string[] =>
    namesBehind(
      prefix,
      labels.map((name) => ({ name })),
    );
  const labelled = named(labelPrefix);
  if (agent === undefined && labelled.length > 1)
    throw new UserError(
      `The issue has ${labelled.length} labels ${labelPrefix}:..., and one agent works on it.`,
      'Leave one of them, or say which agent with --agent.',
    );
  const found = agent ?? labelled[0] ?? defaultAgent;
  if (found === undefined)
    throw new UserError(
      `No agent is named: the issue has no label ${labelPrefix}:..., and there is no default-agent.`,
      'Give --agent, or set default-agent in the configuration.',
    );
  const [ofLabel = null] = named(`${labelPrefix}-profile`);
  return { agent: found, profile: profile ?? (agent === undefined ? ofLabel : null) };
}

/** The manifest of an agent on this machine, held to what was asked for. Throws where it cannot be used. */
export function readAgent(
  folder: string,
  { agent, profile, isolation, trustMe }: Pick<Order, 'agent' | 'profile' | 'isolation' | 'trustMe'>,
): DeclaredAgent {
  // It may be what stands in a label, and with slashes in it would name any manifest of this machine, one of the project's own too.
  if (!agentName.test(agent))
    throw new UserError(
      `${quoted(agent, 100)} is no name of an agent: those are lower-case letters, digits and hyphens.`,
      'Give the issue another label, or say which agent with --agent.',
    );
  const file = path.join(folder, `${agent}.toml`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new UserError(
      `There is no manifest of ${agent} at ${file} (${codeOf(error)}).`,
      'Put it there, as agents/ of the ops repo has it, or set agents in the configuration.',
    );
  }
  const parsed = parseManifest(file, bytes);
  if (!parsed.ok)
    throw new UserError(
      `The manifest of ${agent} cannot be read:\n${parsed.faults.map(formatFault).join('\n')}`,
    );
  const manifest = parsed.document;
  const own = agentOf(manifest, profile);
  if (own === undefined) throw new UserError(`${agent} has no profile ${profile}.`);
  const prompt = manifest.prompt ?? promptIn(folder, manifest.prompt_file);
  const found = (changed: Partial<typeof manifest>): DeclaredAgent => ({
    kind: 'agent',
    file,
    manifest: { ...manifest, ...changed },
    blob: '',
    prompt,
    promptFile: null,
  });
  if (trustMe) return found({ isolation: 'none', network: 'open' });
  if (own.isolation === 'none')
    throw new UserError(
      `The manifest of ${agent} allows isolation none, and an isolated worker is asked for.`,
      'Set isolation in its manifest to user or bwrap, or run it with --trust-me.',
    );
  if (isolation !== null && isolations.indexOf(isolation) > isolations.indexOf(own.isolation))
    throw new UserError(
      `--isolation ${isolation} is weaker than ${own.isolation}, which the manifest of ${agent} asks for.`,
      'Leave it out; the best that works here is taken.',
    );
  return found(isolation === null ? {} : { isolation });
}

function promptIn(folder: string, name: string | undefined): string {
  if (name === undefined) return '';
  const file = path.join(folder, name);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  const trouble = promptTrouble(name, size);
  if (trouble !== undefined) throw new UserError(`${folder}: ${trouble}.`);
  return readFileSync(file, 'utf8');
}
