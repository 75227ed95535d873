#!/bin/sh
# A BMC of ipmi_sim on loopback, for any user: start.sh [PORT] [STATE-FOLDER]. "quit" ends it.
# From the environment: ADDRESS to listen on (127.0.0.1), KG, a BMC key of at most 19 characters (none).
set -eu
FOLDER=$(cd "$(dirname "$0")" && pwd)
PORT=${1:-9623}
STATE=${2:-$(mktemp -d)}
export FOLDER STATE

{
    echo "define ADDRESS \"${ADDRESS:-127.0.0.1}\""
    echo "define PORT \"$PORT\""
    echo "define KG '\"${KG:-}\"'"
    # An empty key is not the same as none.
    if [ -n "${KG:-}" ]; then cat "$FOLDER/lan.conf"; else grep -v bmc_key "$FOLDER/lan.conf"; fi
} >"$STATE/lan.conf"

exec ipmi_sim -c "$STATE/lan.conf" -f "$FOLDER/bmc.emu" -s "$STATE"
