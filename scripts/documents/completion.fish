# fish completion of claude-session-cleanup
# What stands behind an option is its value, and no command. The value may still be missing.
function __claude_session_cleanup_is_at -a wanted
    set -l words (commandline -opc)[2..-1]
    argparse -s @OPTIONS@ -- $words 2>/dev/null
    or set argv
    test "$argv[1]" = "$wanted"
end
complete -c claude-session-cleanup -f
@LINES@
