# shellcheck shell=sh
say() { printf 'drayage: %s\n' "$*" >&2; }
