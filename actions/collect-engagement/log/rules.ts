import { Buffer } from 'node:buffer';
import { isbot } from 'isbot';
import type { Units } from './record.ts';
import { agentBytes } from './scan.abi.ts';

/** What decides how a line counts; plain data, so that a thread can be given it. */
export interface Rules {
  /** The day, as YYYY-MM-DD, in UTC. */
  date: string;
  units: Units;
  /** When the log is read, in seconds since the epoch; without it no record is in the future. */
  now?: number;
  /** Hosts that are ours, in lower case: coming from there is no referral. */
  ownHosts: string[];
}

/** The day from its first second to before the first of the next, in seconds since the epoch. */
export function dayOf(date: string): { from: number; to: number } {
  const from = Date.parse(`${date}T00:00:00Z`) / 1000;
  return { from, to: from + 86_400 };
}

/** Records that are later were written by a clock that is wrong, or are read in another unit than they were written. */
export function presentOf({ now = Number.POSITIVE_INFINITY }: Rules): number {
  // Clocks differ by minutes.
  return now + 300;
}

/** Files that pages are made of: asking for one is not viewing a page. */
const asset =
  /\.(?:css|js|mjs|map|json|xml|txt|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|mp4|webm|wasm|webmanifest)$/i;

export function isAsset(path: string): boolean {
  return asset.test(path);
}

/** Up to the first `?` or `#`. */
export function pathOf(uri: string): string {
  const end = uri.search(/[?#]/);
  return end < 0 ? uri : uri.slice(0, end);
}

/** A path as it is published: of an address in it, wherever it stands, never the user and password. */
export function publicPath(path: string): string {
  if (!path.includes('@')) return path;
  // Segments and the slashes between them; a long path is looked at once.
  const parts = path.split(/([/\\]+)/);
  return parts
    .map((part, index) => {
      const at = part.lastIndexOf('@');
      if (index % 2 === 1 || at < 0) return part;
      const isAuthority =
        parts[index - 2]?.endsWith(':') === true ||
        (index === 2 && parts[0] === '' && (parts[1]?.length ?? 0) > 1);
      if (isAuthority) return part.slice(at + 1);
      const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(part)?.[0] ?? '';
      return scheme === '' || scheme.length > at ? part : `${scheme}${part.slice(at + 1)}`;
    })
    .join('');
}

/** Whether an agent is a bot, judged on its first `agentBytes`. */
export function isBot(agent: string): boolean {
  const bytes = Buffer.from(agent, 'utf8');
  return isbot(bytes.length <= agentBytes ? agent : bytes.subarray(0, agentBytes).toString('utf8'));
}

/** The host that a `Referer` names, unless it is our own or none: in lower case, without a port. */
export function referrerOf(referer: string, host: string, ownHosts: ReadonlySet<string>): string | undefined {
  if (!URL.canParse(referer)) return undefined;
  const source = new URL(referer).hostname.toLowerCase();
  const here = host.toLowerCase().replace(/:\d{1,5}$/, '');
  return source === '' || source === here || ownHosts.has(source) ? undefined : source;
}
