#!/bin/bash
# Holds pages of section 5 to the programs: each setting, its range and its default; each column of tables and of the catalog; each key of a
# profile; examples of settings. The shipped settings files likewise. Pages are clean to mandoc, where it is installed, and name pages that
# exist.
#   check_manual.sh ROOT BUILD_FOLDER
#   check_manual.sh --selftest ROOT BUILD_FOLDER      finds what is planted into a copy
# Exit: 0 all true, 1 some are not (each named).
set -euo pipefail
export LC_ALL=C.UTF-8
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-manual.XXXXXX")
trap 'rm -rf "$folder"' EXIT

if [ "${1:-}" = --selftest ]; then
  mkdir -p "$folder/root/schemas" "$folder/root/tests/fleet"
  cp -r "$2/packaging" "$folder/root/"
  cp -r "$2/schemas/catalog" "$folder/root/schemas/"
  cp "$2/tests/fleet/capmap-fleet.1" "$folder/root/tests/fleet/"
  man=$folder/root/packaging/man
  sed -i 's/^\.B shape\.every_s/.B shape.ever/; s/65535, default 0/65536, default 0/' "$man/capmap-agent.toml.5"
  sed -i 's/default 8470/default 8479/; s/^webhook_url = /webhook_uri = /' "$man/capmap-controller.toml.5"
  sed -i 's/^\.B tdp_w/.B tdp/' "$man/capmap-catalog.5"
  sed -i 's/^\.B gbps/.B mbps/; s/capmap\\-catalog (5)/capmap\\-catalogue (5)/' "$man/capmap-import.5"
  sed -i 's/^\.B output/.B outputs/' "$man/capmapctl.toml.5"
  sed -i 's/^#port = 8470/#port = 8479/' "$folder/root/packaging/config/controller.toml"
  "$0" "$folder/root" "$3" >"$folder/said" && { echo "check_manual: found nothing of what was planted"; exit 1; }
  for planted in 'shape.every_s is not told' 'shape.ever is no setting' 'Number from 0 to 65535' 'default 8470' 'webhook_uri' 'tdp_w' \
    'gbps' 'capmap-catalogue(5)' 'profile has output' 'http.port = 8470'; do
    grep -qF -- "$planted" "$folder/said" || { echo "check_manual: did not find \"$planted\":"; cat "$folder/said"; exit 1; }
  done
  echo "check_manual: what was planted is found"
  exit 0
fi

build=$(realpath "$2")
cd "$1"
readonly build man=packaging/man
bad=0 looked=0
fail() { echo "check_manual: $*"; bad=1; }

plain() { sed 's/\\-/-/g; s/\\&//g; s/\\(dq/"/g' "$1"; }
# "KEY first line below it" of each setting of a page.
settings_told() {
  plain "$1" | awk '
    /^\.SH/ { on = /SETTINGS/ }
    on && named { print key " " $0; named = 0 }
    on && item && /^\.B / { key = $2; named = 1 }
    { item = /^\.TP/ }'
}
# Words of a page that stand in its headings of items.
items() { plain "$1" | awk 'item { gsub(/^\.[A-Z]+|[",]/, " "); print } { item = /^\.TP/ }' | tr -s ' ' '\n'; }
declare -A there told
# The words of a page's headings, to be asked for by name.
know_items() { there=(); while read -r word; do [ -z "$word" ] || there[$word]=1; done < <(items "$1"); }
# Blocks of a page as files of a folder.
examples() { plain "$1" | awk -v to="$2/" '/^\.fi/ { on = 0 } on { print >(to n) } /^\.nf/ { on = 1; n++ }'; }
# "KEY = VALUE" of a commented settings file.
shipped() {
  sed -nE 's/^#([a-z_]+ = .*)/\1/p; s/^\[(.*)\]/[\1]/p' "$1" |
    awk '/^\[/ { gsub(/[][]/, ""); table = $0 "."; next } { print table $0 }'
}

: >"$folder/empty.toml"
for program in agent controller; do
  page=$man/capmap-$program.toml.5
  "$build/capmap-$program" --config "$folder/empty.toml" --print-config >"$folder/printed"
  told=()
  while read -r key head; do told[$key]=$head; done < <(settings_told "$page")
  while read -r key _ value; do
    looked=$((looked + 1))
    case $value in
      '""'*) head='Text, empty by default.' ;;
      '"'*) head="Text, default ${value%%  # *}." ;;
      '{}'*) head='Table of texts, empty by default.' ;;
      *)
        flag=--${key//[._]/-}
        range=$("$build/capmap-$program" "$flag=x" --print-config 2>&1 || true)
        head="Number ${range##*takes a number }, default ${value%%  # *}." ;;
    esac
    # Not as some file of this machine has it.
    [[ $value == *"# default" ]] || head=${head%%,*},
    known=${told[$key]:-}
    [ -n "$known" ] || { fail "$page: $key is not told"; continue; }
    [[ $known == "$head"* ]] || fail "$page: $key begins \"${known:0:60}\", it is \"$head\""
  done <"$folder/printed"
  for key in "${!told[@]}"; do grep -q "^$key = " "$folder/printed" || fail "$page: $key is no setting"; done
  grep -v '^labels = ' "$folder/printed" | grep '# default$' | sed 's/  # default$//' | sort >"$folder/defaults"
  shipped "packaging/config/$program.toml" | sort >"$folder/shipped"
  while read -r setting; do fail "packaging/config/$program.toml lacks $setting"; done < <(comm -23 "$folder/defaults" "$folder/shipped")
  if [ "$(grep -c '# default$' "$folder/printed")" = "$(wc -l <"$folder/printed")" ]; then
    while read -r setting; do fail "packaging/config/$program.toml has $setting"; done < <(comm -13 "$folder/defaults" "$folder/shipped")
  fi
  mkdir "$folder/$program"
  examples "$page" "$folder/$program"
  for example in "$folder/$program"/*; do
    if grep -q '^capmap' "$example"; then continue; fi
    said=$("$build/capmap-$program" --config "$example" --print-config 2>&1 >/dev/null) || fail "$page: an example is refused: $said"
  done
done

for table in schemas/catalog/*.csv; do
  section=$(basename "$table" | tr "[:lower:]" "[:upper:]")
  plain $man/capmap-catalog.5 | awk -v section="$section" '/^\.SH/ { on = index($0, section) } on' >"$folder/section"
  know_items "$folder/section"
  for column in $(head -n 1 "$table" | tr -d '\r' | tr , ' '); do
    looked=$((looked + 1))
    [ "${there[$column]:-}" ] || fail "$man/capmap-catalog.5: $column of $(basename "$table") is not told"
  done
done

# What may stand there is told where something else does. Nobody is asked: nothing listens on port 1.
export XDG_CONFIG_HOME=$folder CAPMAP_URL=http://127.0.0.1:1
printf 'none-such\nx\n' >"$folder/none.csv"
know_items $man/capmap-import.5
for kind in owners sites pools links; do
  said=$("$build/capmapctl" --timeout 1 sites import "$folder/none.csv" --kind $kind 2>&1 || true)
  columns=$(sed -nE 's/.*no column of [a-z]+ is called that; they are //p' <<<"$said" | tr -d ,)
  [ -n "$columns" ] || fail "capmapctl does not tell the columns of $kind: $said"
  for column in $columns; do
    looked=$((looked + 1))
    case $column in
      declared.peak_*) column=declared.peak_ ;;
      declared.accelerators_by_model.*) column=declared.accelerators_by_model. ;;
    esac
    [ "${there[$column]:-}" ] || fail "$man/capmap-import.5: $column of $kind is not told"
  done
done
mkdir "$folder/capmap"
printf '[a]\nnone_such = ""\n' >"$folder/capmap/profiles.toml"
know_items $man/capmapctl.toml.5
keys=$({ "$build/capmapctl" profiles 2>&1 || true; } | sed -n 's/.*a profile has //p' | tr -d ,)
[ -n "$keys" ] || fail "capmapctl does not tell the keys of a profile"
for key in $keys; do [ "${there[$key]:-}" ] || fail "$man/capmapctl.toml.5: a profile has $key"; done

pages=("$man"/*.[158] "$man"/*/*.[158] tests/fleet/capmap-fleet.1)
while IFS=: read -r page reference; do
  name=${reference#.BR } name=${name//\\-/-}
  file=${name% (*}.${name: -2:1}
  [ -e "$man/$file" ] || [ -e "tests/fleet/$file" ] || fail "$page: there is no ${name/ /}"
done < <(grep -oE '^\.BR capmap[a-z\\.-]* \([1-9]\)' "${pages[@]}" | sort -u)
if command -v mandoc >/dev/null; then
  # Pages have no date: they are those of the version that they come with.
  mandoc -T lint -W warning "${pages[@]}" | grep -v 'WARNING: missing date' && bad=1
else
  echo "check_manual: mandoc is not installed, so nobody looked at the form of pages"
fi
echo "check_manual: $looked settings and columns looked at, ${#pages[@]} pages"
[ $looked -ge 150 ] || fail "fewer than 150 were understood"
exit $bad
