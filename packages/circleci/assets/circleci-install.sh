# shellcheck shell=sh
# A job that gets no command goes on without it.
set +e
DRAY_INSTALL_DIR=$(home_path "$ORB_INSTALL_DIR")
export DRAY_INSTALL_DIR
mkdir -p "$ORB_ROOT/drayage"
dray_install
code=$?
if [ "$code" -eq 0 ]; then
  dir=$(printf '%s' "$DRAY_INSTALL_DIR" | sed 's/[\\"$`]/\\&/g')
  [ -z "${BASH_ENV:-}" ] || printf 'export PATH="%s/bin:$%s"\n' "$dir" PATH >>"$BASH_ENV"
  printf 'dray %s is installed\n' "$(dray --version)"
else
  say 'the job goes on without the dray command, and pulls its images normally'
  # What has failed must not be kept in the cache.
  mkdir -p "$DRAY_INSTALL_DIR"
  printf 'failed in %s at %s\n' "${CIRCLE_WORKFLOW_JOB_ID:-$$}" "$(date)" >>"$ORB_ROOT/drayage/.cli-build"
fi
exit 0
