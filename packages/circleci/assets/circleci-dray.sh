# shellcheck shell=sh
is_on() { case ${1:-} in true | 1) return 0 ;; *) return 1 ;; esac }

becomes_root() { is_on "${ORB_SUDO:-}" && [ "$(id -u)" -ne 0 ] && sudo -n true 2>/dev/null; }

# A command that hangs shall not hold up the job. Where there is no timeout command, the limit of the step remains.
run_dray() {
  set -- dray "$@"
  if [ -n "${ORB_TIME_LIMIT:-}" ] && command -v timeout >/dev/null 2>&1; then set -- timeout "$ORB_TIME_LIMIT" "$@"; fi
  if becomes_root; then set -- sudo -n -E env "PATH=$PATH" "$@"; fi
  "$@"
}

# What a parameter leaves to the configuration file must not be set at all.
for name in ${ORB_LEFT_OPEN:-}; do
  case $(printenv "$name" || true) in default | false | 0) unset "$name" ;; esac
done
