# shellcheck shell=sh
mkdir -p "$DRAY_WORKSPACE/drayage/.report"
dray ci report || printf 'drayage: there is no report\n' >&2
