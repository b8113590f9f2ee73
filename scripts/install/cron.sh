# shellcheck shell=bash
# The line in a crontab, and the job that it runs.

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
begin=\$(wc -c 2>/dev/null <"\$log" || echo 0)
{
  date
  # As systemd does: words in quotes are one.
  eval "set -- \$CLEANUP_ARGS"
  "$node" "$program" "\$@"
} >>"\$log" 2>&1
status=\$?
if [ \$status != 0 ]; then
  # What a cron job prints is mailed to its user.
  echo "claude-session-cleanup ($instance) failed with status \$status; its lines in \$log:"
  tail -c "+\$((begin + 1))" "\$log" | tail -n 50
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
