# shellcheck shell=bash
# Doing, or showing.

act=apply # apply, show (one line for each step) or print (whole files too)
changed=''

# shellcheck disable=SC2016 # for the other shell, which opens the file as its owner
write='mkdir -p -- "${2%/*}"; umask 077; cat >"$2.new"; chmod "$1" "$2.new"; mv -f -- "$2.new" "$2"'

place() { # MODE FILE; content on standard input
  local content
  content=$(cat; echo .)
  content=${content%.}
  if printf %s "$content" | as_owner cmp -s -- - "$2"; then
    say "  unchanged  $2"
    return
  fi
  changed=1
  say "  write      $2"
  case $act in
    print) printf %s "$content" | sed 's/^/             | /' ;;
    apply) printf %s "$content" | as_owner sh -euc "$write" sh "$1" "$2" ;;
  esac
}

remove() { # FILE...
  local file
  for file; do
    as_owner test -e "$file" || continue
    say "  remove     $file"
    [ "$act" != apply ] || as_owner rm -f -- "$file"
  done
}

are_any() { # FILE...; links that lead nowhere, too
  local file
  for file; do
    ! as_owner test -e "$file" -o -L "$file" || return 0
  done
  return 1
}

refuse() { # what is no reason to stop where nothing is done
  [ -n "$dry_run" ] || die "$*"
  warn "$*"
}

run() { # COMMAND...
  say "  run        $*"
  [ "$act" != apply ] || "$@"
}

remove_empty() { # DIRECTORY...
  [ "$act" != apply ] || as_owner rmdir --ignore-fail-on-non-empty -- "$@" 2>/dev/null || true
}
