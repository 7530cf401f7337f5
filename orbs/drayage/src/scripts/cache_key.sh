# generated - edit packages/circleci, run npm run render
# shellcheck shell=sh
# CircleCI expands ~ in the paths of its own steps, but not in variables.
case $DRAY_INSTALL_DIR in \~ | \~/*) DRAY_INSTALL_DIR=$HOME${DRAY_INSTALL_DIR#?} ;; esac
case $DRAY_WORKSPACE in \~ | \~/*) DRAY_WORKSPACE=$HOME${DRAY_WORKSPACE#?} ;; esac
PATH=$DRAY_INSTALL_DIR/bin:$PATH
export DRAY_INSTALL_DIR DRAY_WORKSPACE PATH

# The cached command depends on the Node.js of the image, and on the source of the command.
mkdir -p "$DRAY_WORKSPACE/drayage"
{
  node --version 2>/dev/null || printf 'no Node.js\n'
  printf '%s\n' "$DRAY_INSTALL_FROM" "$DRAY_INSTALL_CHECKSUMS"
} >"$DRAY_WORKSPACE/drayage/.cli-build"
