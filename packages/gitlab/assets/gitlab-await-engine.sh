#!/bin/sh
# drayage: waits for the engine of the service, half a minute at most
(
  limited() { if command -v timeout >/dev/null 2>&1; then timeout 10 "$@"; else "$@"; fi; }
  is_up() {
    if command -v docker >/dev/null 2>&1; then limited docker version >/dev/null 2>&1 </dev/null
    elif command -v dray >/dev/null 2>&1; then ! dray doctor --json 2>/dev/null </dev/null | grep -q '"no-engine"'
    fi
  }
  seconds=0
  until is_up; do
    # A try that reached its limit took ten seconds.
    case $? in 124 | 143) seconds=$((seconds + 10)) ;; *) seconds=$((seconds + 1)) ;; esac
    if [ "$seconds" -gt 30 ]; then
      echo "drayage: no engine answers at ${DOCKER_HOST:-the default place}; is the runner privileged?" >&2
      break
    fi
    sleep 1
  done
)
