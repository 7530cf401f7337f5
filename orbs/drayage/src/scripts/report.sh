# generated - edit packages/circleci, run npm run render
# shellcheck shell=sh
# CircleCI expands ~ in the paths of its own steps, but not in variables.
case $DRAY_INSTALL_DIR in \~ | \~/*) DRAY_INSTALL_DIR=$HOME${DRAY_INSTALL_DIR#?} ;; esac
case $DRAY_WORKSPACE in \~ | \~/*) DRAY_WORKSPACE=$HOME${DRAY_WORKSPACE#?} ;; esac
PATH=$DRAY_INSTALL_DIR/bin:$PATH
export DRAY_INSTALL_DIR DRAY_WORKSPACE PATH

mkdir -p "$DRAY_WORKSPACE/drayage/.report"
dray ci report || printf 'drayage: there is no report\n' >&2
