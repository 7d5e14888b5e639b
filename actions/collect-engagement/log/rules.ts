import { Buffer } from 'node:buffer';
import { isbot } from 'isbot';
import { hostOf, withoutDot } from './hosts.ts';
import type { Units } from './record.ts';
import { agentBytes } from './scan.abi.ts';

/** What decides how a line counts; plain data, so that a thread can be given it. */
export interface Rules {
  /** The day, as YYYY-MM-DD, in UTC. */
  date: string;
  units: Units;
  /** When the log is read, in seconds since the epoch; without it no record is in the future. */
  now?: number;
  /** Hosts that are ours, as they were given: coming from there is no referral. */
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

/** Files that are no pages either: papers, recordings, archives. Programs fetch them in parts. */
const file = /\.(?!(?:x?html?|php\d?|aspx?|jsp|cgi)$)[a-z0-9]{1,8}$/i;

/** What a path is of: a page, a file that is read by itself, or one that pages are made of. */
export type Kind = 'page' | 'file' | 'asset';

export function kindOf(path: string): Kind {
  if (asset.test(path)) return 'asset';
  return file.test(path) ? 'file' : 'page';
}

/** Whether a part begins where the whole begins, as far as the header `Range` tells; what is not known may. */
export function isBeginning(range: string | undefined): boolean {
  return range === undefined || /^\s*bytes\s*=\s*0+\s*-/i.test(range);
}

/** Whether a text is an address: a visitor. The name of a socket, a masked address or a number of a connection is none. */
export function isAddress(text: string): boolean {
  return text.includes(':') ? isIPv6(text) : isIPv4(text);
}

function isIPv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

function isIPv6(text: string): boolean {
  // The zone of a link-local address stands behind it.
  const [, address = '', last] =
    /^([0-9a-f:]{2,39}?)((?<=:)\d{1,3}(?:\.\d{1,3}){3})?(?:%[\w.-]{1,40})?$/i.exec(text) ?? [];
  if (last !== undefined && !isIPv4(last)) return false;
  // Two groups may be written as an IPv4 address.
  const halves = `${address}${last === undefined ? '' : '0:0'}`.split('::');
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8;
}

/** Whether an address names a whole network: its last part is zero, as masking leaves it. */
export function isNetwork(address: string): boolean {
  return address.includes(':') ? address.endsWith('::') : address.endsWith('.0');
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
export function referrerOf(
  referer: string,
  host: string,
  isOwn: (host: string) => boolean,
): string | undefined {
  if (!URL.canParse(referer)) return undefined;
  const source = withoutDot(new URL(referer).hostname.toLowerCase());
  return source === '' || source === hostOf(host) || isOwn(source) ? undefined : source;
}
