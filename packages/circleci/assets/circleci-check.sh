# shellcheck shell=sh
code=$(cat "$ORB_REPORTS/prepull-$ORB_KEY-$ORB_NODE.exit-code" || echo 1)
[ "$code" -eq 0 ] || say "the pre-pull ended with exit code $code, and fail_workflow is set"
exit "$code"
