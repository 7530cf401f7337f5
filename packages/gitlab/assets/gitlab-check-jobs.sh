#!/bin/sh
# Looks whether the pipeline has the jobs that it should have
jobs=$(wget -qO - --header "JOB-TOKEN: $CI_JOB_TOKEN" "$CI_API_V4_URL/projects/$CI_PROJECT_ID/pipelines/$CI_PIPELINE_ID/jobs?per_page=100")
for job in $EXPECTED_JOBS; do
  case $jobs in
    *"\"name\":\"$job\""*) ;;
    *) echo "there is no job $job" && exit 1 ;;
  esac
done
