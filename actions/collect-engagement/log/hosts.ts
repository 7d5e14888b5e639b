/** A host as a URL has it, from a host with or without a port, or from a URL: in lower case, other letters as `xn--`. */
export function hostOf(text: string): string {
  const bare = text.trim().replace(/^[a-z][a-z0-9+.-]*:\/\/|^\/\//i, '');
  // Of a path a URL would make a host.
  for (const item of /^[/\\]/.test(bare) ? [] : [bare, `[${bare}]`])
    if (URL.canParse(`http://${item}`)) return withoutDot(new URL(`http://${item}`).hostname);
  return bare.toLowerCase().replace(/:\d{1,5}$/, '');
}

/** A host with the dot of the root behind it is the same host. */
export function withoutDot(host: string): string {
  return host.replace(/\.$/, '');
}

/** A host of ours as it is compared: `*.site.example` for it and all below it. Undefined for what names no host, or all. */
export function ownHostOf(given: string): string | undefined {
  const host = hostOf(given).replace(/^\.(?=[^.])/, '*.');
  const named = host.replace(/^\*\./, '');
  return /^(?:\[[0-9a-f:.]+\]|[^\s*/?#@[\]:]+)$/.test(named) ? host : undefined;
}

/** Whether a host is one of ours. */
export function ownHostsOf(ownHosts: string[]): (host: string) => boolean {
  const all = ownHosts.flatMap((given) => ownHostOf(given) ?? []);
  const names = new Set(all.map((host) => host.replace(/^\*\./, '')));
  const roots = all.flatMap((host) => (host.startsWith('*.') ? [host.slice(1)] : []));
  return (host) => names.has(host) || roots.some((root) => host.endsWith(root));
}
