# shellcheck shell=bash
# Asking.

# Asks until the answer is one. The check ends with the reason when it is none.
ask() { # VARIABLE QUESTION DEFAULT [CHECK...]
  local typed reason
  while :; do
    read -r -p "$2 [$3]: " typed || end_of_input
    typed=${typed:-$3}
    if reason=$("${@:4}" "$typed" 2>&1); then break; fi
    say "  ${reason#install.sh: }"
  done
  printf -v "$1" %s "$typed"
}

end_of_input() {
  echo
  die 'end of input: nothing was installed'
}

agree() { # QUESTION y|n
  local yes
  ask yes "$1 (y/n)" "$2" is_yes_or_no
  [[ $yes == [Yy]* ]]
}

is_yes_or_no() { [[ ${1,,} =~ ^(y|yes|n|no)$ ]] || die "answer y or n, not $1"; }

ask_mode() {
  if is_root; then
    ask mode 'Run it by systemd (recommended) or cron?' systemd is_mode systemd cron
  else
    say "A service of the whole system, which needs no login, needs root: sudo $0"
    ask mode 'Run it by your own systemd (user) or cron?' user is_mode user cron
  fi
}

is_mode() { [ "$3" = "$1" ] || [ "$3" = "$2" ] || die "answer $1 or $2, not $3"; }

ask_settings() {
  local url unit
  ask 'setting[CLAUDE_SESSION_DIR]' "The bridge's session directory" "${setting[CLAUDE_SESSION_DIR]}" is_directory
  setting[CLAUDE_SESSION_DIR]=$(realpath -ms -- "${setting[CLAUDE_SESSION_DIR]/#\~\//$home/}")
  ask 'setting[IDLE_THRESHOLD_HOURS]' 'Remove mappings of sessions idle for more than (hours)' "${setting[IDLE_THRESHOLD_HOURS]}" check_hours
  say 'A running bridge keeps its map in memory. It can be asked to forget the idle mappings, if it has an'
  say 'address with /sessions, or be restarted after a run that removed some.'
  ask url "The bridge's address, such as http://127.0.0.1:8000" "${setting[CLAUDE_BRIDGE_URL]:-none}" or_none check_url
  setting[CLAUDE_BRIDGE_URL]=${url#none}
  if [ -n "${setting[CLAUDE_BRIDGE_URL]}" ]; then
    setting[BRIDGE_UNIT]=''
  elif [ "$mode" != cron ]; then
    ask unit "The bridge's unit, to reload or restart" "${setting[BRIDGE_UNIT]:-none}" or_none check_unit
    setting[BRIDGE_UNIT]=${unit#none}
  fi
}

is_directory() { # ANSWER
  [[ $1 == /* || $1 == \~/* ]] || die "a directory's whole path is needed, which begins with /: $1"
  check_value 'the directory' "$1"
}

or_none() { [ "$2" = none ] || "$1" "$2"; } # CHECK ANSWER
