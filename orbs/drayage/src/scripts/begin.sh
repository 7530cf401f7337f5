# generated - edit packages/circleci, run npm run render
# shellcheck shell=sh
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

# Persisted before anything can fail, so that whoever attaches the workspace finds something and learns what became of this job.
record_failure "$ORB_BEGUN/$ORB_NODE" 'the pre-pull job ended before its pre-pull did'
