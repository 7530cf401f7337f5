# shellcheck shell=sh
set +e
dray ci engine
