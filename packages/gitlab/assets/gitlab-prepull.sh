#!/bin/sh
# drayage: pre-pulls the images
if command -v dray >/dev/null 2>&1; then
  dray prepull </dev/null
else
  echo 'drayage: nothing is pre-pulled, as there is no dray command; jobs that wait for the images pull them' >&2
  exit 1
fi
