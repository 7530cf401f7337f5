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

# The status document of a pre-pull that cannot write its own. The messages hold nothing that JSON would want escaped.
record_failure() { # directory, message
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  mkdir -p "$1"
  {
    printf '{"version":1,"runId":"circleci-%s-%s","state":"failed","beat":1,"leaseMs":30000,' "${CIRCLE_BUILD_NUM:-0}" "$ORB_NODE"
    printf '"startedAt":"%s","updatedAt":"%s","progress":{"bytesFetched":0,"bytesReused":0},"images":[],' "$now" "$now"
    printf '"error":{"code":"NOT_AVAILABLE","message":"%s"}}\n' "$2"
  } >"$1/dray-status.json"
}

# What fails is recorded for those who wait, and does not fail this job.
set +e
mkdir -p "$ORB_OWN_BUNDLE" "$ORB_REPORTS"
status=$ORB_OWN_BUNDLE/dray-status.json
report=$ORB_REPORTS/prepull-$ORB_KEY-$ORB_NODE
rm -f "$status"
export DRAY_BUNDLE="$ORB_OWN_BUNDLE"
if command -v dray >/dev/null 2>&1; then
  run_dray prepull --json >"$report.json"
  code=$?
  if [ "$code" -ne 0 ] && [ ! -s "$status" ]; then
    record_failure "$ORB_OWN_BUNDLE" "dray prepull ended with exit code $code, see the log of its job"
  elif [ "$code" -ne 0 ] && grep -q '"state": "running"' "$status"; then
    # It was killed. The images that are complete remain of use.
    sed 's/"state": "running"/"state": "failed"/' "$status" >"$status.new" && mv "$status.new" "$status"
  fi
else
  code=1
  say 'cannot pre-pull: the dray command is not there'
  record_failure "$ORB_OWN_BUNDLE" 'the pre-pull job has no dray command, see the log of its job'
fi
printf '%s\n' "$code" >"$report.exit-code"
[ "$code" -eq 0 ] || say "the pre-pull ended with exit code $code; jobs that need the images pull them normally"
exit 0
