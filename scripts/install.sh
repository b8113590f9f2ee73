#!/usr/bin/env bash
# Installs claude-session-cleanup to run every hour, or takes it away again.  See --help.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: install.sh [--systemd | --user | --cron] [options]

Runs claude-session-cleanup every hour. On a terminal and without one of the first three options it
asks for everything.

  --systemd            a system service with a timer (recommended; needs root)
  --user               a service of your own user manager, without root
  --cron               a line in the user's crontab
  --instance NAME      a further instance beside the default one, such as dev
  --run-as USER        the bridge's user (default: the map's owner, or who called sudo)
  --session-dir DIR    where session_map.json lies (default: /tmp/claude_sessions)
  --hours N            idle threshold in hours (default: 2)
  --bridge-url URL     the running bridge's address on this machine; '' for none
  --bridge-unit NAME   a bridge without that interface: reload or restart this unit after a run that
                       removed mappings; '' for none
  --metrics FILE       write a Prometheus text file for the node exporter; '' for none
  --node PATH          the Node binary (default: the one on PATH, or on the user's own)
  --dry-run            show every file and command, and do nothing
  --uninstall          take everything away again
  --help

What is not given stays as an earlier installation has it. CLAUDE_CONFIG_DIR, GEMINI_CLI_HOME and
CODEX_HOME are taken over from the environment when set.
TEXT
}

name='claude-session-cleanup'
root=$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")
program=$root/bin/$name.js

# Other programs' words are among them: no control character of theirs reaches the terminal.
say() { printf '%s\n' "${*//[[:cntrl:]]/ }"; }
warn() { say "install.sh: warning: $*" >&2; }
die() { say "install.sh: $*" >&2; exit 1; }
wrong_usage() { printf 'install.sh: %s (--help shows the options)\n' "$*" >&2; exit 2; }

# ---- Options -------------------------------------------------------------------------------------

mode='' instance=default run_as='' node='' dry_run='' uninstall='' asks='' map_target='' dir_like=''
declare -A given=() # the settings as options, by the names that they have in the environment file

parse_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    esac
    case $1 in
      --systemd | --user | --cron)
        [ -z "$mode" ] || wrong_usage "--$mode and $1 exclude each other"
        mode=${1#--} ;;
      --dry-run) dry_run=1 ;;
      --uninstall) uninstall=1 ;;
      --help | -h) usage; exit ;;
      --instance | --run-as | --session-dir | --hours | --bridge-url | --bridge-unit | --metrics | --node)
        [ $# -gt 1 ] || wrong_usage "$1 takes a value"
        take_value "$1" "$2"
        shift ;;
      *) wrong_usage "unknown option: $1" ;;
    esac
    shift
  done
}

take_value() {
  case $1 in
    --bridge-url | --bridge-unit | --metrics) ;;
    *) [ -n "$2" ] || wrong_usage "$1 takes a value" ;;
  esac
  case $1 in
    --instance) instance=$2 ;;
    --run-as) run_as=$2 ;;
    --node) node=$(realpath -ms -- "$2") ;;
    --session-dir) given[CLAUDE_SESSION_DIR]=$(realpath -ms -- "$2") ;;
    --hours) given[IDLE_THRESHOLD_HOURS]=$2 ;;
    --bridge-url) given[CLAUDE_BRIDGE_URL]=$2 ;;
    --bridge-unit) given[BRIDGE_UNIT]=$2 ;;
    --metrics) given[CLEANUP_METRICS]=${2:+$(realpath -ms -- "$2")} ;;
  esac
}

# ---- Values that go into other programs' files ---------------------------------------------------
# Refusing a few characters leaves one way to write a value that systemd, sh and cron all read alike:
# in double quotes. Only % needs care on top of that.

check_value() { # WHAT VALUE
  case $2 in
    *[\"\\\$\`[:cntrl:]]*) die "$1: quotes (\"), backslashes, \$, \` and control characters can't be used: $(printf %q "$2")" ;;
  esac
}

for_systemd() { printf '"%s"' "${1//%/%%}"; }
for_cron() { printf '"%s"' "${1//%/\\%}"; }

check_settings() {
  local key
  for key in "${!setting[@]}"; do check_value "$key" "${setting[$key]}"; done
  [[ ${setting[CLAUDE_SESSION_DIR]} == /?* ]] || die "--session-dir: not a directory for a map: ${setting[CLAUDE_SESSION_DIR]}"
  [[ ${setting[CLAUDE_BRIDGE_URL]} =~ ^(https?://(localhost|127(\.[0-9]+){3}|\[::1\])(:[0-9]+)?(/[^[:space:]\'?#%]*)?)?$ ]] ||
    die "--bridge-url: takes an address on this machine's loopback, such as http://127.0.0.1:8000, not '${setting[CLAUDE_BRIDGE_URL]}'"
  [[ ${setting[BRIDGE_UNIT]} =~ ^([A-Za-z0-9_][A-Za-z0-9:_.@-]*)?$ ]] || die "--bridge-unit: not a unit's name: '${setting[BRIDGE_UNIT]}'"
  [ -z "${setting[CLAUDE_BRIDGE_URL]}" ] || [ -z "${setting[BRIDGE_UNIT]}" ] ||
    die "--bridge-url and --bridge-unit: a bridge that is asked to forget needs no restart; choose one ('' takes the other away)"
  [ -z "${setting[BRIDGE_UNIT]}" ] || [[ " $(installed_setting CLEANUP_ARGS || true)" != *' --on-change'* ]] ||
    die "--bridge-unit and the --on-change in CLEANUP_ARGS of $env_file exclude each other"
  [ -z "${setting[BRIDGE_UNIT]}" ] || [ "$mode" != cron ] || die '--bridge-unit needs --systemd or --user'
}

# ---- Who it runs as ------------------------------------------------------------------------------

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
  local map=${given[CLAUDE_SESSION_DIR]:-$(default_dir)}/session_map.json
  if [ -n "$run_as" ]; then :
  elif [ "$mode" = user ] || ! is_root; then run_as=$(id -un)
  elif [ "$mode" = systemd ] && [ -e "$instance_conf" ]; then run_as=$(sed -n 's/^User=//p' "$instance_conf")
  elif [ -e "$map" ]; then run_as=$(stat -c %U -- "$map"); fi # of a link, whoever made it
  run_as=${run_as:-${SUDO_USER:-}}
  [ -z "$asks" ] || [ "$mode" = user ] || ! is_root || run_as=$(ask 'User that the bridge runs as' "$run_as")
  [ -n "$run_as" ] || die 'which user does the bridge run as? --run-as USER'
  [[ $run_as =~ ^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$ ]] || die "--run-as: not a user's name: $(printf %q "$run_as")"
  home=$(getent passwd -- "$run_as" | cut -d: -f6) || die "--run-as: no such user: $run_as"
  check_value "$run_as's home" "$home"
}

# ---- Where things go -----------------------------------------------------------------------------

locate() {
  [[ $instance =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*$ ]] || wrong_usage "--instance: takes letters, digits, - _ and ., not '$instance'"
  if [ "$instance" = default ]; then base=$name unit=$name; else base=$name@ unit=$name@$instance; fi
  case $mode in
    systemd) control=(systemctl) config=/etc unit_dir=/etc/systemd/system runtime=/run ;;
    user)
      export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"
      control=(systemctl --user) runtime=$XDG_RUNTIME_DIR
      config=$(systemctl --user show-environment 2>/dev/null | sed -n 's/^XDG_CONFIG_HOME=//p') || true
      config=${config:-$HOME/.config}
      unit_dir=$config/systemd/user ;;
    cron) config='' unit_dir='' ;;
  esac
  instance_conf=$unit_dir/$unit.service.d/10-instance.conf tmpfiles=/etc/tmpfiles.d/$unit.conf
}

locate_settings() {
  [ "$mode" != cron ] || config=$home/.config
  settings_dir=$config/$name env_file=$config/$name/$instance.env
  cron_job=$settings_dir/$instance.sh log=$home/.local/state/$name/$instance.log
  last_status=${log%.log}.status
  if [ "$mode" = systemd ]; then
    share=/usr/local/share fish_completions=/etc/fish/completions
  else
    share=$home/.local/share fish_completions=$home/.local/share/fish/vendor_completions.d
  fi
}

default_dir() {
  if [ "$instance" = default ]; then echo /tmp/claude_sessions; else echo "/tmp/claude_sessions_$instance"; fi
}

# ---- Settings: as an option or from the environment, as installed before, as a default --------------

keys=(CLAUDE_SESSION_DIR IDLE_THRESHOLD_HOURS CLAUDE_BRIDGE_URL BRIDGE_UNIT CLEANUP_METRICS CLAUDE_CONFIG_DIR GEMINI_CLI_HOME CODEX_HOME)
declare -A setting=()

find_settings() {
  local key
  setting=([CLAUDE_SESSION_DIR]=$(default_dir) [IDLE_THRESHOLD_HOURS]=2 [CLAUDE_BRIDGE_URL]='' [BRIDGE_UNIT]='' [CLEANUP_METRICS]='')
  for key in CLAUDE_CONFIG_DIR GEMINI_CLI_HOME CODEX_HOME; do
    [ -z "${!key-}" ] || given[$key]=${!key}
    setting[$key]=''
  done
  for key in "${keys[@]}"; do
    if [ -n "${given[$key]+given}" ]; then setting[$key]=${given[$key]}
    elif installed_setting "$key" >/dev/null; then setting[$key]=$(installed_setting "$key"); fi
  done
}

installed_setting() { # KEY; read as text: the file may be somebody else's
  local line
  line=$(as_owner cat -- "$env_file" 2>/dev/null | grep "^$1=" | tail -n 1) || return
  line=${line#*=}
  case $line in \"*\" | \'*\') line=${line:1:-1} ;; esac
  printf %s "$line"
}

env_text() { # what stands there already, with our settings brought up to date
  local line key
  local -A todo=()
  for key in "${keys[@]}"; do todo[$key]=1; done
  if as_owner test -e "$env_file"; then as_owner cat -- "$env_file"; else env_template; fi |
    {
      while IFS= read -r line || [ -n "$line" ]; do
        key=${line%%=*}
        if [[ $line =~ ^[A-Z_]+= && -n ${setting[$key]+ours} ]]; then
          line="$key=\"${setting[$key]}\""
          unset "todo[$key]"
        fi
        printf '%s\n' "$line"
      done
      for key in "${keys[@]}"; do
        [ -z "${todo[$key]-}" ] || [ -z "${setting[$key]}" ] || printf '%s="%s"\n' "$key" "${setting[$key]}"
      done
    }
}

env_template() {
  cat <<'TEXT'
# Settings of claude-session-cleanup, one NAME="value" a line, without $, \ and ` in the values.
# The map's directory and the bridge also decide what the service may reach: run install.sh again
# after a change of these.
CLAUDE_SESSION_DIR=""
IDLE_THRESHOLD_HOURS=""
CLAUDE_BRIDGE_URL=""
# Further options, separated by spaces, such as --missing remove --max-remove 50%
CLEANUP_ARGS=""
TEXT
}

# ---- Checks --------------------------------------------------------------------------------------

check_program() {
  check_value 'the path of the program' "$root"
  [ -e "$root/dist/cli.js" ] || die "the program is not built; in $root run: npm ci && npm run build"
  case $root in */_npx/*) die "npx keeps $root only for a while; install it: npm install -g $name" ;; esac
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

check_service_manager() {
  case $mode in
    systemd) is_root || [ -n "$dry_run" ] || die '--systemd needs root: sudo scripts/install.sh --systemd (without root: --user or --cron)' ;;
    user)
      [ -z "${SUDO_USER-}" ] || ! is_root || die '--user installs for the user who runs it: run it without sudo'
      [ -z "$run_as" ] || [ "$run_as" = "$(id -un)" ] || die '--user installs for the user who runs it: leave out --run-as' ;;
    cron)
      command -v crontab >/dev/null || [ -n "$uninstall" ] || {
        [ -n "$dry_run" ] || die 'cron is not installed here'
        warn 'cron is not installed here'
      }
      return ;;
  esac
  "${control[@]}" show --property=Version >/dev/null 2>&1 || [ -n "$dry_run" ] ||
    die "no systemd answers here$([ "$mode" = systemd ] || echo " for $(id -un) (log in once, or: sudo loginctl enable-linger $(id -un))"); --cron does without"
}

check_other_mode() { # both would share one environment file
  if [ "$mode" = cron ] && [ -e "$home/.config/systemd/user/$unit.service.d/10-instance.conf" ]; then
    die "$instance is installed with --user: first run install.sh --user --uninstall"
  elif [ "$mode" = user ] && [ -e "$cron_job" ]; then
    die "$instance is installed with --cron: first run install.sh --cron --uninstall"
  fi
}

check_twins() { # two runs an hour do no harm, but whoever takes one of them away believes it is over
  local other
  # shellcheck disable=SC2016 # for the other shell, which may look into the user's home
  as_user sh -c 'grep -lsxF -- "CLAUDE_SESSION_DIR=\"$1\"" "/etc/$2/"*.env "$HOME/.config/$2/"*.env' \
    sh "${setting[CLAUDE_SESSION_DIR]}" "$name" | grep -vxF -- "$env_file" | while IFS= read -r other; do
    warn "the map in ${setting[CLAUDE_SESSION_DIR]} is cleaned already by what is installed with $other"
  done || true
}

check_user() {
  if ! can_be "$run_as"; then
    [ -n "$dry_run" ] || die "running as $run_as needs root"
    warn "not checked, which needs root: what $run_as can reach"
    node=${node:-$(command -v node || echo /usr/bin/node)}
    return
  fi
  find_node
  as_user "$node" "$program" --version >/dev/null || die "$run_as can't run $program"
  check_hours
  check_twins
  [ "$mode" != cron ] || check_crontab
  check_directory
  find_map_target
  check_metrics
  check_roots
}

check_hours() { # the program is the one who knows
  local said
  said=$(as_user "$node" "$program" "--hours=${setting[IDLE_THRESHOLD_HOURS]}" --version 2>&1) || die "${said#error: }"
}

check_crontab() { # one that is only not readable must not be taken for none
  local said
  command -v crontab >/dev/null || return 0
  said=$(as_user crontab -l 2>&1) || [[ $said == *"no crontab"* || $said == *"can't open"* ]] ||
    die "can't read $run_as's crontab: $said"
}

check_directory() {
  local dir=${setting[CLAUDE_SESSION_DIR]} map=${setting[CLAUDE_SESSION_DIR]}/session_map.json owner mode
  if ! [ -e "$dir" ]; then
    warn "there is no $dir yet: nothing is cleaned until the bridge has made its map there"
    return
  fi
  [ -d "$dir" ] || die "--session-dir: not a directory: $dir"
  owner=$(as_user stat -Lc %U -- "$map" 2>/dev/null) || owner=
  case $owner in
    '' | root | "$run_as") ;;
    *) die "$map belongs to $owner: --run-as $owner" ;;
  esac
  # Somebody else's would be kept for him, by root, over every restart.
  dir_like=$(stat -Lc '0%a %U %G' -- "$dir")
  read -r mode owner _ <<<"$dir_like"
  case $owner in
    root | "$run_as") ;;
    *) die "$dir belongs to $owner, who could put any map there: --run-as $owner, or remove it" ;;
  esac
  (( (mode & 0002) == 0 || (mode & 01000) != 0 )) || die "everybody may write in $dir and replace the map; run: chmod o-w '$dir'"
  as_user test -w "$dir" || die "$run_as can't write in $dir: is that the user the bridge runs as?"
}

# A link may lead the map elsewhere. It is the user's, and what it names goes into a file of root's:
# it is looked at once, and what was checked is what is written.
find_map_target() {
  map_target=$(as_user readlink -f -- "${setting[CLAUDE_SESSION_DIR]}/session_map.json" 2>/dev/null) || return 0
  check_value 'where the map leads' "$map_target"
}

check_metrics() {
  local dir=${setting[CLEANUP_METRICS]%/*}
  [ -z "${setting[CLEANUP_METRICS]}" ] || as_user test -d "$dir" -a -w "$dir" ||
    die "--metrics: $run_as can't write in $dir: make that directory, and let $run_as write there"
}

check_roots() {
  local claude=${setting[CLAUDE_CONFIG_DIR]:-$home/.claude} gemini=${setting[GEMINI_CLI_HOME]:-$home}/.gemini
  local codex=${setting[CODEX_HOME]:-$home/.codex} dir readable=
  for dir in "$claude" "$gemini" "$codex"; do
    as_user test -e "$dir" || continue
    as_user test -r "$dir" -a -x "$dir" || die "$run_as can't read $dir"
    readable=1
  done
  [ -n "$readable" ] || warn "$run_as has none of $claude, $gemini, $codex: is that the user the bridge runs as?"
}

check_bridge() {
  local unit=${setting[BRIDGE_UNIT]} url=${setting[CLAUDE_BRIDGE_URL]} answer
  if [ -n "$unit" ] && [ "$("${control[@]}" show --property=LoadState --value -- "$unit" 2>/dev/null)" != loaded ]; then
    [ -n "$dry_run" ] || die "--bridge-unit: there is no unit $unit (--bridge-unit '' does without)"
    warn "there is no unit $unit"
  fi
  [ -n "$url" ] && can_be "$run_as" || return 0
  if answer=$(as_user "$node" -e "$ask_bridge" "$url"); then
    say "The bridge at $url answers: $answer"
  else
    warn "the bridge at $url: $answer"
    [ -z "$asks" ] || agree "Use this address all the same?" n || die 'nothing was installed'
  fi
}

# shellcheck disable=SC2016 # JavaScript
ask_bridge='
const base = process.argv[1].replace(/\/*$/, "/");
const end = (status, text) => { console.log(text); process.exit(status); };
fetch(base + "sessions", { redirect: "manual", signal: AbortSignal.timeout(5000) })
  .then(async (answer) => {
    const { sessions } = await answer.json();
    const count = Object.values(sessions).reduce((sum, section) => sum + Object.keys(section).length, 0);
    end(0, `${count} mappings in memory`);
  })
  .catch((error) => end(1, `no list of its sessions (${error.cause?.code ?? error.message})`));'

# ---- Doing, or showing ---------------------------------------------------------------------------

act=apply # apply, show (one line for each step) or print (whole files too)
changed=''

# shellcheck disable=SC2016 # for the other shell, which opens the file as its owner
write='mkdir -p -- "${2%/*}"; cat >"$2.new"; chmod "$1" "$2.new"; mv -f -- "$2.new" "$2"'

place() { # MODE FILE; content on standard input
  local content
  content=$(cat; echo .)
  content=${content%.}
  if printf %s "$content" | as_owner cmp -s -- - "$2"; then
    say "  unchanged  $2"
    return
  fi
  changed=1
  say "  write      $2"
  case $act in
    print) printf %s "$content" | sed 's/^/             | /' ;;
    apply) printf %s "$content" | as_owner sh -euc "$write" sh "$1" "$2" ;;
  esac
}

remove() { # FILE...
  local file
  for file; do
    as_owner test -e "$file" || continue
    say "  remove     $file"
    [ "$act" != apply ] || as_owner rm -f -- "$file"
  done
}

are_any() { # FILE...; links that lead nowhere, too
  local file
  for file; do
    ! as_owner test -e "$file" -o -L "$file" || return 0
  done
  return 1
}

run() { # COMMAND...
  say "  run        $*"
  [ "$act" != apply ] || "$@"
}

remove_empty() { # DIRECTORY...
  [ "$act" != apply ] || as_owner rmdir --ignore-fail-on-non-empty -- "$@" 2>/dev/null || true
}

# ---- systemd -------------------------------------------------------------------------------------

install_units() {
  place 644 "$env_file" < <(env_text)
  changed=
  place 644 "$unit_dir/$base.service" <"$root/systemd/$base.service"
  place 644 "$unit_dir/$base.timer" <"$root/systemd/$base.timer"
  place 644 "$instance_conf" < <(instance_conf_text)
  [ -z "$changed" ] || run "${control[@]}" daemon-reload
  [ "$mode" = user ] || keep_directory
  { "${control[@]}" --quiet is-enabled "$unit.timer" && "${control[@]}" --quiet is-active "$unit.timer"; } 2>/dev/null ||
    run "${control[@]}" --quiet enable --now "$unit.timer"
}

instance_conf_text() {
  local on_change='' dir=${setting[CLAUDE_SESSION_DIR]}
  [ -z "${setting[BRIDGE_UNIT]}" ] || on_change=' --on-change "touch %t/%N/removed"'
  say "# Written by install.sh."
  say '[Service]'
  [ "$mode" = user ] || say "User=$run_as"
  say 'ExecStart='
  # shellcheck disable=SC2016 # systemd puts it in
  say "ExecStart=$(for_systemd "$node") $(for_systemd "$program")"' $CLEANUP_ARGS'"$on_change"
  say "ReadWritePaths=$(for_systemd "-$dir")"
  [ -z "$map_target" ] || [ "${map_target%/*}" = "$(realpath -m -- "$dir")" ] ||
    say "ReadWritePaths=$(for_systemd "-${map_target%/*}")"
  [ -z "${setting[CLEANUP_METRICS]}" ] || say "ReadWritePaths=$(for_systemd "-${setting[CLEANUP_METRICS]%/*}")"
  [ "$mode" = systemd ] || user_manager_text
  [ -z "${setting[CLAUDE_BRIDGE_URL]}" ] || loopback_text
  [ -z "${setting[BRIDGE_UNIT]}" ] || bridge_unit_text
}

user_manager_text() {
  cat <<'TEXT'
# Without PrivateUsers= a user's manager can set up no sandbox. Together with ProtectProc=invisible it
# would hide the CLIs' processes from --keep-running.
PrivateUsers=yes
ProtectProc=default
TEXT
}

loopback_text() {
  cat <<'TEXT'
# The bridge is on this machine; IPAddressDeny=any holds for everything else.
PrivateNetwork=no
RestrictAddressFamilies=AF_INET AF_INET6
IPAddressAllow=localhost
TEXT
}

bridge_unit_text() {
  local command="${control[*]} --no-block try-reload-or-restart"
  cat <<TEXT
# The sandboxed run leaves a mark in a directory that lives as long as the run; after it, outside of the
# sandbox (+), the mark is looked for, and never read or written.
RuntimeDirectory=%N
ExecStopPost=+/bin/sh -c '[ ! -e %t/%N/removed ] || exec $command -- "\$\$BRIDGE_UNIT"'
TEXT
}

# /tmp is emptied when the machine starts, and by some systems of what was not used for days.
keep_directory() {
  local dir=${setting[CLAUDE_SESSION_DIR]}
  if [ -L "$dir" ] || [[ $dir != @(/tmp|/var/tmp|/run)/* ]]; then
    remove "$tmpfiles"
    return
  fi
  place 644 "$tmpfiles" <<<"d $(for_systemd "$dir") ${dir_like:-0700 $run_as $(id -gn -- "$run_as")} -"
  # In a place that is open to all, so that nobody else takes the name first.
  [ -e "$dir" ] || run systemd-tmpfiles --create "$tmpfiles"
}

trial_run() { # in the sandbox and all, through the service itself
  local since field=_SYSTEMD_UNIT journal=(journalctl --quiet --no-pager --output=cat) status=0 trial=$runtime/$unit-trial.env i
  if [ "$mode" = user ]; then field=_SYSTEMD_USER_UNIT journal+=(--user); fi
  since=$(date +%s)
  trap 'rm -f -- "$runtime/$unit-trial.env"' EXIT
  echo DRY_RUN=1 >"$trial"
  "${control[@]}" start "$unit.service" || status=$?
  rm -f -- "$trial"
  trap - EXIT
  ! is_root || journalctl --sync
  for i in {1..30}; do # without root there is no way to wait for the journal
    if "${journal[@]}" --since "@$since" "$field=$unit.service" _TRANSPORT=stdout | grep .; then break; fi
    [ "$i" = 30 ] || sleep 0.1
  done
  [ "$status" = 0 ] || "${control[@]}" --no-pager --lines=20 status "$unit.service" || true
  return $status
}

lingers() { [ "$(loginctl show-user "$run_as" --property=Linger --value 2>/dev/null)" = yes ]; }

offer_linger() {
  ! lingers || return 0
  say 'Services of your own run only while you are logged in, unless you "linger".'
  if [ -n "$asks" ] && agree 'Let them run always?' y && loginctl --no-ask-password enable-linger 2>/dev/null; then
    say 'Lingering is switched on (off again: loginctl disable-linger).'
  else
    warn "the timer stops when you log out; to keep it running: sudo loginctl enable-linger $run_as"
  fi
}

# The node exporter goes on showing the last run, and whoever watches its age is alarmed.
mention_metrics() {
  local file
  file=$(installed_setting CLEANUP_METRICS) || return 0
  [ -z "$file" ] || ! as_owner test -e "$file" || say "  kept       $file, the metrics of the last run: remove it, or it is taken for a timer that has stopped"
}

uninstall_units() {
  local instances
  are_any "$instance_conf" "$env_file" "$unit_dir/timers.target.wants/$unit.timer" ||
    { [ "$base" = "$name" ] && are_any "$unit_dir/$base.service" "$unit_dir/$base.timer"; } ||
    die "$instance is not installed ($mode)"
  run "${control[@]}" --quiet disable --now "$unit.timer" 2>/dev/null || true
  run "${control[@]}" stop "$unit.service" || true
  run "${control[@]}" clean --what=state "$unit.timer" 2>/dev/null || true
  mention_metrics
  remove "$instance_conf" "$env_file"
  [ "$mode" = user ] || remove "$tmpfiles"
  remove_empty "$unit_dir/$unit.service.d" "$settings_dir"
  instances=$(compgen -G "$unit_dir/$name@?*.service.d/10-instance.conf" || true)
  if [ "$base" = "$name" ] || [ -z "$instances" ]; then
    remove "$unit_dir/$base.service" "$unit_dir/$base.timer"
  fi
  run "${control[@]}" daemon-reload
  run "${control[@]}" reset-failed "$unit.service" "$unit.timer" 2>/dev/null || true
  [ "$mode" = systemd ] || remove_empty_in_home .config/systemd/user/timers.target.wants .config/systemd/user .local/share/systemd/timers
  [ "$mode" = systemd ] || ! lingers || say '  kept       lingering, which other services may need (off: loginctl disable-linger)'
  if [ "$act" = apply ] && [ -e "$unit_dir/$unit.service.d" ]; then say "  kept       $unit_dir/$unit.service.d, which has drop-ins of yours"; fi
}

remove_empty_in_home() { # DIRECTORY...; with the empty ones above it
  # shellcheck disable=SC2016 # for the other shell
  [ "$act" != apply ] || as_owner sh -c 'cd && rmdir -p --ignore-fail-on-non-empty "$@" 2>/dev/null' sh "$@" || true
}

# ---- cron ----------------------------------------------------------------------------------------

marker() { printf '# %s (%s)' "$name" "$instance"; }

cron_minute() { # the same every time, another one for others
  local sum
  sum=$(printf %s "$run_as/$instance" | cksum)
  echo $((${sum%% *} % 60))
}

install_cron() {
  place 644 "$env_file" < <(env_text)
  place 755 "$cron_job" < <(cron_job_text)
  place_crontab "$(cron_minute) * * * * $(for_cron "$cron_job")"
}

cron_job_text() {
  cat <<TEXT
#!/bin/sh
# cron's hourly run of claude-session-cleanup ($instance). Written by install.sh; the settings are in
# $env_file
log="$log"
umask 077
mkdir -p "\${log%/*}"
# For doctor: how the last run ended, and when.
trap 'echo \$? >"$last_status"' EXIT
# Two files of a megabyte at most, and a run's report.
if [ -n "\$(find "\$log" -size +1000k 2>/dev/null)" ]; then mv -f "\$log" "\$log.1"; fi
set -aef
. "$env_file"
set +ae
{
  date
  # As systemd does: words in quotes are one.
  eval "set -- \$CLEANUP_ARGS"
  "$node" "$program" "\$@"
} >>"\$log" 2>&1
status=\$?
if [ \$status != 0 ]; then
  # What a cron job prints is mailed to its user.
  echo "claude-session-cleanup ($instance) failed with status \$status; the end of \$log:"
  tail -n 20 "\$log"
fi
exit \$status
TEXT
}

place_crontab() { # LINE, or nothing to take ours away
  local now new
  now=$(as_owner crontab -l 2>/dev/null; echo .)
  new=$(printf %s "${now%.}" | crontab_with "$1"; echo .)
  if [ "$new" = "$now" ]; then
    [ -z "$1" ] || say "  unchanged  $run_as's crontab"
    return
  fi
  if [ -n "$1" ]; then say "  write      $run_as's crontab: $1"; else say "  remove     the line from $run_as's crontab"; fi
  [ "$act" = apply ] || return 0
  if [ "$new" = . ]; then as_owner crontab -r; else printf %s "${new%.}" | as_owner crontab -; fi
}

# Ours takes the place of the job, wherever somebody has moved it, or else that of the marker.
crontab_with() { # LINE, or nothing
  marker=$(marker) line=$1 job=$(for_cron "$cron_job") name=$name awk '
    function command(text) {
      if (text ~ /^[ \t]*#/) return ""
      if (text ~ /^[ \t]*@/) sub(/^[ \t]*@[^ \t]+[ \t]+/, "", text)
      else for (i = 0; i < 5; i++) sub(/^[ \t]*[^ \t]+[ \t]+/, "", text)
      return text
    }
    { text[NR] = $0 }
    $0 == ENVIRON["marker"] { gone[NR] = 1; if (!mark) mark = NR; next }
    command($0) == ENVIRON["job"] || (text[NR - 1] == ENVIRON["marker"] && index($0, "/" ENVIRON["name"] "/")) {
      gone[NR] = 1
      if (!place) place = NR
    }
    END {
      if (!place) place = mark ? mark : NR + 1
      for (at = 1; at <= NR + 1; at++) {
        if (at == place && ENVIRON["line"] != "") print ENVIRON["marker"] "\n" ENVIRON["line"]
        if (at <= NR && !gone[at]) print text[at]
      }
    }'
}

uninstall_cron() {
  check_crontab
  are_any "$cron_job" "$env_file" "$log" || as_owner crontab -l 2>/dev/null | grep -qxF "$(marker)" ||
    die "$instance is not installed (cron) for $run_as; for somebody else: --run-as USER"
  place_crontab ''
  mention_metrics
  remove "$cron_job" "$env_file" "$log" "$log.1" "$last_status"
  remove_empty_in_home ".config/$name" ".local/state/$name"
}

# ---- What man and the shells know, once for all instances ----------------------------------------

install_helpers() {
  local act=$act
  [ "$act" != print ] || act=show # they are long, and in the package to read
  place 644 "$share/man/man1/$name.1" <"$root/dist/$name.1"
  place 644 "$share/bash-completion/completions/$name" <"$root/dist/completions/$name.bash"
  # Where these shells are installed they look here; zsh has no such place in a home.
  ! command -v fish >/dev/null || place 644 "$fish_completions/$name.fish" <"$root/dist/completions/$name.fish"
  [ ! -d "$share/zsh/site-functions" ] || place 644 "$share/zsh/site-functions/_$name" <"$root/dist/completions/$name.zsh"
}

uninstall_helpers() {
  # shellcheck disable=SC2016 # for the other shell
  ! as_owner sh -c 'ls "$1"/*.env >/dev/null 2>&1' sh "$settings_dir" || return 0
  remove "$share/man/man1/$name.1" "$share/bash-completion/completions/$name" "$fish_completions/$name.fish" "$share/zsh/site-functions/_$name"
  # share/man belongs to the system, and so do the places of fish and zsh.
  if [ "$mode" = systemd ]; then
    remove_empty "$share/man/man1"
    remove_empty "$share/bash-completion/completions"
    remove_empty "$share/bash-completion"
  else
    remove_empty_in_home .local/share/man/man1 .local/share/bash-completion/completions .local/share/fish/vendor_completions.d
  fi
}

# ---- Asking --------------------------------------------------------------------------------------

ask() { # QUESTION DEFAULT
  local answer
  read -r -p "$1 [$2]: " answer
  printf %s "${answer:-$2}"
}

agree() { # QUESTION y|n
  local answer
  read -r -p "$1 [$([ "$2" = y ] && echo Y/n || echo y/N)] " answer
  [[ ${answer:-$2} == [Yy]* ]]
}

ask_mode() {
  local answer
  if is_root; then
    answer=$(ask 'Run it by systemd (recommended) or cron?' systemd)
  else
    say "A service of the whole system, which needs no login, needs root: sudo $0"
    answer=$(ask 'Run it by your own systemd (user) or cron?' user)
  fi
  case $answer in
    systemd | user | cron) mode=$answer ;;
    *) die "neither systemd nor cron: $answer" ;;
  esac
}

ask_settings() {
  setting[CLAUDE_SESSION_DIR]=$(ask "The bridge's session directory" "${setting[CLAUDE_SESSION_DIR]}")
  setting[CLAUDE_SESSION_DIR]=${setting[CLAUDE_SESSION_DIR]/#\~\//$home/}
  [[ ${setting[CLAUDE_SESSION_DIR]} == /* ]] || die "a directory's whole path is needed, which begins with /: ${setting[CLAUDE_SESSION_DIR]}"
  setting[CLAUDE_SESSION_DIR]=$(realpath -ms -- "${setting[CLAUDE_SESSION_DIR]}")
  setting[IDLE_THRESHOLD_HOURS]=$(ask 'Remove mappings of sessions idle for more than (hours)' "${setting[IDLE_THRESHOLD_HOURS]}")
  say 'A running bridge keeps its map in memory. It can be asked to forget the idle mappings, if it has an'
  say 'address with /sessions, or be restarted after a run that removed some.'
  setting[CLAUDE_BRIDGE_URL]=$(ask_or_none "The bridge's address, such as http://127.0.0.1:8000" "${setting[CLAUDE_BRIDGE_URL]}")
  if [ -n "${setting[CLAUDE_BRIDGE_URL]}" ]; then
    setting[BRIDGE_UNIT]=''
  elif [ "$mode" != cron ]; then
    setting[BRIDGE_UNIT]=$(ask_or_none "The bridge's unit, to reload or restart" "${setting[BRIDGE_UNIT]}")
  fi
}

ask_or_none() {
  local answer
  answer=$(ask "$1" "${2:-none}")
  [ "$answer" = none ] || printf %s "$answer"
}

# ---- The whole -----------------------------------------------------------------------------------

install_all() {
  if [ "$mode" = cron ]; then install_cron; else install_units; fi
  install_helpers
}

uninstall_all() {
  if [ "$mode" = cron ]; then uninstall_cron; else uninstall_units; fi
  uninstall_helpers
}

with_settings() { # COMMAND...; what the service or the cron job gives its program
  # shellcheck disable=SC2016 # for the other shell
  as_user sh -c 'set -a; . "$1"; set +a; shift; exec "$@"' sh "$env_file" "$@"
}

doctor_options() { # those of CLEANUP_ARGS that doctor takes, too, a word a line
  local words
  read -ra words <<<"$(installed_setting CLEANUP_ARGS || true)"
  set -- ${words[@]+"${words[@]}"}
  while [ $# -gt 0 ]; do
    if [[ $1 =~ ^(-[dH]|--((session|claude|gemini|codex)-dir|bridge-url|hours))(=|$) ]]; then
      printf '%s\n' "$1"
      [[ $1 == *=* ]] || printf '%s\n' "${@:2:1}"
    fi
    shift
  done
}

finish() {
  local status=0 options
  printf '\nA dry run, which changes nothing:\n'
  # shellcheck disable=SC2016 # for the other shell
  if [ "$mode" = cron ]; then with_settings sh -fc 'eval "set -- \"\$@\" $CLEANUP_ARGS"; "$@" --dry-run' sh "$node" "$program" || status=$?; else trial_run || status=$?; fi
  printf '\nIs everything all right?\n'
  mapfile -t options < <(doctor_options)
  with_settings "$node" "$program" doctor "${options[@]}" || warn 'doctor has found something: see above'
  say ''
  if [ "$mode" = cron ]; then
    say "Runs every hour, $(cron_minute) minutes past. Its log: $log"
  else
    say "Next run: $("${control[@]}" show --property=NextElapseUSecRealtime --value "$unit.timer")"
    say "What it did: journalctl${control[1]:+ --user} -u $unit"
    [ "$mode" != user ] || offer_linger
  fi
  [ "$status" = 0 ] || die "installed, but the dry run failed with status $status"
}

find_mode() {
  [ -z "$mode" ] || return 0
  if [ -t 0 ] && [ -t 1 ]; then
    asks=1
    ask_mode
  else
    wrong_usage 'choose one of --systemd, --user and --cron'
  fi
}

main() {
  parse_options "$@"
  cd / # the user may have no access to where we are
  find_mode
  [ "$mode" != systemd ] || umask 022 # what root installs the bridge's user must be able to read
  locate
  check_service_manager
  # What belongs to the system alone goes away also when its user is gone already.
  if [ "$mode" = systemd ] && [ -n "$uninstall" ]; then home=''; else find_user; fi
  locate_settings
  [ -z "$dry_run" ] || act=print
  if [ -n "$uninstall" ]; then
    check_other_mode
    say "Taking away $instance ($mode):"
    uninstall_all
    return
  fi

  check_program
  check_other_mode
  find_settings
  [ -z "$asks" ] || ask_settings
  check_settings
  check_user
  check_bridge

  if [ -n "$asks" ] && [ "$act" = apply ]; then
    say "This will be done for $run_as:"
    act=show install_all
    agree 'Go ahead?' y || die 'nothing was installed'
  fi
  say "Installing $instance ($mode) for $run_as:"
  install_all
  [ "$act" != apply ] || finish
}

main "$@"
