#!/bin/sh
# drayage: a private engine for this job, with the pre-pulled images; if that fails, the image's own dockerd
# A new directory that only this user can write: what others put into /tmp is never used.
DRAY_JOB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/drayage.XXXXXX")
DRAY_EXPORT=${DRAY_EXPORT:-$DRAY_JOB_DIR/engine.sh}
DRAY_BUNDLE=${DRAY_BUNDLE:-$DRAY_JOB_DIR/bundle}
export DRAY_EXPORT DRAY_BUNDLE
if [ -z "${DRAY_PREPULL_JOB:-}" ]; then
  echo 'drayage: no images are loaded, as the job lacks the variables: extend the hidden job, too' >&2
elif command -v dray >/dev/null 2>&1; then
  dray ci load --private-engine </dev/null || case $? in 3 | 4) exit "$?" ;; *) [ "${DRAY_STRICT:-}" != true ] || exit 1 ;; esac
elif [ "${DRAY_STRICT:-}" = true ]; then
  exit 3
fi
if [ -s "$DRAY_EXPORT" ]; then
  # shellcheck disable=SC1090
  . "$DRAY_EXPORT"
elif command -v dockerd >/dev/null 2>&1 && ! docker version >/dev/null 2>&1 </dev/null; then
  echo 'drayage: the dockerd of the image is started; the job pulls what it needs' >&2
  dockerd >"$DRAY_JOB_DIR/dockerd.log" 2>&1 </dev/null &
fi
