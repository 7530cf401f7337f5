# generated - edit packages/circleci, run npm run render
# shellcheck shell=sh
# CircleCI expands ~ in the paths of its own steps, but not in variables.
case $DRAY_INSTALL_DIR in \~ | \~/*) DRAY_INSTALL_DIR=$HOME${DRAY_INSTALL_DIR#?} ;; esac
case $DRAY_WORKSPACE in \~ | \~/*) DRAY_WORKSPACE=$HOME${DRAY_WORKSPACE#?} ;; esac
PATH=$DRAY_INSTALL_DIR/bin:$PATH
export DRAY_INSTALL_DIR DRAY_WORKSPACE PATH

# The command could not run. A later job still finds this folder, and in it what happened.
leave_problem() { # directory, message
  mkdir -p "$1"
  printf '%s\n' "$2" >"$1/problem.txt"
  printf 'drayage: %s\n' "$2" >&2
}

# Persisted before the checkout, which can fail: jobs that attach the workspace then see what happened here.
dray ci begin ||
  leave_problem "$DRAY_WORKSPACE/drayage/.begun/$DRAY_KEY/${CIRCLE_NODE_INDEX:-0}" 'this job has no working dray command'
