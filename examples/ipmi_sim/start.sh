#!/bin/sh
# A BMC of ipmi_sim on loopback, for any user: start.sh [PORT] [STATE-FOLDER]. A signal ends it, or "quit" on a pipe.
# From the environment: ADDRESS to listen on (127.0.0.1), KG, a BMC key of at most 19 characters (none), AUTHS, what
# it takes of IPMI 1.5 ("none straight md2 md5"), VM, a TCP port for its system interface as QEMU speaks it (none), or
# SERIAL in place of it, a TCP port and a codec ("9002 codec Direct").
set -eu
FOLDER=$(cd "$(dirname "$0")" && pwd)
STATE=$(cd "${2:-$(mktemp -d)}" && pwd)
export FOLDER STATE

# An empty key is not the same as none: without one its line goes. So it is with the system interface.
sed -e "s|@ADDRESS@|${ADDRESS:-127.0.0.1}|" -e "s|@PORT@|${1:-9623}|" \
    -e "s/@AUTHS@/${AUTHS:-none straight md2 md5}/" \
    -e "${KG:+s|@KG@|$KG|;}/@KG@/d" -e "${VM:+s|@VM@|$VM|;}/@VM@/d" "$FOLDER/lan.conf" >"$STATE/lan.conf"

[ -z "${SERIAL:-}" ] || echo "serial 15 ${ADDRESS:-127.0.0.1} $SERIAL" >>"$STATE/lan.conf"

# It wants to be asked: from a terminal in the background it would stop, and from /dev/null it would abort.
[ -p /dev/stdin ] || QUIET=--nostdio

exec ipmi_sim ${QUIET:-} -c "$STATE/lan.conf" -f "$FOLDER/bmc.emu" -s "$STATE"
