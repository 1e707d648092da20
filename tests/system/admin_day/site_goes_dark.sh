#!/bin/bash
# A site goes dark: all its servers at once. The admin sees it, finds who is missing and since when, tells the site's people, and it returns.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
new_controller beijing-1 1101
start_controller
must_say . ctl sites add shanghai-1 --region 3101 --declared-nodes 3
enlist beijing-1 bj-1
enlist shanghai-1 sh-1 sh-2 sh-3
soon 10 '^shanghai-1 +3 +3 +3' ctl map --by site

for name in sh-1 sh-2 sh-3; do stop "${agents[$name]}" KILL; done
soon 30 '^shanghai-1 +3 +0 +0 +3' ctl map --by site
stale_s=$took_s
# The rest of the country goes on; what went away stays installed and is not called available.
soon 10 '^beijing-1 +1 +1 +1' ctl map --by site
soon 10 '^total +4 +1 +1 +3' ctl map --by site
soon 90 '^shanghai-1 +3 +0 +0 +0 +3' ctl map --by site
soon 10 'sh-2' ctl nodes --liveness lost
must_not_say 'bj-1' ctl nodes --liveness lost
must_say 'sh-3 .*shanghai-1' ctl nodes absent
soon 10 'node.lost' ctl events --kind node.lost --site shanghai-1
soon 30 'alert.firing.*shanghai-1' ctl events --kind alert.firing
# Its people say that the power is off until tonight.
must_say . ctl sites maintenance shanghai-1 --reason 'power is off' --until 2100-01-01T00:00:00Z
soon 10 'power is off' ctl sites show shanghai-1

for name in sh-1 sh-2 sh-3; do start_agent "$name"; done
soon 60 '^shanghai-1 +3 +0 +3 +0' ctl map --by site
must_say . ctl sites undrain shanghai-1
soon 10 '^shanghai-1 +3 +3 +3 +0' ctl map --by site
soon 30 'alert.resolved.*shanghai-1' ctl events --kind alert.resolved
soon 10 'power is off' ctl audit --what site_service_ordered -o csv
told "3 servers of shanghai-1 were seen stale $stale_s s after they fell silent, then lost, with an alert; back with the same ids, in service again"
