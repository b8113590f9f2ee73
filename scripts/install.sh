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
  --migrate            end what the first version, cleanup_idle_sessions.py, has set up beside this
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
parts=$root/scripts/install
. "$parts/values.sh"
. "$parts/user.sh"
. "$parts/places.sh"
. "$parts/settings.sh"
. "$parts/predecessor.sh"
. "$parts/checks.sh"
. "$parts/files.sh"
. "$parts/units.sh"
. "$parts/cron.sh"
. "$parts/helpers.sh"
. "$parts/dialogue.sh"

# Other programs' words are among them: no control character of theirs reaches the terminal.
say() { printf '%s\n' "${*//[[:cntrl:]]/ }"; }
warn() { say "install.sh: warning: $*" >&2; }
die() { say "install.sh: $*" >&2; exit 1; }
wrong_usage() { printf 'install.sh: %s (--help shows the options)\n' "$*" >&2; exit 2; }

# ---- Options -------------------------------------------------------------------------------------

mode='' instance=default run_as='' node='' dry_run='' uninstall='' migrate='' home='' asks='' map_target='' dir_like=''
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
      --migrate) migrate=1 ;;
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

# ---- The whole -----------------------------------------------------------------------------------

install_all() {
  replace_old
  if [ "$mode" = cron ]; then install_cron; else install_units; fi
  install_helpers
  end_old
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
  if [ "$mode" != systemd ] || [ -z "$uninstall" ]; then
    [ "$instance" != default ] || [ -n "$uninstall" ] || find_old_units /etc/systemd/system ${unit_dir:+"$unit_dir"}
    find_user
  fi
  locate_settings
  [ -z "$dry_run" ] || act=print
  if [ -n "$uninstall" ]; then
    check_other_mode
    say "Taking away $instance ($mode):"
    uninstall_all
    return
  fi

  check_program
  find_program
  check_other_mode
  if [ "$instance" = default ] && can_be "$run_as"; then
    [ "$mode" = user ] || find_old_units "$home/.config/systemd/user"
    find_old_cron
  fi
  find_settings
  mention_old
  if [ -n "$asks" ]; then
    ! has_old || ! agree 'End what cleaned before?' y || migrate=1
    ask_settings
  fi
  check_settings
  if [ "$mode" != cron ]; then
    mapfile -t drop_ins < <(own_drop_ins)
    check_drop_ins "${drop_ins[@]}"
    mention_drop_ins "${drop_ins[@]}"
  fi
  check_user
  check_writers

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
