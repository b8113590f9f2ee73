# shellcheck shell=bash
# Where things go.

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
    command=/usr/local/bin/$name share=/usr/local/share fish_completions=/etc/fish/completions
  else
    command=$home/.local/bin/$name share=$home/.local/share fish_completions=$home/.local/share/fish/vendor_completions.d
  fi
}

default_dir() {
  if [ "$instance" = default ]; then echo /tmp/claude_sessions; else echo "/tmp/claude_sessions_$instance"; fi
}
