# shellcheck shell=sh
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
