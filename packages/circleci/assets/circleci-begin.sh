# shellcheck shell=sh
# Persisted before the checkout, which can fail: jobs that attach the workspace then see what happened here.
dray ci begin ||
  leave_problem "$DRAY_WORKSPACE/drayage/.begun/$DRAY_KEY/${CIRCLE_NODE_INDEX:-0}" 'this job has no working dray command'
