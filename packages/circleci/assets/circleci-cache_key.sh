# shellcheck shell=sh
# What is cached depends on the Node.js of the image, and on where it is from.
mkdir -p "$ORB_ROOT/drayage"
{
  node --version 2>/dev/null || printf 'no Node.js\n'
  printf '%s\n' "$DRAY_INSTALL_FROM" "$DRAY_INSTALL_CHECKSUMS"
} >"$ORB_ROOT/drayage/.cli-build"
