# shellcheck shell=sh
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
