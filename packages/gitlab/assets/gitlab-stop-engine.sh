#!/bin/sh
# drayage: stops the engine of this job
PATH=$PATH:${DRAY_INSTALL_DIR:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/drayage/cli}/bin
if command -v dray >/dev/null 2>&1; then dray engine stop </dev/null || :; fi
