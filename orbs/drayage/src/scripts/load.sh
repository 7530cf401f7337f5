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

# A cache that fails does not fail the job, unless strict or on_miss: fail asks for it.
set +e
mkdir -p "$ORB_REPORTS"
wants_all() { is_on "${DRAY_STRICT:-}" || [ "${DRAY_ON_MISS:-}" = fail ]; }

give_up() {
  say "$1; this job pulls its images normally"
  if wants_all; then exit 3; else exit 0; fi
}

worst=0
load() { # bundle
  report=$ORB_REPORTS/load-$ORB_KEY-$(basename "$1").json
  export DRAY_BUNDLE="$1"
  run_dray load --json >"$report"
  code=$?
  [ "$code" -le "$worst" ] || worst=$code
  share_engine "$report"
}

command -v dray >/dev/null 2>&1 || give_up 'cannot load the pre-pulled images: the dray command is not there'
if is_on "$ORB_EXPORT" || [ "${DRAY_DELIVERY:-}" = mount ]; then export DRAY_EXPORT="${BASH_ENV:-}"; fi
if [ -n "${DRAY_HANDOVER:-}" ]; then
  load "$ORB_OWN_BUNDLE"
elif ls -d "$ORB_BUNDLES"/*/ >/dev/null 2>&1; then
  if is_on "$ORB_ATTACH"; then export DRAY_SETTLED=true; fi
  for bundle in "$ORB_BUNDLES"/*/; do load "${bundle%/}"; done
elif ! is_on "$ORB_ATTACH"; then
  load "$ORB_OWN_BUNDLE"
elif [ -d "$ORB_BEGUN" ]; then
  give_up "there is no bundle: the job with the key $ORB_KEY ended before its pre-pull did"
else
  give_up "there is no bundle: no job with the key $ORB_KEY has run before this one"
fi
# Exit code 2 is a mistake in the parameters, which should be seen.
if [ "$worst" -eq 2 ] || wants_all; then exit "$worst"; fi
[ "$worst" -eq 0 ] || say 'this job pulls normally what was not loaded'
exit 0
