# shellcheck shell=bash
# Values that go into other programs' files.

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
  check_url "${setting[CLAUDE_BRIDGE_URL]}"
  check_unit "${setting[BRIDGE_UNIT]}"
  [ -z "${setting[CLAUDE_BRIDGE_URL]}" ] || [ -z "${setting[BRIDGE_UNIT]}" ] ||
    die "--bridge-url and --bridge-unit: a bridge that is asked to forget needs no restart; choose one ('' takes the other away)"
  [ -z "${setting[BRIDGE_UNIT]}" ] || [[ " $(installed_setting CLEANUP_ARGS || true)" != *' --on-change'* ]] ||
    die "--bridge-unit and the --on-change in CLEANUP_ARGS of $env_file exclude each other"
  [ -z "${setting[BRIDGE_UNIT]}" ] || [ "$mode" != cron ] || die '--bridge-unit needs --systemd or --user'
  check_hours "${setting[IDLE_THRESHOLD_HOURS]}"
}

check_url() { # the program takes others, too; the service's sandbox opens to the loopback alone
  [[ $1 =~ ^(https?://(localhost|127(\.[0-9]+){3}|\[::1\])(:[0-9]+)?(/[^[:space:]\'?#%]*)?)?$ ]] ||
    die "--bridge-url: takes an address on this machine's loopback, such as http://127.0.0.1:8000, not '$1'"
}

check_unit() {
  [[ $1 =~ ^([A-Za-z0-9_][A-Za-z0-9:_.@-]*)?$ ]] || die "--bridge-unit: not a unit's name: '$1'"
  [ -z "$1" ] || [ "$mode" = cron ] || [ "$(property LoadState "$1" 2>/dev/null)" = loaded ] && return
  [ -n "$dry_run" ] || die "--bridge-unit: there is no unit $1 (--bridge-unit '' does without)"
  warn "there is no unit $1"
}

check_hours() { # the program is the one who knows
  local said
  can_be "$run_as" || return 0
  said=$(as_user "$node" "$program" list "--hours=$1" --session-dir=/nowhere 2>&1) || die "${said#*error: }"
}
