// What starts a role on Woodpecker: a shell script, made for each role by docs.ts.

/** Where an administrator may say which Node is used; its first line is the path of the program. */
export const recordedNode = '/etc/forgecrew/node';

/** Where Node is looked for otherwise, in this order: installed by hand or in the official images, by a package, on NixOS. */
export const usualNodes = ['/usr/local/bin/node', '/usr/bin/node', '/run/current-system/sw/bin/node'];

/** Where a role finds the programs that it starts: behind the folder of a recorded Node. */
const programFolders =
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';

/**
 * What a role is told on Woodpecker, as patterns of the shell: its settings, what CI says, and of the machine what
 * core/host/ reads. Everything else is taken away.
 */
const kept = [
  'PLUGIN_*',
  'CI',
  'CI_*',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ROLE_EXTRA_CA_CERTS',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_*',
];

/**
 * The launcher of a role.
 *
 * Whoever restarts a pipeline may give it any variable, so the script trusts none: until its environment is cleaned, it uses
 * only words of the shell that nothing in an environment can change. What acts on /bin/sh before its first line (LD_PRELOAD)
 * is out of its reach; docs/threat-model.md says so.
 *
 * Variables are taken away, not copied: a copy would have to name each value in the arguments of a program, where every
 * account of the machine can read the token. And no value is ever looked at: a line in it that looks like a variable can only
 * name one that is taken away, or one that is there anyway.
 */
export function launcher(
  name: string,
  { recorded = recordedNode, usual = usualNodes }: { recorded?: string; usual?: string[] } = {},
): string {
  return `#!/bin/sh -p
# Made from scripts/launcher.ts by \`npm run docs\`; edit that.
# Woodpecker's local backend runs a plugin by the path in \`image:\`; a container runs it as its entry point.
# Whoever restarts a pipeline chooses its environment: no variable is used before all but these are taken away.
# -p: bash would otherwise take functions and options from the environment, and run a command in PS4.

set -f +a
case \${BASH_VERSION-} in
  # Started without -p it may have been handed functions in place of these.
  ?*) unset -f '[' printf read ls readlink ;;
esac
ROLE_EXTRA_CA_CERTS=\${NODE_EXTRA_CA_CERTS-}
export ROLE_EXTRA_CA_CERTS
IFS='
'
exported=$(export -p) || exit 1
for line in $exported; do
  name=\${line%%=*}
  name=\${name##* }
  case $name in
    ${kept.join(' | ')}) ;;
    # No name, so no variable of this shell; and those that bash or dash does not give up.
    '' | [0123456789]* | *[!${nameCharacters}]*) ;;
    BASHOPTS | BASH_VERSINFO | EUID | OPTIND | PPID | SHELLOPTS | UID) ;;
    *) unset "$name" ;;
  esac
done
unset IFS

stop() {
  printf 'Stopped: %s\\n%s\\n' "$1" "$2"
  exit 1
}

# Whether a file belongs to root, and nobody else may write it.
is_roots() {
  set -- $(ls -ldnL "$1")
  case $1 in
    ?????-??-*) [ "$3" = 0 ] ;;
    *) return 1 ;;
  esac
}

is_program() {
  case $1 in
    /*) [ -x "$1" ] && [ ! -d "$1" ] ;;
    *) return 1 ;;
  esac
}

PATH=${programFolders}
export PATH
node=
if [ -e ${recorded} ]; then
  is_roots ${recorded.replace(/\/[^/]*$/, '')} && is_roots ${recorded} ||
    stop '${recorded} names the Node to use, and somebody else than root may write it.' \\
      'Give the file and its folder to root, and to nobody else the right to write them.'
  read -r node <${recorded}
  is_program "$node" ||
    stop "The first line of ${recorded} is not the path of a program: '$node'." \\
      'Write the whole path of Node into its first line, such as /opt/node/bin/node.'
  # Programs that came with this Node start with it.
  PATH=\${node%/*}:$PATH
else
  for place in ${usual.join(' ')}; do
    is_program "$place" && node=$place && break
  done
  [ -n "$node" ] ||
    stop 'Node was not found in ${usual.join(', ')}.' \\
      'Install Node 20.18.1 or newer in one of these places, or write its path into ${recorded} (as root).'
fi

case $0 in
  */*) here=$0 ;;
  *) here=./$0 ;;
esac
[ ! -h "$here" ] || here=$(readlink -f "$here")
exec "$node" "\${here%/*}/../../dist/${name}/index.js" "$@"
`;
}

/** Written out: a range of letters is what the locale says, and that stands in the environment. */
const nameCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_';
