# generated - edit packages/circleci, run npm run render
# shellcheck shell=sh
say() { printf 'drayage: %s\n' "$*" >&2; }

# CircleCI expands ~ in paths of its own steps, but not in variables.
home_path() {
  case $1 in
    \~ | \~/*) printf '%s%s\n' "$HOME" "${1#?}" ;;
    *) printf '%s\n' "$1" ;;
  esac
}

ORB_ROOT=$(home_path "$ORB_ROOT")
ORB_NODE=${CIRCLE_NODE_INDEX:-0}
ORB_REPORTS=$ORB_ROOT/drayage/.report
ORB_BUNDLES=$ORB_ROOT/drayage/$ORB_KEY
ORB_OWN_BUNDLE=$ORB_BUNDLES/$ORB_NODE
ORB_BEGUN=$ORB_ROOT/drayage/.begun/$ORB_KEY
PATH=$(home_path "$ORB_INSTALL_DIR")/bin:$PATH
export ORB_ROOT ORB_NODE ORB_REPORTS ORB_BUNDLES ORB_OWN_BUNDLE ORB_BEGUN PATH

dray_install() (
# Puts the dray command into a directory: no root needed, PATH is left to the caller. It may as well be the body of dray_install() ( … ).
#
#   DRAY_INSTALL_VERSION    such as 1.2.3; not needed when DRAY_INSTALL_FROM is one file
#   DRAY_INSTALL_FROM       npm (default); the URL of an npm registry or of one .tgz file; the path of a .tgz file or of a directory of released files
#   DRAY_INSTALL_CHECKSUMS  words NAME=SHA256; without the one of a file it is not taken from the network
#   DRAY_INSTALL_DIR        where to; default ${XDG_CACHE_HOME:-$HOME/.cache}/drayage/cli
#
# What to cache is DRAY_INSTALL_DIR. It holds bin/dray, which starts the build that was asked for last, and a directory for each build:
# VERSION-node (for the Node.js of the image), VERSION-linux-x64 (brings its own), or sixteen digits of the checksum for a file.
unset IFS
set -f

fail() { # reason, remedy
  printf 'cannot install dray: %s; %s\n' "$1" "$2" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

redacted() { sed 's|//[^/@ ]*@|//|g; s|[?][^ ]*||g'; }

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

find_node() { # prints the path of a Node.js that is new enough
  number=$(node --version 2>/dev/null) && program=$(command -v node) || return 1
  number=${number#v} major=${number%%.*} number=${number#*.} minor=${number%%.*}
  case $major$minor in '' | *[!0-9]*) return 1 ;; esac
  case $major in
    20) [ "$minor" -ge 19 ] || return 1 ;;
    22) [ "$minor" -ge 12 ] || return 1 ;;
    *) [ "$major" -ge 24 ] || return 1 ;;
  esac
  printf '%s' "$program"
}

find_machine() { # prints what the self-contained build for it is called
  case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-amd64) echo linux-x64 ;;
    Linux-aarch64 | Linux-arm64) echo linux-arm64 ;;
    *) fail "there is no self-contained build for $(uname -sm)" 'take an image with Node.js 20.19, 22.12, 24 or later' ;;
  esac
}

expected_sum() { # name
  for entry in ${DRAY_INSTALL_CHECKSUMS:-}; do
    case $entry in "$1="* | "drayage-$1="*) echo "${entry#*=}" && return ;; esac
  done
}

sum_of() { # file
  if has sha256sum; then line=$(sha256sum <"$1")
  elif has shasum; then line=$(shasum -a 256 <"$1")
  elif has openssl; then line=$(openssl dgst -sha256 -r <"$1")
  elif has node; then line=$(node -p 'require("crypto").createHash("sha256").update(require("fs").readFileSync(0)).digest("hex")' <"$1")
  else fail "nothing here can check $name" 'add sha256sum, shasum, openssl or node to the image'
  fi || fail "$1 cannot be read" 'see that the job may read it'
  echo "${line%% *}"
}

download() { # url, file
  if has curl; then curl -fsSL --netrc-optional --retry 2 --connect-timeout 20 --max-time 600 -o "$2" "$1"
  # Only GNU wget tells its version, and can be told how often to try.
  elif has wget && wget --version >/dev/null 2>&1; then wget -nv -T 60 -t 3 -O "$2" "$1"
  # That of BusyBox 1.35 crashes when it is told a time limit and redirected.
  elif has wget; then wget -q -T 60 -O "$2" "$1" || { [ $? -gt 128 ] && wget -q -O "$2" "$1"; }
  else node -e 'fetch(process.argv[1]).then(async (answer) => {
      if (!answer.ok) throw new Error("HTTP status " + answer.status);
      require("fs").writeFileSync(process.argv[2], new Uint8Array(await answer.arrayBuffer()));
    }).catch((error) => { console.error(String(error.cause || error)); process.exitCode = 1; })' "$1" "$2"
  fi
}

starter() { # directory of a build; prints the text of a script that starts it, when it can be started here
  if [ -x "$1/bin/dray" ]; then command=$(quoted "$1/bin/dray")
  elif [ -n "$node" ] && [ -f "$1/dist/dray.js" ]; then command="$(quoted "$node") $(quoted "$1/dist/dray.js")"
  else return 1
  fi
  # shellcheck disable=SC2016 # These are the arguments of that script.
  printf '#!/bin/sh\nexec %s "$@"\n' "$command"
}

node=$(find_node) || node=''
from=${DRAY_INSTALL_FROM:-npm} version=${DRAY_INSTALL_VERSION:-}
[ "$from" != npm ] || from=https://registry.npmjs.org
from=${from%/} shown=$(printf '%s\n' "$from" | redacted)
case $shown in
  http://*.tgz | https://*.tgz) kind=url ;;
  http://* | https://*) kind=registry ;;
  *) kind=directory && [ ! -f "$from" ] || kind='file' ;;
esac

case $kind in url | file)
  name=${shown##*/} file=$from sum=$(expected_sum "$name")
  [ "$kind$sum" != file ] || sum=$(sum_of "$file") || exit 1
  build=$(printf '%.16s' "$sum") ;;
*)
  case $version in
    *[!0-9A-Za-z.+-]*) version='' ;;
    [0-9]*.[0-9]*.[0-9]*) ;;
    *) version='' ;;
  esac
  [ -n "$version" ] || fail 'it is not told which version' 'set DRAY_INSTALL_VERSION to one such as 1.2.3'
  if [ -n "$node" ]; then name=drayage-$version.tgz build=$version-node file=$from/drayage/-/$name
  else
    machine=$(find_machine) || exit 1
    name=drayage-standalone-$machine-$version.tgz build=$version-$machine
    file=$from/@drayage/standalone-$machine/-/standalone-$machine-$version.tgz
  fi
  [ "$kind" = registry ] || file=$from/$name
  sum=$(expected_sum "$name") ;;
esac

dir=${DRAY_INSTALL_DIR:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}/drayage/cli}
[ "$dir" != /drayage/cli ] || fail 'there is no home directory' 'set DRAY_INSTALL_DIR'
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
text=$(starter "$dir/$build") || text=''
[ -z "$text" ] || [ ! -x "$dir/bin/dray" ] || [ "$(cat "$dir/bin/dray")" != "$text" ] || exit 0

# Everything is made beside its place and moved there when it is whole: other jobs may do the same at the same time.
work=$(mkdir -p "$dir/bin" 2>/dev/null && mktemp -d "$dir/.new.XXXXXX" 2>/dev/null) ||
  fail "$dir cannot be written" 'set DRAY_INSTALL_DIR to a directory that the job may write to'
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# Jobs that were killed have left theirs.
find "$dir" -maxdepth 1 -name '.new.*' -mtime +0 -exec rm -rf {} + 2>/dev/null || :

if [ -z "$text" ]; then
  case $kind in url | registry)
    [ -n "$sum" ] || fail "there is no checksum of $name" "add $name=SHA256 to DRAY_INSTALL_CHECKSUMS"
    has curl || has wget || has node || fail "nothing here can download $name" 'add curl, wget or node to the image, or set DRAY_INSTALL_FROM to a path'
    download "$file" "$work/$name" 2>"$work/log" ||
      fail "$shown does not give $name: $(redacted <"$work/log" | tail -n 1)" 'see that the job can reach it, or set DRAY_INSTALL_FROM to a mirror or a path'
    file=$work/$name ;;
  *)
    [ -f "$file" ] || fail "there is no $file" 'correct DRAY_INSTALL_FROM or DRAY_INSTALL_VERSION' ;;
  esac
  if [ -n "$sum" ]; then
    actual=$(sum_of "$file") || exit 1
    [ "$actual" = "$sum" ] || fail "$name has the checksum $actual, not $sum" 'correct DRAY_INSTALL_CHECKSUMS, or do not trust where it is from'
  fi
  has tar || fail "nothing here can unpack $name" 'add tar and gzip to the image'
  # Registries and npm call the directory in it so.
  { tar -xzof "$file" -C "$work" && mv "$work/package" "$work/$build"; } 2>"$work/log" ||
    fail "$name cannot be unpacked: $(tail -n 1 "$work/log")" 'see that it is a released file, and that the disk has space'
  text=$(starter "$work/$build") || fail "$name needs Node.js 20.19, 22.12, 24 or later" 'take an image that has it, or the self-contained build'
  sh -c "$text" dray --version >/dev/null 2>"$work/log" ||
    fail "$name does not run here: $(tail -n 1 "$work/log")" 'see that it is for this machine, and that programs may be run from DRAY_INSTALL_DIR'
  # What is there and cannot be started is damaged. What another job put there meanwhile is as good.
  starter "$dir/$build" >/dev/null || [ ! -e "$dir/$build" ] || mv "$dir/$build" "$work/damaged"
  mv "$work/$build" "$dir/" 2>/dev/null || starter "$dir/$build" >/dev/null || fail "$dir/$build cannot be written" 'remove it'
  text=$(starter "$dir/$build")
fi
{ printf '%s\n' "$text" >"$work/dray" && chmod 755 "$work/dray" && mv -f "$work/dray" "$dir/bin/dray"; } ||
  fail "$dir/bin/dray cannot be written" 'set DRAY_INSTALL_DIR to a directory that the job may write to'
)

# A job that gets no command goes on without it.
set +e
DRAY_INSTALL_DIR=$(home_path "$ORB_INSTALL_DIR")
export DRAY_INSTALL_DIR
mkdir -p "$ORB_ROOT/drayage"
dray_install
code=$?
if [ "$code" -eq 0 ]; then
  [ -z "${BASH_ENV:-}" ] || printf 'export PATH="%s/bin:%sPATH"\n' "$DRAY_INSTALL_DIR" '$' >>"$BASH_ENV"
  printf 'dray %s is installed\n' "$(dray --version)"
else
  say 'the job goes on without the dray command, and pulls its images normally'
  # What has failed must not be kept in the cache.
  mkdir -p "$DRAY_INSTALL_DIR"
  printf 'failed in %s at %s\n' "${CIRCLE_WORKFLOW_JOB_ID:-$$}" "$(date)" >>"$ORB_ROOT/drayage/.cli-build"
fi
exit 0
