# shellcheck shell=sh
# A job that cannot install the command goes on without it.
set +e
mkdir -p "$DRAY_WORKSPACE/drayage"
if dray_install; then
  dir=$(printf '%s' "$DRAY_INSTALL_DIR" | sed 's/[\\"$`]/\\&/g')
  [ -z "${BASH_ENV:-}" ] || printf 'export PATH="%s/bin:$%s"\n' "$dir" PATH >>"$BASH_ENV"
  printf 'dray %s is installed\n' "$(dray --version)"
else
  printf 'drayage: this job goes on without the dray command, and pulls its images normally\n' >&2
  # Another cache key: a failed installation is not found by later jobs.
  mkdir -p "$DRAY_INSTALL_DIR"
  printf 'failed in %s at %s\n' "${CIRCLE_WORKFLOW_JOB_ID:-$$}" "$(date)" >>"$DRAY_WORKSPACE/drayage/.cli-build"
fi
exit 0
