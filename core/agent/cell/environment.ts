import type { CellFolders } from './cell.ts';

/** Where programs are looked for when nobody says. */
const usualPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * The PATH of a cell: its own `bin` first, so that `node` and `forge` are ours, then the folders of ours that its programs can
 * see. A relative folder would be looked up in the workspace, which belongs to the agent.
 */
export function pathOf(
  bin: string,
  ours: string | undefined,
  isVisible: (folder: string) => boolean,
): string {
  const folders = [...(ours ?? '').split(':'), ...usualPath].filter(
    (folder) => folder.startsWith('/') && isVisible(folder),
  );
  return [...new Set([bin, ...folders])].join(':');
}

/** The environment every program of a cell starts from: built from nothing, nothing of ours is in it. */
export function environmentOf(inside: CellFolders, temporary: string, path: string): Record<string, string> {
  const { home } = inside;
  return {
    PATH: path,
    HOME: home,
    TMPDIR: temporary,
    XDG_CONFIG_HOME: `${home}/.config`,
    XDG_DATA_HOME: `${home}/.local/share`,
    XDG_STATE_HOME: `${home}/.local/state`,
    XDG_CACHE_HOME: `${home}/.cache`,
    XDG_RUNTIME_DIR: temporary,
    LANG: 'C.UTF-8',
    USER: 'agent',
    LOGNAME: 'agent',
  };
}

/**
 * A variable that would act on the programs that take the rights away, which start with the same environment and, at `user`,
 * as root; or undefined.
 */
export function unsafeVariable(environment: Record<string, string>): string | undefined {
  return Object.keys(environment).find((name) =>
    /^(?:LD_|GLIBC_TUNABLES$|MALLOC_|GCONV_PATH$|LOCPATH$|NLSPATH$)/.test(name),
  );
}
