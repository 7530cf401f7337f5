# shellcheck shell=sh
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
