# shellcheck shell=sh
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
