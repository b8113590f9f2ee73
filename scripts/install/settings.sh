# shellcheck shell=bash
# The settings: as an option or from the environment, as installed before, as a default.

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
    elif installed_setting "$key" >/dev/null; then setting[$key]=$(installed_setting "$key")
    elif [ -n "${old[$key]-}" ]; then setting[$key]=${old[$key]}; fi
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
