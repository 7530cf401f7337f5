# generated - edit packages/circleci, run npm run render
# shellcheck shell=sh
say() { printf 'drayage: %s\n' "$*" >&2; }

# CircleCI expands ~ in paths of its own steps, but not in variables.
home_path() {
  case $1 in
    \~ | \~/*) printf '%s%s\n' "$HOME" "${1#?}" ;;
    *) printf '%s\n' "$1" ;;
  esac
}

ORB_ROOT=$(home_path "$ORB_ROOT")
ORB_NODE=${CIRCLE_NODE_INDEX:-0}
ORB_REPORTS=$ORB_ROOT/drayage/.report
ORB_BUNDLES=$ORB_ROOT/drayage/$ORB_KEY
ORB_OWN_BUNDLE=$ORB_BUNDLES/$ORB_NODE
ORB_BEGUN=$ORB_ROOT/drayage/.begun/$ORB_KEY
PATH=$(home_path "$ORB_INSTALL_DIR")/bin:$PATH
export ORB_ROOT ORB_NODE ORB_REPORTS ORB_BUNDLES ORB_OWN_BUNDLE ORB_BEGUN PATH

is_on() { case ${1:-} in true | 1) return 0 ;; *) return 1 ;; esac }

becomes_root() { is_on "${ORB_SUDO:-}" && [ "$(id -u)" -ne 0 ] && sudo -n true 2>/dev/null; }

# A command that hangs shall not hold up the job. Where there is no timeout command, the limit of the step remains.
run_dray() {
  set -- dray "$@"
  if [ -n "${ORB_TIME_LIMIT:-}" ] && command -v timeout >/dev/null 2>&1; then set -- timeout "$ORB_TIME_LIMIT" "$@"; fi
  if becomes_root; then set -- sudo -n -E env "PATH=$PATH" "$@"; fi
  "$@"
}

# What a parameter leaves to the configuration file must not be set at all.
for name in ${ORB_LEFT_OPEN:-}; do
  case $(printenv "$name" || true) in default | false | 0) unset "$name" ;; esac
done

# The socket of a private engine is for root only; the user of this job, who could become root, may use it as well.
share_engine() { # report
  becomes_root || return 0
  socket=$(sed -n 's/.*"dockerHost":"unix:\/\/\(\/run\/drayage\/[0-9a-f]*\/docker\.sock\)".*/\1/p' "$1")
  [ -z "$socket" ] || sudo -n chown "$(id -u)" "$(dirname "$socket")" "$socket"
}

# Without the engine the job goes on with the one that it has.
set +e
mkdir -p "$ORB_REPORTS"
give_up() {
  say "$1; this job uses the engine that it has"
  if is_on "${DRAY_STRICT:-}"; then exit 3; else exit 0; fi
}

command -v dray >/dev/null 2>&1 || give_up 'cannot start an engine: the dray command is not there'
bundle=$ORB_OWN_BUNDLE
for found in "$ORB_BUNDLES"/*/; do
  [ ! -d "$found" ] || bundle=${found%/}
done
[ -d "$bundle" ] || say "there is no bundle with the key $ORB_KEY: the engine starts without images"
report=$ORB_REPORTS/engine-$ORB_KEY.json
export DRAY_BUNDLE="$bundle" DRAY_EXPORT="${BASH_ENV:-}"
run_dray engine start --json >"$report"
code=$?
[ "$code" -ne 0 ] || share_engine "$report"
# Exit code 2 is a mistake in the parameters, which should be seen.
[ "$code" -ne 2 ] || exit 2
[ "$code" -eq 0 ] || give_up "no engine was started: exit code $code"
exit 0
