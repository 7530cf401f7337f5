# shellcheck shell=sh
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
