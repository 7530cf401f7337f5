# shellcheck shell=sh
command -v dray >/dev/null || exit 1
dray ci check
