#!/bin/bash
# controller/web/dist is what its sources build, byte by byte, and no larger than it may be. What lies beside each file is that file compressed;
# of .br it is no matter by which version of Node.
#   rebuild.sh
# Exit: 0 equal, 1 not, 77 node or npm is missing, or npm ci cannot fetch what package-lock.json names.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../../controller/web"
for program in node npm; do
  command -v "$program" >/dev/null || { echo "rebuild: $program is not installed"; exit 77; }
done
! grep -q '"resolved"' package-lock.json || { echo "package-lock.json names addresses of a registry: npm install with .npmrc leaves them out"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ ! -d node_modules/vite ] || [ ! -d node_modules/@gfx/zopfli ] || [ ! -d node_modules/terser ]; then
  npm ci --no-audit --no-fund >"$folder/ci" 2>&1 || { echo "rebuild: npm ci cannot fetch what package-lock.json names"; exit 77; }
fi
npm run --silent check
npx vite build --outDir "$folder/dist" --emptyOutDir --logLevel warn
node compress.js "$folder/dist"
bad=0
for file in "$folder"/dist/*; do
  [[ $file != *.br ]] || continue
  name=$(basename "$file")
  cmp "$file" "dist/$name" || { echo "dist/$name is not what the sources build: npm run build"; bad=1; }
done
for file in dist/*; do
  case $file in
    *.gz) gzip -dc "$file" | cmp - "${file%.gz}" || bad=1 ;;&
    *.br) node -e 'process.stdout.write(require("zlib").brotliDecompressSync(require("fs").readFileSync(process.argv[1])))' "$file" | cmp - "${file%.br}" || bad=1 ;;
    *) [ -e "$folder/$file" ] || { echo "$file is built by no source any more"; bad=1; } ;;
  esac
done
bytes=$(cat dist/* | wc -c) script=$(cat dist/*.js.gz | wc -c)
echo "dist: $bytes bytes, of these $script of compressed script"
if [ "$bytes" -gt 400000 ] || [ "$script" -gt 120000 ]; then
  echo "too large: 400000 and 120000 at most"
  bad=1
fi
exit $bad
