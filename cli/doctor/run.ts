import { certificateExpiry } from '../../core/api/certificate.ts';
import { createSend } from '../../core/api/http.ts';
import { UserError } from '../../core/errors.ts';
import { surroundingsOf } from '../../core/host/surroundings.ts';
import { terminal } from '../../core/host/terminal.ts';
import { createMask } from '../../core/mask.ts';
import { connectionOf } from '../../core/servers.ts';
import { parseSettings } from '../../core/settings.ts';
import { plainJson } from '../../core/text/log-line.ts';
import { version } from '../../core/version.ts';
import { woodpeckerService } from '../../core/woodpecker/pipelines.ts';
import { staffOf } from '../factory/posts.ts';
import { faultsOf, loginsOf } from '../factory/settings.ts';
import { optionsRemedy } from '../run-command.ts';
import { examine } from './examine.ts';
import { type Checkup, exitCode } from './finding.ts';
import { type Machine, thisMachine } from './machine.ts';
import { read, type Senders } from './read.ts';
import { settings, tokenSetting } from './settings.ts';
import type { DoctorSettings } from './state.ts';
import { checkupLines, commandLines } from './text.ts';

export { settings };

export interface DoctorOptions {
  /** Settings by name; tokens among them. */
  given: Record<string, string | undefined>;
  json: boolean;
  all: boolean;
  now: () => Date;
  /** What the machine says of the network. */
  environment?: NodeJS.ProcessEnv;
  /** What tests put in the place of this machine, and of connections that are looked at and not used. */
  machine?: Machine;
  certificateExpiry?: (url: URL) => Promise<string>;
}

/** Looks at a whole factory, says what is wrong, and changes nothing. Resolves to the exit code. */
export async function doctor(
  { given, json, all, now, environment = {}, ...seams }: DoctorOptions,
  say: (line: string) => void,
): Promise<number> {
  const mask = createMask();
  const secrets = Object.entries(settings).filter(([, spec]) => spec.secret === true);
  for (const [name] of secrets) mask.add(given[name] ?? '');
  const args = Object.entries(given).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`--${name}=${value}`],
  );
  const host = terminal({}, args, '', () => undefined);
  const parsed = parseSettings(
    { settings, faults: (all) => faultsOf(all as unknown as DoctorSettings) },
    host,
    optionsRemedy,
  ) as unknown as DoctorSettings & { disk: boolean };
  const deadline = now().getTime() + parsed.deadline;
  const url = parsed['forge-url'];
  const surroundings = surroundingsOf(environment);
  const connection = connectionOf(parsed['forge-ca'], {
    host,
    say: (line) => say(mask.apply(line)),
    surroundings,
  });
  const opened: { close(): void }[] = [];
  const open = (options: Parameters<typeof createSend>[0]) => {
    const send = createSend({ ...connection, ...options });
    opened.push(send);
    return send;
  };
  const asked = (token: string) => ({ send: open({ url, token, mask, deadline }), end: token.slice(-8) });
  const { 'woodpecker-url': ciUrl, 'woodpecker-token': ciToken } = parsed;
  const senders: Senders = {
    send: open({ url, token: parsed['forge-token'], mask, deadline }),
    woodpecker:
      ciUrl === undefined || ciToken === undefined
        ? undefined
        : open({ url: ciUrl, token: ciToken, mask, deadline, service: woodpeckerService }),
    ofAccounts: new Map(
      staffOf(parsed.roles, loginsOf(parsed)).flatMap(({ name, login }) => {
        const token = given[tokenSetting(name)];
        return token === undefined || token === '' ? [] : [[login, asked(token)] as const];
      }),
    ),
    audit:
      given['audit-token'] === undefined || given['audit-token'] === ''
        ? undefined
        : asked(given['audit-token']),
    certificateExpiry:
      seams.certificateExpiry ??
      ((address) => {
        if (surroundings.proxy !== undefined)
          throw new UserError('a proxy stands in between, which may show another one');
        return certificateExpiry(address);
      }),
    machine: parsed.disk ? (seams.machine ?? thisMachine(environment)) : undefined,
  };
  try {
    const findings = examine(parsed, await read(senders, parsed, now));
    const count = (state: string): number => findings.filter((item) => item.state === state).length;
    const checkup: Checkup = {
      version: 1,
      forgecrew: version,
      forge: url,
      ops_repo: parsed['ops-repo'],
      project_repo: parsed['project-repo'],
      ci: parsed.ci,
      at: now().toISOString(),
      counts: { ok: count('ok'), broken: count('broken'), unknown: count('unknown') },
      findings,
    };
    const lines = json
      ? plainJson(checkup).split('\n')
      : [...checkupLines(checkup, all), ...commandLines(checkup, parsed)];
    for (const line of lines) say(mask.apply(line));
    return exitCode(checkup);
  } finally {
    for (const send of opened) send.close();
  }
}
