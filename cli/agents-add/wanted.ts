import { agentsFolder } from '../../core/agent/manifest.ts';
import { agentLabel, lacking, type WantedFile } from '../factory/layout.ts';
import { purposeIn, withoutComments } from '../factory/pipelines.ts';
import type { Side } from '../init/state.ts';
import { missingPipelines } from '../init/wanted.ts';
import { type AddSettings, asInit } from './settings.ts';

// What the ops repo lacks for one more agent: pure.

export function nameOf({ name, engine }: AddSettings): string {
  return name ?? engine;
}

export function manifestFile(given: AddSettings): string {
  return `${agentsFolder}/${nameOf(given)}.toml`;
}

/** The branch of the pull request that asks for an agent where main takes no commit of ours. */
export function agentBranch(given: AddSettings): string {
  return `forgecrew/agent-${nameOf(given)}`;
}

/** What the engine speaks with its model. */
export function apiOf({ engine, api }: AddSettings): 'anthropic' | 'openai' {
  return engine === 'claude' ? 'anthropic' : engine === 'codex' ? 'openai' : api;
}

/** The secret of CI that holds the key of the model, as Forgejo Actions has it; null where no model is asked. */
export function keyOf(given: AddSettings): string | null {
  // No program of another engine works without a model.
  if (given.model === undefined) return null;
  return apiOf(given) === 'anthropic' ? 'ANTHROPIC_API_KEY' : 'OPENAI_API_KEY';
}

/** The agent, declared. */
export function manifestOf(given: AddSettings): string {
  const command = given['engine-command'];
  return [
    `# Whoever may write to the project gives this agent an issue with the label ${agentLabel(nameOf(given))}.`,
    '# What else can stand here is in actions/forge-agent/README.md; `forgecrew lint` checks it.',
    'enabled = true',
    `engine = ${JSON.stringify(given.engine)}`,
    ...(command.length === 0
      ? []
      : [`command = [${command.map((part) => JSON.stringify(part)).join(', ')}]`]),
    ...(given.model === undefined ? [] : [`model = ${JSON.stringify(given.model)}`]),
    `repositories = [${JSON.stringify(given['project-repo'])}]`,
    '',
  ].join('\n');
}

/** A pipeline of forge-agent that asks the model where it was said to be. */
function withModel(content: string, given: AddSettings): string {
  const joint = given.ci === 'forgejo' ? '-' : '_';
  const key = keyOf(given);
  // A secret that is not there keeps a pipeline of Woodpecker from starting at all.
  if (key === null) return content.replace(/^( *)engine[-_]key:.*\n(?:\1 +.*\n)*/m, '');
  return content
    .replaceAll('ANTHROPIC_API_KEY', key)
    .replaceAll('anthropic_api_key', key.toLowerCase())
    .replace(/^( *)engine[-_]key:/m, (line, indent: string) =>
      given.url === undefined
        ? line
        : `${indent}engine${joint}url: ${JSON.stringify(given.url)}\n${indent}engine${joint}api: ${apiOf(given)}\n${line}`,
    );
}

/** The manifest, and a pipeline where none starts agents. */
export function filesOf(given: AddSettings, ops: Side): WantedFile[] {
  const manifest: WantedFile = {
    path: manifestFile(given),
    content: manifestOf(given),
    does: `Declares the agent ${nameOf(given)}.`,
    unless: [],
  };
  const pipelines = missingPipelines(asInit(given), ops).map((pipeline) => ({
    ...pipeline,
    content: withModel(pipeline.content, given),
  }));
  return [...lacking([manifest], ops.paths), ...pipelines];
}

/** The pipeline that starts agents already, where it does not ask the model there. */
export function pipelineElsewhere({ url }: AddSettings, { pipelines }: Side): string | undefined {
  if (url === undefined) return undefined;
  const found = pipelines.find(({ text }) => purposeIn(text, 'forge-agent') === 'work');
  return found === undefined || withoutComments(found.text).includes(url) ? undefined : found.path;
}
