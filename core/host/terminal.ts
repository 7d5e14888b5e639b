import { parseArgs } from 'node:util';
import { UserError } from '../errors.ts';
import { type Environment, type Host, type Print, present, settingsFrom } from './host.ts';

/**
 * A person at a terminal: settings as `--name value` (or `--name` for true), or as `FORGECREW_*` variables.
 * A token is better given as FORGECREW_FORGE_TOKEN: arguments can be read by every account on the machine.
 */
export function terminal(environment: Environment, args: string[], workspace: string, print: Print): Host {
  const fromEnvironment = settingsFrom(environment, 'FORGECREW_');
  const given = new Map<string, string>();
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args, strict: false, allowPositionals: true, tokens: true });
  } catch (error) {
    throw new UserError(
      `The arguments cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const loose: string[] = [];
  let flag: string | undefined;
  for (const token of parsed.tokens ?? []) {
    if (token.kind === 'option') {
      flag = token.value === undefined ? token.name : undefined;
      given.set(token.name, token.value ?? 'true');
    } else if (token.kind === 'positional') {
      // Without a list of options the parser cannot know that `--name value` belongs together.
      if (flag === undefined) loose.push(token.value);
      else given.set(flag, token.value);
      flag = undefined;
    }
  }
  if (loose.length > 0)
    throw new UserError(
      `Unexpected argument ${JSON.stringify(loose[0])}.`,
      'Settings are given as --name value.',
    );
  return {
    name: 'terminal',
    setting: (name) => present(given.get(name)) ?? fromEnvironment.setting(name),
    givenSettings: () => [...given.keys(), ...fromEnvironment.givenSettings()],
    facts: { isPullRequest: false, isEnvironmentChosen: false, workspace },
    automaticTokens: [],
    group(title, body) {
      print(title);
      body();
    },
    hide: () => undefined,
    output: () => undefined,
    summary: async () => undefined,
  };
}
