#!/bin/sh
# drayage: waits for the engine of the service, half a minute at most
(
  is_up() {
    if command -v docker >/dev/null 2>&1; then docker version >/dev/null 2>&1 </dev/null
    elif command -v dray >/dev/null 2>&1; then ! dray doctor --json 2>/dev/null </dev/null | grep -q '"no-engine"'
    fi
  }
  tries=0
  until is_up; do
    tries=$((tries + 1))
    if [ "$tries" -gt 30 ]; then
      echo "drayage: no engine answers at ${DOCKER_HOST:-the default place}; is the runner privileged?" >&2
      break
    fi
    sleep 1
  done
)
