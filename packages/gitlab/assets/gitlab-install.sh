#!/bin/sh
# drayage: gets the dray command, unless the image has it; where that fails, the job goes on without it
if command -v dray >/dev/null 2>&1; then
  : # The one on the PATH is used as it is.
elif [ -n "${DRAY_INSTALL_VERSION:-}${DRAY_INSTALL_FROM:-}" ]; then
  DRAY_INSTALL_DIR=${DRAY_INSTALL_DIR:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/drayage/cli}
  PATH=$DRAY_INSTALL_DIR/bin:$PATH
  export DRAY_INSTALL_DIR PATH
  dray_install </dev/null || echo 'drayage: the dray command is not there; the job goes on without it' >&2
fi
