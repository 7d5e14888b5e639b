import type { Fields, Json, Rule } from './pick.ts';

// The words in which the closed lists of both APIs are written.

export const text: Rule = { kind: 'text' };
export const number: Rule = { kind: 'number' };
export const boolean: Rule = { kind: 'boolean' };
export const inert: Rule = { kind: 'inert' };
export const dropped: Rule = { kind: 'dropped' };
/** Text or null, as clients write a field that is not used. */
export const textOrNull: Rule = { kind: 'either', text, empty: true };

export const oneOf = (...values: Json[]): Rule => ({ kind: 'one of', values });
export const list = (of: Rule): Rule => ({ kind: 'list', of });
export const object = (fields: Fields): Rule => ({ kind: 'object', fields });
export const refused = (why: string, ...unless: Json[]): Rule => ({ kind: 'refused', why, unless });

const remote =
  'is fetched by the provider: that would be a way out of this machine. Put the data itself in, as base64';

/** An image as OpenAI takes it: a data URL. The provider would fetch any other. */
export const dataUrl: Rule = {
  kind: 'matching',
  pattern: /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\r\n]*$/,
  why: `is no image in a data URL; any other address ${remote}`,
};

export const remoteSource = refused(remote);
export const providerTool =
  'no tool that the agent itself runs. Tools of the provider (web search, code execution, remote MCP servers and their like) are a way around what this agent may reach; switch them off in its configuration';
export const stored = 'is kept or run on at the provider, out of reach of this run';
export const priced = 'changes what tokens cost, so that the limit of this run would not hold';
