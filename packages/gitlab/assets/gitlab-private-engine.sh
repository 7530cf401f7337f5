#!/bin/sh
# drayage: an engine of this job alone, with the pre-pulled images in it; whatever fails, there is an engine
# A new directory that only this user can write: what others put into /tmp is never used.
DRAY_JOB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/drayage.XXXXXX")
DRAY_EXPORT=${DRAY_EXPORT:-$DRAY_JOB_DIR/engine.sh}
DRAY_BUNDLE=${DRAY_BUNDLE:-$DRAY_JOB_DIR/bundle}
export DRAY_EXPORT DRAY_BUNDLE
if [ -z "${DRAY_PREPULL_JOB:-}" ]; then
  echo 'drayage: no images are loaded, as the job lacks the variables: extend the hidden job, too' >&2
elif command -v dray >/dev/null 2>&1; then
  dray load </dev/null || case $? in
    # Only where strict or on_miss asks for it.
    3 | 4) exit "$?" ;;
    *) [ "${DRAY_STRICT:-}" != true ] || exit 1 ;;
  esac
  if ! [ -s "$DRAY_EXPORT" ] && dray engine start </dev/null && [ -s "$DRAY_EXPORT" ]; then
    # There were no packs to mount: what there is else is loaded, without another wait.
    # shellcheck disable=SC1090
    . "$DRAY_EXPORT"
    DRAY_DELIVERY=load DRAY_SETTLED=true dray load </dev/null || :
  fi
elif [ "${DRAY_STRICT:-}" = true ]; then
  exit 3
fi
if [ -s "$DRAY_EXPORT" ]; then
  # shellcheck disable=SC1090
  . "$DRAY_EXPORT"
elif command -v dockerd >/dev/null 2>&1 && ! docker version >/dev/null 2>&1 </dev/null; then
  echo 'drayage: dockerd of the image is started as it is; the job pulls what it needs' >&2
  dockerd >"$DRAY_JOB_DIR/dockerd.log" 2>&1 </dev/null &
fi
