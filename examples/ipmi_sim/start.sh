#!/bin/sh
# Start a BMC of ipmi_sim on loopback: start.sh [PORT] [STATE-FOLDER]. Ctrl-D ends it; no root is needed.
# ADDRESS (default 127.0.0.1) and KG (a BMC key of up to 19 characters) come from the environment.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
port=${1:-9623}
state=${2:-$(mktemp -d)}
kg=${KG:+"bmc_key \"$KG\""}
sed -e "s|@ADDRESS@|${ADDRESS:-127.0.0.1}|" -e "s|@PORT@|$port|" -e "s|@KG@|$kg|" \
    -e "s|@FOLDER@|$folder|" -e "s|@STATE@|$state|" "$folder/lan.conf" >"$state/lan.conf"
exec ipmi_sim -c "$state/lan.conf" -f "$folder/bmc.emu" -s "$state" -n
