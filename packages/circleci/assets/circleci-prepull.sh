# shellcheck shell=sh
dray ci prepull ||
  leave_problem "$DRAY_WORKSPACE/drayage/$DRAY_KEY/${CIRCLE_NODE_INDEX:-0}" 'nothing is pre-pulled: there is no working dray command'
