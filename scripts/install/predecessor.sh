# shellcheck shell=bash
# What cleaned before: the first version, a Python script with units of the same names or a line in a
# crontab, and whatever else has a unit of our name.

old_script='cleanup_idle_sessions\.py'
declare -A old=()  # its User, CLAUDE_SESSION_DIR and IDLE_THRESHOLD_HOURS, where they are known
old_units=()       # files of its units that an installation of ours does not replace
old_crontabs=()    # files with a line of it: /etc/crontab and the like
replaced=()        # files of our units' names that are another program's

names_old() { [ -f "$1" ] && grep -qsE -- "^[^#]*$old_script" "$1"; } # FILE

find_old_units() { # DIRECTORY...
  local dir file
  [ ${#replaced[@]} -gt 0 ] || for file in ${unit_dir:+"$unit_dir/$base.service" "$unit_dir/$base.timer"}; do
    [ -e "$file" ] && ! is_ours "$file" || continue
    replaced+=("$file")
    learn_old "$(old_text "$file")"
  done
  for dir; do
    for file in "$dir"/*.service; do
      names_old "$file" && [[ " ${replaced[*]-} ${old_units[*]-} " != *" $file "* ]] || continue
      old_units+=("$file")
      learn_old "$(old_text "$file")"
    done
  done
}

old_text() { # FILE of a service; with its drop-ins and settings files
  local text file
  text=$(sed -s '/^[[:blank:]]*[#;]/d' "$1" "$1.d"/*.conf 2>/dev/null || true)
  for file in $(sed -nE 's/^EnvironmentFile *= *-?//p' <<<"$text"); do
    [ ! -f "$file" ] || text+=$'\n'$(sed '/^[[:blank:]]*[#;]/d' "$file")
  done
  printf %s "$text"
}

find_old_cron() { # needs to know the user
  local line
  for line in /etc/crontab /etc/cron.d/* /etc/cron.hourly/*; do
    ! names_old "$line" || old_crontabs+=("$line")
  done
  line=$(old_cron_lines "$run_as")
  [ -z "$line" ] || learn_old "$(crontab_of "$run_as" | grep -E '^[A-Z_]+[[:blank:]]*=' || true)"$'\n'"$line"
}

crontab_of() { # USER
  if [ "$1" = "$run_as" ]; then as_user crontab -l; elif is_root; then crontab -u "$1" -l; fi 2>/dev/null || true
}

old_cron_lines() { crontab_of "$1" | grep -E -- "^[^#]*$old_script" || true; } # USER

# Its threshold can stand on the command line, in the environment or, as its own manual says, in the script.
learn_old() { # TEXT of units or of a crontab
  local script hours dir text=''
  [ -n "${old[User]-}" ] || old[User]=$(sed -nE 's/^User=//p' <<<"$1" | tail -n 1)
  script=$(grep -oE "/[^[:space:]\"']*$old_script" <<<"$1" | tail -n 1) || true
  [ ! -f "$script" ] || text=$(as_reader cat -- "$script" 2>/dev/null) || true
  hours=$(sed -nE 's/.*--hours[ =]+"?([0-9.]+).*/\1/p' <<<"$1" | tail -n 1)
  hours=${hours:-$(value_in IDLE_THRESHOLD_HOURS <<<"$1")}
  hours=${hours:-$(sed -nE '/^IDLE_THRESHOLD_HOURS *= *[0-9.]+/{s/.*= *([0-9.]+).*/\1/p;q}' <<<"$text")}
  dir=$(value_in CLAUDE_SESSION_DIR <<<"$1")
  dir=${dir:-$(sed -nE '/^SESSION_DIR *=/{s/.*Path\("([^"]+)"\).*/\1/p;q}' <<<"$text")}
  # The first that is learned of counts: what has our name before others.
  old[IDLE_THRESHOLD_HOURS]=${old[IDLE_THRESHOLD_HOURS]:-$hours}
  old[CLAUDE_SESSION_DIR]=${old[CLAUDE_SESSION_DIR]:-$dir}
}

as_reader() { if [ -n "$home" ]; then as_user timeout 5 "$@"; else "$@"; fi; } # COMMAND...; as the user, once known

value_in() { # KEY; the last KEY=value in the text on standard input, quoted as units and shells do it
  sed -nE "s/.*[\"']$1=([^\"']*)[\"'].*/\\1/p; t; s/.*\\b$1[[:blank:]]*=[[:blank:]]*\"([^\"]*)\".*/\\1/p; t
    s/.*\\b$1[[:blank:]]*=[[:blank:]]*[\"']?([^\"'[:space:]]+).*/\\1/p" | tail -n 1
}

mention_old() {
  local file line user
  for file in ${replaced[@]+"${replaced[@]}"}; do
    line=$(command_of "$file")
    warn "$file is another program's${line:+ ($line)} and is replaced; a copy is kept in $settings_dir/replaced"
  done
  for file in ${old_units[@]+"${old_units[@]}"}; do
    warn "${file##*/} cleans, too ($(command_of "$file"))$(how_to_end "$(manager_of "$file") disable --now ${file##*/} $(basename "$file" .service).timer" "$file")"
  done
  for user in $(old_cron_users); do
    while IFS= read -r line; do
      warn "$user's crontab cleans, too ($line)$(how_to_end "take that line out: crontab -e")"
    done < <(old_cron_lines "$user")
  done
  for file in ${old_crontabs[@]+"${old_crontabs[@]}"}; do
    warn "$file cleans, too ($(grep -E -- "$old_script" "$file" | tail -n 1)): take that out by hand"
  done
  for line in IDLE_THRESHOLD_HOURS CLAUDE_SESSION_DIR; do
    [ -z "${old[$line]-}" ] || [ -n "${given[$line]-}" ] || [ "${old[$line]}" != "${setting[$line]}" ] ||
      say "Taken over from it: $line=${old[$line]}"
  done
}

command_of() { sed -nE 's/^ExecStart *= *//p' "$1" | tail -n 1; } # FILE of a service

how_to_end() { # BY-HAND [UNIT-FILE]
  if ! can_end "${2-}"; then printf '; run: %s' "$1"
  elif [ -n "$migrate" ]; then printf '; it is ended'
  elif [ -z "$asks" ]; then printf '; --migrate ends it, or: %s' "$1"; fi
}

is_of_system() { [[ $1 == /etc/* ]]; } # FILE of a unit
can_end() { is_root || ! is_of_system "$1"; }
manager_of() { if is_of_system "$1"; then echo 'sudo systemctl'; else echo 'systemctl --user'; fi; }

old_cron_users() { # those whose crontab we may change and that has a line of it
  local user
  command -v crontab >/dev/null || return 0
  for user in "$run_as" $(if is_root; then echo root; fi); do
    [ -z "$(old_cron_lines "$user")" ] || echo "$user"
  done | sort -u
}

has_old() { [ ${#old_units[@]} -gt 0 ] || [ -n "$(old_cron_users)" ]; }

# Before anything of ours is in place: a unit of our name stops, and its text is kept.
replace_old() {
  local file
  [ -z "$migrate" ] || for file in "$unit_dir/$unit.service.d"/*.conf; do
    ! names_old "$file" || { keep_copy "$file"; remove "$file"; }
  done
  [ ${#replaced[@]} -gt 0 ] || return 0
  run "${control[@]}" --quiet disable --now "$unit.timer" 2>/dev/null || true
  run "${control[@]}" stop "$unit.service" 2>/dev/null || true
  for file in "${replaced[@]}"; do keep_copy "$file"; done
}

keep_copy() { # FILE
  local copy=$settings_dir/replaced/${1##*/} reader=()
  [ -e "$1" ] || return 0
  is_of_system "$1" || reader=(as_user)
  if [ -e "$copy" ] && ! "${reader[@]}" cmp -s -- "$1" "$copy"; then copy+=.$(date +%F-%T); fi
  place 644 "$copy" < <("${reader[@]}" cat -- "$1")
}

# Once ours is in place, so that there is always one that cleans.
end_old() {
  local unit_file file user stem manager owner
  [ -n "$migrate" ] || return 0
  for unit_file in ${old_units[@]+"${old_units[@]}"}; do
    can_end "$unit_file" || continue
    stem=${unit_file%.service} manager=(systemctl) owner=()
    is_of_system "$unit_file" ||
      manager=(as_user env "XDG_RUNTIME_DIR=/run/user/$(id -u -- "$run_as")" systemctl --user) owner=(as_user)
    for file in "$stem.timer" "$unit_file"; do
      ! "${owner[@]}" test -e "$file" || run "${manager[@]}" --quiet disable --now "${file##*/}" || true
    done
    for file in "$stem.timer" "$unit_file"; do
      "${owner[@]}" test -e "$file" || continue
      keep_copy "$file"
      run "${owner[@]}" rm -f -- "$file"
    done
    run "${manager[@]}" daemon-reload
  done
  for user in $(old_cron_users); do
    place 600 "$settings_dir/replaced/crontab-of-$user" < <(crontab_of "$user")
    say "  remove     the first version's line from $user's crontab"
    [ "$act" = apply ] || continue
    if [ "$user" = "$run_as" ]; then without_old "$user" | as_user crontab -; else without_old "$user" | crontab -u "$user" -; fi
  done
}

without_old() { # USER; the crontab without those lines
  local table
  table=$(crontab_of "$1")
  grep -vE "^[^#]*$old_script" <<<"$table" || true
}
