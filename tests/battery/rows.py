"""The rows of the battery: what is measured, what the others reached, and what must hold.

The figures of the others were measured once, on loopback, with ipmitool 1.8.19, FreeIPMI 1.6.10, python-ipmi 0.6.1,
pyghmi 1.6.19, ipmi_sim of OpenIPMI 2.0.33 and pyghmi's server (that of virtualbmc too). ``best`` and ``worst`` are the
best and the worst of them.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """One row of the table. ``bound`` is what ours must show; 0 wrong answers hold everywhere. ``missing`` is the part
    of it that no test shows yet."""

    number: int
    test: str
    best: str
    worst: str
    bound: str
    missing: str = ""


PEERS = (
    "ipmitool 1.8.19, FreeIPMI 1.6.10, python-ipmi 0.6.1, pyghmi 1.6.19, ipmi_sim of OpenIPMI 2.0.33, pyghmi's server"
)

ROWS = [
    Row(1, "200 reads, no fault", "200, 1.1 s", "pyghmi 4 s", "200, ≤ 1.1 s"),
    Row(
        2,
        "200 reads at 5 / 10 / 20 % loss",
        "FreeIPMI 200 in 22 / 53 / 135 s",
        "python-ipmi default 132 at 20 %",
        "200 in ≤ 10 / 25 / 70 s",
    ),
    Row(3, "200 reads at 30 % loss", "194 in 389 s", "pyghmi 13", "200, ≤ 160 s"),
    Row(4, "duplicates; reorder; jitter, 200 reads each", "200", "–", "200; ≤ 8 s reorder"),
    Row(5, "5 % bit corruption, n = 1000", "1000, 116 s", "ipmitool lan 19 wrong", "1000, 0 wrong, ≤ 60 s"),
    Row(6, "truncation; random datagrams between, 200 reads each", "200", "python-ipmi 175", "200, 0 errors"),
    Row(
        7,
        "stale answer replayed, 1…512 commands back, 200 reads each",
        "0 wrong",
        "137 wrong of 200",
        "0 wrong at each distance",
    ),
    Row(
        8,
        "every 40th answer 2.3 s late, 200 reads; 8 s blackout",
        "14 s; 8.2 s",
        "pyghmi 22 s",
        "200 in ≤ 10 s; ≤ 10 s",
    ),
    Row(9, "mix of all, n = 1000, 3 seeds", "1000, 167 s", "4 wrong", "3 × 1000, ≤ 100 s each"),
    Row(
        10,
        "30 session set-ups at 20 % loss",
        "30 in 160 s (1.5), 27 (2.0)",
        "pyghmi 0",
        "30 of 30 both, ≤ 90 s",
    ),
    Row(
        11,
        "100 Add SEL at 20 % loss",
        "19 doubled",
        "24 doubled / 34 errors, 15 of them written",
        "0 doubled, 0 acknowledged but lost, the rest OutcomeUnknown, then resolved",
    ),
    Row(12, "10 % duplicated requests at our virtual BMC", "ipmi_sim doubles 6–10", "–", "0 doubled"),
    Row(
        13,
        "10,000 damaged answers, the right one 1 ms later",
        "8,117 right",
        "SIGSEGV; 3,527 foreign lines",
        "10,000 right",
    ),
    Row(14, "2,000 forged 1.5 answers", "0 accepted", "1,997", "0 accepted, 2,000 right"),
    Row(15, "an error, then the next command, n = 10,000", "–", "892 wrong", "0 wrong"),
    Row(
        16,
        "parser mutations, 100,000 each: commands, packets, sessions",
        "–",
        "1,244 uncontrolled of 10,000; endless loops",
        "0 uncontrolled, none > 0.2 s, memory flat",
    ),
    Row(
        18,
        "nobody listens / black hole",
        "0.6 s / 2.2 s (one try)",
        "20 s",
        "≤ 2.5 s / ≤ 5 s with ≥ 3 tries; host, port, cause, next step in the text",
    ),
    Row(
        19,
        "wrong password, user, suite, privilege, slots used up, K_g …",
        "–",
        '"None", "internal error", exit 0',
        "12 of 12 texts name the cause; IPMI 1.5 wrong password ≤ 4 s",
    ),
    Row(20, "BMC restart in session", "pyghmi 20 s", "never", "next read right ≤ 4 s after it is back"),
    Row(21, "port dead 3 s; 75 s idle", "20 s", "raw ConnectionRefusedError", "≤ 5 s; re-login ≤ 1 s"),
    Row(
        22,
        "sessions given back: normal end, exception, forgotten, SIGTERM, SIGHUP, Ctrl-C, 100 each",
        "–",
        "–",
        "100 of 100 closed",
    ),
    Row(23, "100 clients SIGKILLed; 1,000 half-open at our BMC", "–", "31 s lock-out", "every login ≤ 1 s"),
    Row(
        26,
        "load: 1 session / 50 sessions in one process",
        "7,525/s (1.5), 1,268/s (2.0) / 3,837/s",
        "16/s",
        "≥ best / ≥ 4,000/s, 0 wrong",
    ),
    Row(27, "500 sessions, one process, 5 % loss", "–", "–", "0 wrong, 0 lost sessions, ≤ 150 MB"),
    Row(28, "1,000,000 commands, numbers started near their wraps", "–", "–", "0 wrong, memory flat"),
    Row(
        29,
        "26 attacks on the virtual BMC",
        "16 of 26 held",
        "5 ways to die",
        "25 of 26 held (the RAKP hash is in the protocol; its mitigations are tested)",
    ),
    Row(
        30,
        "1,000,000 mutated datagrams at the virtual BMC, in-session ones too",
        "18,312",
        "dies at the 7th",
        "alive, answers in 10 ms, memory flat",
    ),
    Row(
        32,
        "a planted password looked for in 14 places",
        "–",
        "2–16 hits",
        "0 hits in 14 places",
    ),
    Row(
        37,
        "run killed (SIGKILL) at 100 random points, robot and pytest, plain, xdist, pabot",
        "–",
        "results unreadable or falsely green",
        "every finished test in the rebuilt report, unfinished ones aborted, lock free at once, safe state restored",
        missing="there are no locks yet, and no safe state is kept",
    ),
    Row(
        38,
        "disk full, read-only report folder, clock jumps ± 1 h",
        "–",
        "–",
        "the run goes on, the loss is said",
    ),
    Row(39, "serial noise, dropped bytes, half frames, 5 % (pty)", "–", "–", "200 right, 0 wrong"),
    Row(40, "bridging: outer answer late, lost, doubled", "–", "–", "200 right at 10 % loss"),
]
