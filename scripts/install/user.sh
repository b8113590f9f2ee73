# shellcheck shell=bash
# Who it runs as, and with which Node.

is_root() { [ "$(id -u)" = 0 ]; }
can_be() { is_root || [ "$(id -un)" = "$1" ]; }

# Runs a command with what a service's user has, and nothing of ours: root runs nothing that a user
# can change. Without setsid that could type into root's terminal; without sh, env would take a path
# with a = in it for a variable.
as_user() { # COMMAND...
  local bare=(env -i "HOME=$home" "USER=$run_as" "LOGNAME=$run_as"
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
  [ "$mode" != user ] || bare+=("XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR")
  # shellcheck disable=SC2016 # for the other shell
  bare+=(sh -c 'exec "$@"' sh)
  if [ "$(id -un)" = "$run_as" ]; then "${bare[@]}" "$@"; else setsid --wait runuser -u "$run_as" -- "${bare[@]}" "$@"; fi
}

# Runs a command as the owner of what is installed: root for the system's files, else the user.
as_owner() { if [ "$mode" = systemd ]; then "$@"; else as_user "$@"; fi; }

find_user() {
  local map=${given[CLAUDE_SESSION_DIR]:-${old[CLAUDE_SESSION_DIR]:-$(default_dir)}}/session_map.json
  if [ -n "$run_as" ]; then :
  elif [ "$mode" = user ] || ! is_root; then run_as=$(id -un)
  elif [ "$mode" = systemd ] && [ -e "$instance_conf" ]; then run_as=$(sed -n 's/^User=//p' "$instance_conf")
  elif [ -n "${old[User]-}" ]; then run_as=${old[User]}
  elif [ -e "$map" ]; then run_as=$(stat -c %U -- "$map"); fi # of a link, whoever made it
  run_as=${run_as:-${SUDO_USER:-}}
  [ -z "$asks" ] || [ "$mode" = user ] || ! is_root || ask run_as 'User that the bridge runs as' "$run_as" is_user
  [ -n "$run_as" ] || die 'which user does the bridge run as? --run-as USER'
  is_user "$run_as"
  home=$(getent passwd -- "$run_as" | cut -d: -f6)
  check_value "$run_as's home" "$home"
}

is_user() { # NAME
  [[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$ ]] || die "--run-as: not a user's name: $(printf %q "$1")"
  getent passwd -- "$1" >/dev/null || die "--run-as: no such user: $1"
}

check_home() {
  [ -d "$home" ] || [ -n "${CLAUDE_CONFIG_DIR-}${GEMINI_CLI_HOME-}${CODEX_HOME-}" ] || [ -n "$uninstall" ] ||
    refuse "$run_as's home, $home, is not there: is that the user the CLIs run as? Give another one with --run-as, or make it"
}

find_node() {
  local tried=''
  use_node "${node:-$(command -v node)}" && return
  [ -n "$node" ] || { use_node "$(login_node)" && return; }
  die "no Node 20 or later that $run_as can run${tried:+ (tried$tried)}: give one with --node PATH"
}

use_node() { # PATH
  local real
  { is_program_path "$1" && as_user test -x "$1"; } || return
  tried+=" $1"
  real=$(as_user "$1" -p 'parseInt(process.versions.node, 10) < 20 ? process.exit(1) : process.execPath' 2>/dev/null) || return
  # A version manager's shim needs its shell's variables: take what it stands for.
  if [ "$(realpath -- "$1")" = "$real" ]; then node=$1; else node=$real; fi
  is_program_path "$node" || die "not a path of Node: $(printf %q "$node")"
  check_value 'the path of Node' "$node"
}

# What the user's own programs answer becomes the first word of ExecStart=, where systemd has a meaning
# for + and others in front of a path.
is_program_path() { [[ $1 == /* ]]; }

login_node() { # nvm and the like are set up by a login shell; with our terminal that would wait for input
  as_user setsid --wait timeout -k 5 20 "$(getent passwd -- "$run_as" | cut -d: -f7)" -lic 'command -v node' </dev/null 2>/dev/null | grep '^/' | tail -n 1
}
