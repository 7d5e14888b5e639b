import type { CellFolders, LocalIsolation, Network } from './cell.ts';

/** The programs of the host that take rights away, by their paths. */
export interface Tools {
  bwrap?: string | undefined;
  setpriv?: string | undefined;
  prlimit?: string | undefined;
  script?: string | undefined;
  bash?: string | undefined;
}

/** A folder of the host that a bwrap cell sees: as it is, or as the link that it is. */
export interface SystemFolder {
  path: string;
  link?: string | undefined;
}

/** What a bwrap cell is made of. */
export interface BwrapView {
  network: Network;
  uid: number;
  gid: number;
  system: SystemFolder[];
  /** Files and folders that stand in the cell at a path of their own: [ours, its]. */
  readOnly: [string, string][];
  writable: [string, string][];
  folder: string;
  /** It knows how to forbid namespaces inside the cell (since 0.8.0). */
  closesNamespaces: boolean;
  /** Its session is that of a terminal of its own; see `terminal.ts`. */
  hasTerminal?: boolean;
}

/** Where bwrap says which process is the first of the cell. */
export const infoDescriptor = 3;

/** The arguments of bwrap, up to the program. */
export function bwrapArguments(view: BwrapView): string[] {
  const { network, uid, gid, system, readOnly, writable, folder, closesNamespaces } = view;
  return [
    '--unshare-user',
    // Inside a namespace of its own a program has every right over it, and more of the kernel to attack.
    ...(closesNamespaces ? ['--disable-userns'] : []),
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...(network === 'open' ? [] : ['--unshare-net']),
    ...['--uid', String(uid), '--gid', String(gid), '--hostname', 'cell'],
    // Without a session of its own it could type into the terminal that started us.
    ...(view.hasTerminal === true ? [] : ['--new-session']),
    ...['--die-with-parent', '--cap-drop', 'ALL'],
    ...system.flatMap(({ path, link }) =>
      link === undefined ? ['--ro-bind', path, path] : ['--symlink', link, path],
    ),
    ...['--proc', '/proc', '--dev', '/dev', '--dir', '/run', '--dir', '/var/tmp'],
    ...writable.flatMap(([ours, its]) => ['--bind', ours, its]),
    ...readOnly.flatMap(([ours, its]) => ['--ro-bind', ours, its]),
    // What is not mounted stands in memory: without this an agent fills that.
    ...['--remount-ro', '/'],
    ...['--chdir', folder, '--info-fd', String(infoDescriptor)],
  ];
}

/** The arguments of setpriv: another user, no groups, no capability, and no set-uid program gives any back. */
export function setprivArguments(uid: number, gid: number): string[] {
  return [
    ...['--reuid', String(uid), '--regid', String(gid), '--clear-groups'],
    ...['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],
    // When this role is killed, the program goes as well.
    ...['--pdeathsig', 'KILL'],
  ];
}

export interface Launch {
  isolation: LocalIsolation;
  tools: Tools;
  /** Whom the programs run as, where that is not us. */
  user: { uid: number; gid: number } | undefined;
  bwrap: string[];
  prlimit: string[];
}

/** Everything that stands before the program on the command line. */
export function launcher({ isolation, tools, user, bwrap, prlimit }: Launch): string[] {
  const chain: string[] = [];
  // First another user, then the namespaces: what leaves them by a defect of bwrap is still nobody.
  if (user !== undefined && tools.setpriv !== undefined)
    chain.push(tools.setpriv, ...setprivArguments(user.uid, user.gid), '--');
  if (isolation === 'bwrap' && tools.bwrap !== undefined) chain.push(tools.bwrap, ...bwrap, '--');
  if (tools.prlimit !== undefined) chain.push(tools.prlimit, ...prlimit, '--');
  return chain;
}

/** The folders as the programs see them: with bwrap always the same, whatever the host. */
export function insideOf(isolation: LocalIsolation, outside: CellFolders): CellFolders {
  return isolation === 'bwrap'
    ? { workspace: '/cell/workspace', home: '/cell/home', bin: '/cell/bin', door: '/cell/door' }
    : outside;
}
