# shellcheck shell=sh
# The socket of a private engine is for root only; the user of this job, who could become root, may use it as well.
share_engine() { # report
  becomes_root || return 0
  socket=$(sed -n 's/.*"dockerHost":"unix:\/\/\(\/run\/drayage\/[0-9a-f]*\/docker\.sock\)".*/\1/p' "$1")
  [ -z "$socket" ] || sudo -n chown "$(id -u)" "$(dirname "$socket")" "$socket"
}
