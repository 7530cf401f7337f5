# generated - edit packages/circleci, run npm run render
# shellcheck shell=sh
# CircleCI expands ~ in the paths of its own steps, but not in variables.
case $DRAY_INSTALL_DIR in \~ | \~/*) DRAY_INSTALL_DIR=$HOME${DRAY_INSTALL_DIR#?} ;; esac
case $DRAY_WORKSPACE in \~ | \~/*) DRAY_WORKSPACE=$HOME${DRAY_WORKSPACE#?} ;; esac
PATH=$DRAY_INSTALL_DIR/bin:$PATH
export DRAY_INSTALL_DIR DRAY_WORKSPACE PATH

command -v dray >/dev/null || exit 1
dray ci check
