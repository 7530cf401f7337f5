# shellcheck shell=sh
# Persisted before anything can fail, so that whoever attaches the workspace finds something and learns what became of this job.
record_failure "$ORB_BEGUN/$ORB_NODE" 'the pre-pull job ended before its pre-pull did'
