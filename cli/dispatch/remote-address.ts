import { sameRepository } from '../../core/accounts.ts';

/** Where a remote is: which server, by which door, and which repository there. */
export interface RemotePlace {
  host: string;
  /** Of the web server; null: it is reached by SSH, whose port says nothing of the web server. */
  port: string | null;
  /** Without slashes around and without `.git`. */
  path: string;
}

/** Reads an address that git would fetch from: a URL, or `user@host:path`. Undefined: it names no server. Pure. */
export function placeOfRemote(address: string): RemotePlace | undefined {
  if (!address.includes('://')) {
    // A slash before the colon makes it a path of this machine.
    const [, host, path] = /^(?:[^@/:\s]+@)?([^@/:\s]+):(?!\/\/)([^\s]+)$/.exec(address) ?? [];
    return host === undefined || path === undefined ? undefined : place(host, null, path);
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.hostname === '' || url.search !== '' || url.hash !== '') return undefined;
  if (url.protocol === 'https:' || url.protocol === 'http:')
    return place(url.hostname, url.port || (url.protocol === 'https:' ? '443' : '80'), url.pathname);
  if (/^(?:git\+)?ssh:$/.test(url.protocol)) return place(url.hostname, null, url.pathname);
  return undefined;
}

function place(host: string, port: string | null, path: string): RemotePlace | undefined {
  const bare = path
    .replace(/\/+$/, '')
    .replace(/\.git$/i, '')
    .replace(/^\/+/, '');
  return bare === '' ? undefined : { host: host.toLowerCase(), port, path: bare };
}

/** Whether two addresses are of one repository. Pure. */
export function sameRemote(one: string, other: string): boolean {
  const [first, second] = [placeOfRemote(one), placeOfRemote(other)];
  return (
    first !== undefined &&
    second !== undefined &&
    first.host === second.host &&
    (first.port === null || second.port === null || first.port === second.port) &&
    sameRepository(first.path, second.path)
  );
}
