# shellcheck shell=bash
# What man, the shells and the path know, once for all instances.

install_helpers() {
  local act=$act
  install_command
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
  uninstall_command
  remove "$share/man/man1/$name.1" "$share/bash-completion/completions/$name" "$fish_completions/$name.fish" "$share/zsh/site-functions/_$name"
  # share/man belongs to the system, and so do the places of fish and zsh.
  if [ "$mode" = systemd ]; then
    remove_empty "$share/man/man1"
    remove_empty "$share/bash-completion/completions"
    remove_empty "$share/bash-completion"
  else
    remove_empty_in_home .local/share/man/man1 .local/share/bash-completion/completions .local/share/fish/vendor_completions.d .local/bin ".config/$name"
  fi
  ! as_owner test -e "$settings_dir/replaced" || say "  kept       $settings_dir/replaced, copies of what was there before"
  remove_empty "$settings_dir"
}

# The settings folder keeps where the link leads that we made: no other one is ever changed.
install_command() {
  local made target
  made=$(as_owner cat -- "$settings_dir/command" 2>/dev/null) || made=
  target=$(as_owner readlink -- "$command" 2>/dev/null) || target=
  if as_owner test -e "$command" -o -L "$command" && [ "${target:-none}" != "$made" ]; then
    [ "$(as_owner realpath -- "$command")" = "$program" ] || warn "$command is another program's, and stays as it is"
    return 0
  fi
  if [ "$target" != "$program" ]; then
    say "  link       $command to $program"
    # shellcheck disable=SC2016 # for the other shell
    [ "$act" != apply ] || as_owner sh -euc 'mkdir -p -- "${2%/*}"; ln -sfnT -- "$1" "$2"' sh "$program" "$command"
  fi
  place 644 "$settings_dir/command" <<<"$program"
}

uninstall_command() {
  local made
  made=$(as_owner cat -- "$settings_dir/command" 2>/dev/null) || return 0
  [ "$(as_owner readlink -- "$command")" != "$made" ] || remove "$command"
  remove "$settings_dir/command"
}
