# shellcheck shell=bash
# The units of systemd.

install_units() {
  place 644 "$env_file" < <(env_text)
  changed=
  place 644 "$unit_dir/$base.service" < <(unit_text service)
  place 644 "$unit_dir/$base.timer" < <(unit_text timer)
  place 644 "$instance_conf" < <(instance_conf_text)
  [ -z "$changed" ] || run "${control[@]}" daemon-reload
  [ "$mode" = user ] || keep_directory
  [ "$act" != apply ] || check_effective
  { "${control[@]}" --quiet is-enabled "$unit.timer" && "${control[@]}" --quiet is-active "$unit.timer"; } 2>/dev/null ||
    run "${control[@]}" --quiet enable --now "$unit.timer"
}

unit_text() { # TYPE; the default instance's is the template's without its instance
  if [ "$instance" = default ]; then
    sed 's/ (%i)$//; s/@INSTANCE//g; s/INSTANCE/default/g; s/%i/default/g' "$root/systemd/$name@.$1"
  else
    cat "$root/systemd/$name@.$1"
  fi
}

property() { "${control[@]}" show --property="$1" --value -- "$2"; } # NAME UNIT

# Whether a unit's file is one of ours, of any version.
is_ours() { grep -qs "from a chat bridge's session map" -- "$1"; } # FILE

# A later drop-in can put another program in the place of ours, or take away what makes the dry run one.
check_drop_ins() { # FILE...
  local file
  for file; do
    [[ -e $file && ${file##*/} > ${instance_conf##*/} ]] || continue
    [ -z "$migrate" ] || ! names_old "$file" || continue # goes
    if grep -qE '^[[:blank:]]*ExecStart[[:blank:]]*=.*[^[:blank:]=]' "$file"; then
      refuse "$file starts another program in the place of this one: $(grep -E '^[[:blank:]]*ExecStart.*=.' "$file" | tail -n 1). Take that line out$(names_old "$file" && echo ' (--migrate does)'), then run install.sh again; nothing was started"
    fi
    ! grep -qE '^[[:blank:]]*EnvironmentFile[[:blank:]]*=[[:blank:]]*$' "$file" ||
      refuse "$file takes away the settings in $env_file (EnvironmentFile=): take that line out, then run install.sh again; nothing was started"
  done
}

# systemd lets a settings file win over every Environment=.
mention_drop_ins() { # FILE...
  local file key value ours text
  text=$(env_text)
  for file; do
    while IFS== read -r key _; do
      ours=$(grep "^$key=" <<<"$text") || continue
      value=$(grep -E '^[[:blank:]]*Environment[[:blank:]]*=' "$file" | value_in "$key")
      [ "$value" = "$(value_in "$key" <<<"$ours")" ] ||
        warn "$file sets $key=$value, which does not count: $env_file, with $ours, wins. Change it there"
    done < <(grep -E '^[[:blank:]]*Environment[[:blank:]]*=' "$file" | grep -oE '[A-Z_]+=')
  done
}

own_drop_ins() { # those in the places where administrators and packages put them
  local place kind=system
  [ "$mode" = systemd ] || kind=user
  for place in "$unit_dir" /run/systemd/$kind /etc/systemd/$kind /usr/local/lib/systemd/$kind /usr/lib/systemd/$kind; do
    compgen -G "$place/$unit.service.d/*.conf" || true
    [ "$base" = "$name" ] || compgen -G "$place/$base.service.d/*.conf" || true
  done
}

check_effective() { # by what systemd made of it
  local files=()
  [ "$(property FragmentPath "$unit.service")" = "$unit_dir/$base.service" ] ||
    die "another file takes the place of $unit_dir/$base.service: $(property FragmentPath "$unit.service"); nothing was started"
  read -ra files <<<"$(property DropInPaths "$unit.service")"
  check_drop_ins "${files[@]}"
  [ "$mode" = user ] || [ "$(property User "$unit.service")" = "$run_as" ] ||
    die "a drop-in has it run as $(property User "$unit.service"): systemctl cat $unit.service; nothing was started"
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
# A second command could not join the namespaces of the first, and systemd would warn of it at each run.
ExecStopPost=
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
  # As above: here there is a second command.
  [ "$mode" = systemd ] || printf 'PrivateNetwork=no\nPrivateIPC=no\n'
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
  local type others=()
  for type in timer service; do
    [ ! -e "$unit_dir/$base.$type" ] || is_ours "$unit_dir/$base.$type" || others+=("$unit_dir/$base.$type")
  done
  [ ${#others[@]} = 0 ] || warn "kept, for another program's: ${others[*]}"
  are_any "$instance_conf" "$env_file" || { [ ${#others[@]} = 0 ] && are_any "$unit_dir/timers.target.wants/$unit.timer"; } ||
    { [ "$base" = "$name" ] && { is_ours "$unit_dir/$base.service" || is_ours "$unit_dir/$base.timer"; }; } ||
    die "$instance is not installed ($mode)"
  if [ ${#others[@]} = 0 ]; then
    run "${control[@]}" --quiet disable --now "$unit.timer" 2>/dev/null || true
    run "${control[@]}" stop "$unit.service" || true
    run "${control[@]}" clean --what=state "$unit.timer" 2>/dev/null || true
  fi
  mention_metrics
  remove "$instance_conf" "$env_file"
  [ "$mode" = user ] || remove "$tmpfiles"
  remove_empty "$unit_dir/$unit.service.d" "$settings_dir"
  instances=$(compgen -G "$unit_dir/$name@?*.service.d/10-instance.conf" || true)
  if [ "$base" = "$name" ] || [ -z "$instances" ]; then
    for type in service timer; do
      ! is_ours "$unit_dir/$base.$type" || remove "$unit_dir/$base.$type"
    done
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
