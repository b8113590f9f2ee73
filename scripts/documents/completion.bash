# bash completion of claude-session-cleanup
_claude_session_cleanup() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' at
  local -a reply=()
  COMPREPLY=()
  # To bash, --option=value is three words.
  if [[ $current == = ]]; then current=''
  elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi
  for (( at = 1; at < COMP_CWORD; at++ )); do
    case ${COMP_WORDS[at]} in
      @TAKING@)
        (( at += 1 )); [[ ${COMP_WORDS[at]} != = ]] || (( at += 1 )) ;;
      @COMMANDS@) command=${COMP_WORDS[at]}; break ;;
    esac
  done
  case $before in
@VALUES@
    *)
      case $command in
@WORDS@
      esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen "${reply[@]}" -- "$current")
}
complete -F _claude_session_cleanup claude-session-cleanup
