# generated - edit packages/circleci, run npm run render
# shellcheck shell=sh
# CircleCI expands ~ in the paths of its own steps, but not in variables.
case $DRAY_INSTALL_DIR in \~ | \~/*) DRAY_INSTALL_DIR=$HOME${DRAY_INSTALL_DIR#?} ;; esac
case $DRAY_WORKSPACE in \~ | \~/*) DRAY_WORKSPACE=$HOME${DRAY_WORKSPACE#?} ;; esac
PATH=$DRAY_INSTALL_DIR/bin:$PATH
export DRAY_INSTALL_DIR DRAY_WORKSPACE PATH

set +e
dray ci load

code=$?
case $code in 0 | 2 | 3 | 4) exit "$code" ;; esac
# The command could not run, or strict passes on a code of its own.
printf 'drayage: exit code %s; this job goes on without the pre-pulled images unless it is strict\n' "$code" >&2
[ "$code" -ne 127 ] || code=3
case "${DRAY_STRICT:-} ${DRAY_ON_MISS:-}" in true\ * | 1\ * | *' fail') exit "$code" ;; esac
exit 0
