#compdef claude-session-cleanup
# Named as a file on fpath is, which zsh runs under that name when it is first needed.
_claude-session-cleanup() {
  local state
  _arguments -C -s -A '-*' @OPTIONS@ '*:: :->command'
  [[ $state == command ]] || return
  case $words[1] in
@COMMANDS@
  esac
}
if [[ $funcstack[1] == _claude-session-cleanup ]]; then
  _claude-session-cleanup "$@"
else
  compdef _claude-session-cleanup claude-session-cleanup
fi
