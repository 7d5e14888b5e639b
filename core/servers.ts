import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ConnectionOptions } from './api/connection.ts';
import { createSend, type Service } from './api/http.ts';
import { describeRequest, type Send } from './api/send.ts';
import { createServerClock } from './api/server-clock.ts';
import { UserError } from './errors.ts';
import type { ForgeRemote } from './git.ts';
import type { Host } from './host/host.ts';
import type { Surroundings } from './host/surroundings.ts';
import type { Mask } from './mask.ts';
import type { Report } from './report.ts';
import type { flowSettings, ValuesOf, woodpeckerSettings } from './settings.ts';
import { quoted } from './text/log-line.ts';
import { woodpeckerService } from './woodpecker/pipelines.ts';

// The servers that a run asks: the forge, and Woodpecker where the role has settings for it.

type Flow = ValuesOf<typeof flowSettings>;

/** What a run hands to its connections. */
export interface ServerOptions {
  host: Host;
  mask: Mask;
  /** Where requests are counted. */
  report: Pick<Report, 'requests'>;
  isDebug: boolean;
  say: (line: string) => void;
  surroundings: Surroundings;
  /** When the whole run has to be over, in milliseconds since the epoch. */
  deadline: number;
  clock: () => number;
  pause?: (ms: number) => Promise<void>;
}

/** The same servers twice: as a role reads them, and as a plan is carried out on them. */
export interface Servers {
  /** Anything but a read throws: reading writes nothing, not by promise, but because it cannot. */
  reading: { send: Send; forgeNow: () => string; woodpecker?: Send; audit?: Send };
  writing: { send: Send; labels?: Send; job?: Send; woodpecker?: Send };
  /** The forge, for what is no request: git reaches it the same way. */
  forge: ForgeRemote;
  close(): void;
}

/** Connections to the servers that the settings name; each is made when it is first used. */
export function openServers(settings: unknown, options: ServerOptions): Servers {
  // Sound because a role's settings spread over these.
  const flow = settings as Pick<Flow, 'forge-url' | 'forge-token' | 'forge-ca'>;
  const connection = connectionOf(flow['forge-ca'], options);
  const shared = { ...options, ...connection };
  const forge = createSend({ ...shared, url: flow['forge-url'] ?? '', token: flow['forge-token'] ?? '' });
  const ci = woodpeckerOf(settings);
  const ciServer = ci === undefined ? undefined : createSend({ ...shared, ...ci });
  // A token that sees more than ours and writes nothing: there is no way to write with it from here.
  const { 'audit-token': auditToken } = settings as { 'audit-token'?: string };
  const auditor =
    auditToken === undefined
      ? undefined
      : createSend({ ...shared, url: flow['forge-url'] ?? '', token: auditToken });
  // Labels alone may be set with another token: that of the job, which may write issues where our account may only read.
  const { 'label-token': labelToken } = settings as { 'label-token'?: string };
  const labeller =
    labelToken === undefined
      ? undefined
      : createSend({ ...shared, url: flow['forge-url'] ?? '', token: labelToken });
  // What the host made for this job alone; nothing is asked with it but what a change says is to be.
  const [jobToken] = options.host.automaticTokens;
  const job =
    jobToken === undefined
      ? undefined
      : createSend({ ...shared, url: flow['forge-url'] ?? '', token: jobToken });
  const clock = createServerClock(options.clock, options.say);
  const send = counted(async (request) => {
    const response = await forge(request);
    clock.see(response);
    return response;
  }, options);
  const woodpecker = ciServer === undefined ? undefined : counted(ciServer, options);
  return {
    reading: {
      send: readOnly(send),
      forgeNow: clock.now,
      ...(woodpecker === undefined ? {} : { woodpecker: readOnly(woodpecker) }),
      ...(auditor === undefined ? {} : { audit: readOnly(counted(auditor, options)) }),
    },
    writing: {
      send,
      ...(labeller === undefined ? {} : { labels: counted(labeller, options) }),
      ...(job === undefined ? {} : { job: counted(job, options) }),
      ...(woodpecker === undefined ? {} : { woodpecker }),
    },
    forge: { url: flow['forge-url'] ?? '', token: flow['forge-token'] ?? '', connection },
    close() {
      forge.close();
      ciServer?.close();
      auditor?.close();
      labeller?.close();
      job?.close();
    },
  };
}

/** How Woodpecker is reached, for a role that has the settings and was given both. */
function woodpeckerOf(settings: unknown): { url: string; token: string; service: Service } | undefined {
  const { 'woodpecker-url': url, 'woodpecker-token': token } = settings as Partial<
    ValuesOf<typeof woodpeckerSettings>
  >;
  return url === undefined || token === undefined ? undefined : { url, token, service: woodpeckerService };
}

/**
 * Where whoever started the run may have set every variable, the token goes to no other forge than the one that CI names.
 * What CI says can be set as well in a restart: this keeps a mistake or a lazy trick out, and the threat model says so.
 */
export function refuseOtherForge(given: string | undefined, { facts }: Host): void {
  if (!facts.isEnvironmentChosen || facts.isPullRequest || given === undefined) return;
  const bare = (url: string): string => url.replace(/\/+$/, '');
  if (facts.forgeUrl !== undefined && bare(facts.forgeUrl) === bare(given)) return;
  throw new UserError(
    `forge-url is ${quoted(given)}, but CI says that its forge is ${facts.forgeUrl === undefined ? 'unknown' : quoted(facts.forgeUrl)}. This run was started or restarted by hand, and whoever did that may have chosen its settings, so its token goes to no other forge.`,
    'Let a push or cron start it, or take forge-url out of the settings of this pipeline.',
  );
}

/**
 * How the network is reached: proxies and certificates of the machine, and of the setting. Where somebody may have chosen
 * the environment none of that counts: a proxy of theirs would see where the token goes, a certificate of theirs be the forge.
 */
export function connectionOf(
  ofForge: string | undefined,
  {
    host,
    say,
    surroundings: { proxy, certificateFile },
  }: Pick<ServerOptions, 'host' | 'say' | 'surroundings'>,
): ConnectionOptions {
  const files = [ofForge, certificateFile].filter((file) => file !== undefined);
  if (!host.facts.isEnvironmentChosen)
    return {
      ...(proxy === undefined ? {} : { proxy }),
      ...(files.length === 0
        ? {}
        : { ca: files.map((file) => certificatesIn(path.resolve(host.facts.workspace, file))).join('\n') }),
    };
  if (proxy !== undefined || files.length > 0)
    say(
      'Proxies and further certificates do not count in this run: it was started or restarted by hand, and whoever did that may have chosen them.',
    );
  return { ca: '' };
}

function certificatesIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(
      `The certificates in ${file} could not be read (${error instanceof Error ? error.message : String(error)}).`,
      'Correct forge-ca, or NODE_EXTRA_CA_CERTS of the machine, to a file in PEM that the step may read.',
    );
  }
}

/** Every request of the run, counted, and in debug shown. */
function counted(send: Send, { report, isDebug, say }: ServerOptions): Send {
  return async (request) => {
    if (request.method === 'GET') report.requests.reads += 1;
    else report.requests.writes += 1;
    const response = await send(request);
    if (isDebug) say(`  ${describeRequest(request)} ${response.status}`);
    return response;
  };
}

/** Anything but a read throws. */
export function readOnly(send: Send): Send {
  return (request) => {
    if (request.method !== 'GET') throw new Error(`${describeRequest(request)} while reading`);
    return send(request);
  };
}
