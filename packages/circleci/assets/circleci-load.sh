# shellcheck shell=sh
set +e
dray ci load
