#!/bin/sh
# Installs the dray command into a directory. Needs no root; the caller puts DRAY_INSTALL_DIR/bin on PATH.
# This text also works as the body of dray_install() ( … ).
#
#   DRAY_INSTALL_VERSION    such as 1.2.3; optional when DRAY_INSTALL_FROM is one file
#   DRAY_INSTALL_FROM       npm (default); the URL of an npm registry or of one .tgz file;
#                           the path of a .tgz file or of a directory of released files
#   DRAY_INSTALL_CHECKSUMS  words NAME=SHA256; required for each file that comes over the network
#   DRAY_INSTALL_DIR        target directory; default ${XDG_CACHE_HOME:-$HOME/.cache}/drayage/cli
#
# A CI cache keeps DRAY_INSTALL_DIR. It holds bin/dray, which starts the build installed last, and one directory
# for each build: VERSION-node (uses the image's Node.js), VERSION-linux-x64 (includes Node.js), or the first
# sixteen digits of the checksum for a single file. Others may write to a cache. So a cached build is never started
# unchecked: its archive is hashed against the pinned checksum and unpacked again, and the build must equal that.
unset IFS
set -f

fail() { # reason, remedy
  printf 'cannot install dray: %s; %s\n' "$1" "$2" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

redacted() { sed 's|//[^/@ ]*@|//|g; s|[?][^ ]*||g'; }

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

find_node() { # prints the path of Node.js, if it is new enough
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

find_machine() { # prints the name of the self-contained build for this machine
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
  # Only GNU wget has --version, and an option for the number of tries.
  elif has wget && wget --version >/dev/null 2>&1; then wget -nv -T 60 -t 3 -O "$2" "$1"
  # BusyBox 1.35 crashes on a redirect when -T is given.
  elif has wget; then wget -q -T 60 -O "$2" "$1" || { [ $? -gt 128 ] && wget -q -O "$2" "$1"; }
  else node -e 'fetch(process.argv[1]).then(async (answer) => {
      if (!answer.ok) throw new Error("HTTP status " + answer.status);
      require("fs").writeFileSync(process.argv[2], new Uint8Array(await answer.arrayBuffer()));
    }).catch((error) => { console.error(String(error.cause || error)); process.exitCode = 1; })' "$1" "$2"
  fi
}

contents() ( # directory; prints what it holds: kinds, modes, names and checksums of files
  [ ! -L "$1" ] && cd "$1" || exit 1
  set +f
  for entry in .[!.]* ..?* *; do
    if [ -L "$entry" ]; then printf 'link %s\n' "$entry"
    elif [ -d "$entry" ]; then printf 'directory %s\n%s\nend\n' "$entry" "$(contents "./$entry")"
    elif [ -f "$entry" ]; then
      [ ! -x "$entry" ] || printf 'executable '
      printf 'file %s %s\n' "$entry" "$(sum_of "./$entry")"
    elif [ -e "$entry" ]; then printf 'other %s\n' "$entry"
    fi
  done
)

starter() { # directory of a build; prints a script that starts it, or fails when it cannot start here
  if [ -x "$1/bin/dray" ]; then command=$(quoted "$1/bin/dray")
  elif [ -n "$node" ] && [ -f "$1/dist/dray.js" ]; then command="$(quoted "$node") $(quoted "$1/dist/dray.js")"
  else return 1
  fi
  # shellcheck disable=SC2016 # "$@" belongs to that script.
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
  [ -n "$version" ] || fail 'the version is missing' 'set DRAY_INSTALL_VERSION to one such as 1.2.3'
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
case $kind in url | registry)
  [ -n "$sum" ] || fail "there is no checksum for $name" "add $name=SHA256 to DRAY_INSTALL_CHECKSUMS" ;;
esac

# Prepare everything in a work directory, then move it into place: other jobs may install at the same time.
work=$(mkdir -p "$dir/bin" 2>/dev/null && mktemp -d "$dir/.new.XXXXXX" 2>/dev/null) ||
  fail "$dir cannot be written" 'set DRAY_INSTALL_DIR to a directory that the job may write to'
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# Remove what killed jobs left behind.
find "$dir" -maxdepth 1 -name '.new.*' -mtime +0 -exec rm -rf {} + 2>/dev/null || :

archive=$work/$name
if [ -n "$sum" ] && cat "$dir/$build/release.tgz" >"$archive" 2>/dev/null && [ "$(sum_of "$archive")" = "$sum" ]; then
  : # The cache has it.
else
  case $kind in url | registry)
    has curl || has wget || has node ||
      fail "no program here can download $name" 'add curl, wget or node to the image, or set DRAY_INSTALL_FROM to a path'
    download "$file" "$archive" 2>"$work/log" ||
      fail "cannot get $name from $shown: $(redacted <"$work/log" | tail -n 1)" \
        'see that the job can reach it, or set DRAY_INSTALL_FROM to a mirror or a path' ;;
  *)
    [ -f "$file" ] || fail "there is no $file" 'correct DRAY_INSTALL_FROM or DRAY_INSTALL_VERSION'
    cat "$file" >"$archive" || fail "$file cannot be read" 'see that the job may read it' ;;
  esac
  if [ -n "$sum" ]; then
    actual=$(sum_of "$archive") || exit 1
    [ "$actual" = "$sum" ] ||
      fail "$name has the checksum $actual, not $sum" 'correct DRAY_INSTALL_CHECKSUMS, or do not trust this source'
  fi
fi

has tar || fail "no program here can unpack $name" 'add tar and gzip to the image'
# Archives of npm hold a directory with this name.
{ tar -xzof "$archive" -C "$work" && mv "$archive" "$work/package/release.tgz" && mv "$work/package" "$work/$build"
} 2>"$work/log" ||
  fail "$name cannot be unpacked: $(tail -n 1 "$work/log")" 'see that it is a released file, and that the disk has space'
if [ ! -d "$dir/$build" ] || [ "$(contents "$dir/$build" 2>/dev/null)" != "$(contents "$work/$build")" ]; then
  text=$(starter "$work/$build") ||
    fail "$name needs Node.js 20.19, 22.12, 24 or later" 'take an image that has it, or the self-contained build'
  sh -c "$text" dray --version >/dev/null 2>"$work/log" ||
    fail "$name does not run here: $(tail -n 1 "$work/log")" \
      'see that it is for this machine, and that programs may run from DRAY_INSTALL_DIR'
  [ ! -e "$dir/$build" ] && [ ! -L "$dir/$build" ] || mv "$dir/$build" "$work/replaced" 2>/dev/null || :
  # Another job may have put the same build there meanwhile.
  mv "$work/$build" "$dir/" 2>/dev/null || [ "$(contents "$dir/$build")" = "$(contents "$work/$build")" ] ||
    fail "$dir/$build cannot be written" 'remove it'
fi
text=$(starter "$dir/$build") ||
  fail "$name needs Node.js 20.19, 22.12, 24 or later" 'take an image that has it, or the self-contained build'
[ ! -L "$dir/bin/dray" ] && [ -x "$dir/bin/dray" ] && [ "$(cat "$dir/bin/dray")" = "$text" ] ||
  { printf '%s\n' "$text" >"$work/dray" && chmod 755 "$work/dray" && mv -f "$work/dray" "$dir/bin/dray"; } ||
  fail "$dir/bin/dray cannot be written" 'set DRAY_INSTALL_DIR to a directory that the job may write to'
