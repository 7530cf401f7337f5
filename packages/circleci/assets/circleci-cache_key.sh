# shellcheck shell=sh
# The cached command depends on the Node.js of the image, and on the source of the command.
mkdir -p "$DRAY_WORKSPACE/drayage"
{
  node --version 2>/dev/null || printf 'no Node.js\n'
  printf '%s\n' "$DRAY_INSTALL_FROM" "$DRAY_INSTALL_CHECKSUMS"
} >"$DRAY_WORKSPACE/drayage/.cli-build"
