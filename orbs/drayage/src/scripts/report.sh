# generated - edit packages/circleci, run npm run render
# shellcheck shell=sh
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

set +e
mkdir -p "$ORB_REPORTS"
for begun in "$ORB_BEGUN"/*/; do
  [ ! -f "${begun}dray-status.json" ] || cp "${begun}dray-status.json" "$ORB_REPORTS/begun-$ORB_KEY-$(basename "$begun").status.json"
done
for bundle in "$ORB_BUNDLES"/*/; do
  [ -d "$bundle" ] || continue
  name=$ORB_REPORTS/bundle-$ORB_KEY-$(basename "$bundle")
  cp "${bundle}dray-status.json" "$name.status.json"
  if command -v dray >/dev/null 2>&1; then dray bundle inspect "${bundle%/}" >"$name.txt" && cat "$name.txt"; fi
done
ls -l "$ORB_REPORTS" || true
