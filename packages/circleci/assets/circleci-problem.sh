# shellcheck shell=sh
# The command could not run. A later job still finds this folder, and in it what happened.
leave_problem() { # directory, message
  mkdir -p "$1"
  printf '%s\n' "$2" >"$1/problem.txt"
  printf 'drayage: %s\n' "$2" >&2
}
