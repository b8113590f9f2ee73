# shellcheck shell=bash
# What is looked at before anything is done.

check_program() {
  check_value 'the path of the program' "$root"
  [ -e "$root/dist/cli.js" ] || die "the program is not built; in $root run: npm ci && npm run build"
  case $root in */_npx/*) die "npx keeps $root only for a while; install it: npm install -g $name" ;; esac
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

find_twins() { # two runs an hour do no harm, but whoever takes one of them away believes it is over
  local other
  # shellcheck disable=SC2016 # for the other shell, which may look into the user's home
  as_user sh -c 'grep -lsxF -- "CLAUDE_SESSION_DIR=\"$1\"" "/etc/$2/"*.env "$HOME/.config/$2/"*.env' \
    sh "${setting[CLAUDE_SESSION_DIR]}" "$name" | grep -vxF -- "$env_file" | while IFS= read -r other; do
    warn "the map in ${setting[CLAUDE_SESSION_DIR]} is cleaned already by what is installed with $other"
  done || true
}

find_program() { # Node and the program, as the user reaches them
  check_home
  if ! can_be "$run_as"; then
    [ -n "$dry_run" ] || die "running as $run_as needs root"
    warn "not checked, which needs root: what $run_as can reach"
    node=${node:-$(command -v node || echo /usr/bin/node)}
    return
  fi
  find_node
  as_user test -r "$program" ||
    die "$run_as can't read $root: put it where everybody can, such as /opt, or run: npm install -g $name"
  as_user "$node" "$program" --version >/dev/null || die "$run_as can't run $program"
}

# Whoever writes into the program, or into a directory above it, runs commands as the bridge's user.
check_writers() {
  local path found
  local -a above=() closed=(-not -type l '(' -not -uid 0 -not -user "$run_as"
    -o -not -perm -1000 -perm /002
    -o -not -perm -1000 -perm /020 -not -gid 0 -not -group "$(id -g -- "$run_as")" ')' -print -quit)
  for path in "$root" "$node" "$(realpath -- "$node" 2>/dev/null || echo "$node")"; do
    while above+=("$path") && [ "$path" != / ]; do path=$(dirname -- "$path"); done
  done
  found=$(find "${above[@]}" -maxdepth 0 "${closed[@]}" 2>/dev/null || true)
  [ -n "$found" ] || found=$(find "$root"/{bin,dist,scripts,systemd,node_modules/{koffi,@koromix}} "${closed[@]}" 2>/dev/null || true)
  [ -z "$found" ] || warn "$found can be written by others than root and $run_as ($(stat -c '%U:%G, %A' -- "$found")): they could run commands as $run_as. chown it to root and close it to others (chmod go-w), or install the program elsewhere"
}

check_user() {
  can_be "$run_as" || return 0
  find_twins
  [ "$mode" != cron ] || check_crontab
  check_directory
  find_map_target
  check_metrics
  ask_doctor
}

# What the program looks at, it is asked for: the map, its directory, the CLIs' roots, the bridge.
ask_doctor() {
  local level finding subject options
  mapfile -t options < <(doctor_options)
  while IFS=$'\t' read -r level subject finding; do
    case $level/$subject in
      problem/map | problem/directory) refuse "$finding" ;;
      warning/bridge) [ -z "${setting[CLAUDE_BRIDGE_URL]}" ] || warn "$finding" ;;
      problem/bridge)
        warn "$finding"
        [ -z "$asks" ] || agree 'Use this address all the same?' n </dev/tty || die 'nothing was installed' ;;
      problem/*) warn "$finding" ;;
    esac
  done < <(doctor_findings "${options[@]}")
}

doctor_findings() { # DOCTOR-OPTION...; a line each: level, subject, what and the cure
  local key given=(env)
  for key in "${keys[@]}"; do
    [ -z "${setting[$key]}" ] || given+=("$key=${setting[$key]}")
  done
  # shellcheck disable=SC2016 # for the other shell, and JavaScript
  as_user "${given[@]}" sh -c '"$@" doctor --json 2>/dev/null || true' sh "$node" "$program" "$@" |
    as_user "$node" -e '
      for (const { level, subject, message, fix } of JSON.parse(require("fs").readFileSync(0, "utf8")).checks ?? []) {
        const what = /^(Claude Code|Gemini CLI|Codex CLI|map|directory|bridge)$/.test(subject);
        if (what) console.log([level, subject, `${subject}: ${message}${fix ? `: ${fix}` : ""}`.replace(/\s+/g, " ")].join("\t"));
      }'
}

check_crontab() { # one that is only not readable must not be taken for none
  local said
  command -v crontab >/dev/null || return 0
  said=$(as_user crontab -l 2>&1) || [[ $said == *"no crontab"* || $said == *"can't open"* ]] ||
    die "can't read $run_as's crontab: $said"
}

check_directory() {
  local dir=${setting[CLAUDE_SESSION_DIR]} owner
  if ! [ -e "$dir" ]; then
    warn "there is no $dir yet: nothing is cleaned until the bridge has made its map there"
    return
  fi
  # Somebody else's would be kept for him, by root, over every restart.
  dir_like=$(stat -Lc '0%a %U %G' -- "$dir")
  read -r _ owner _ <<<"$dir_like"
  case $owner in
    root | "$run_as") ;;
    *) die "$dir belongs to $owner, who could put any map there: --run-as $owner, or remove it" ;;
  esac
  as_user test -w "$dir" || die "$run_as can't write in $dir: is that the user the bridge runs as?"
}

# A link may lead the map elsewhere. It is the user's, and what it names goes into a file of root's:
# it is looked at once, and what was checked is what is written.
find_map_target() {
  map_target=$(as_user readlink -f -- "${setting[CLAUDE_SESSION_DIR]}/session_map.json" 2>/dev/null) || return 0
  check_value 'where the map leads' "$map_target"
}

check_metrics() {
  local file=${setting[CLEANUP_METRICS]} dir=${setting[CLEANUP_METRICS]%/*}
  [[ -z $file || $file == *.prom ]] || die "--metrics: the node exporter reads files whose names end in .prom, not $file"
  [ -z "$file" ] || as_user test -d "$dir" -a -w "$dir" ||
    die "--metrics: $run_as can't write in $dir: make that directory, and let $run_as write there"
}
