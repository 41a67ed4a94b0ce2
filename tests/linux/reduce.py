#!/usr/bin/env python3
"""Reduces recordings of a Linux TCP to what a comparison with a simulated run needs.

    reduce.py DIRECTORY OUTPUT [FAMILIES]

DIRECTORY holds recordings: a line `# {json}`, a line with the names of the columns, then rows of the kinds `seg`, `inj`,
`state`, `app` and others. For each whose name begins with one of the letters FAMILIES (default: nhtcfrao) OUTPUT gets a
file of the same name. README.md, beside this script, says what is kept and how.
"""

import csv
import json
import pathlib
import sys

COLUMNS = "t kind host flags seq ack len sport dport delivered seq_raw ack_raw from to".split()
HOSTS = {"C": "client", "S": "server"}
STATES = {
    "-": "CLOSED",
    "(gone)": "CLOSED",
    "SYN_SENT": "SYN-SENT",
    "SYN_RECV": "SYN-RECEIVED",
    "ESTABLISHED": "ESTABLISHED",
    "FIN_WAIT1": "FIN-WAIT-1",
    "FIN_WAIT2": "FIN-WAIT-2",
    "CLOSE_WAIT": "CLOSE-WAIT",
    "CLOSING": "CLOSING",
    "LAST_ACK": "LAST-ACK",
    "TIME_WAIT": "TIME-WAIT",
}


def main():
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    families = sys.argv[3] if len(sys.argv) > 3 else "nhtcfrao"
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.csv")):
        if path.name[0] in families:
            reduce(path, target / path.name)


def reduce(path, target):
    with path.open(newline="") as file:
        header = json.loads(file.readline().removeprefix("#"))
        rows = list(csv.DictReader(file))
    kept = {key: header[key] for key in ("scenario", "description", "kernel", "one_way_delay_s", "changed")}
    kept["end"] = rows[-1]["t"]
    with target.open("w", newline="") as file:
        file.write("# " + json.dumps(kept) + "\n")
        out = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        out.writeheader()
        for row in list(reduced(rows)):
            out.writerow(row)


def reduced(rows):
    held = []
    for row in rows:
        if row["kind"] == "state":
            before, after = (STATES[name.split("/")[0]] for name in row["note"].split(" -> "))
            if before != after:
                yield {**ends(row), "kind": "state", "from": before, "to": after}
        elif row["kind"] == "inj" and row["action"].startswith("deliver held"):
            # The wire kept the segment: it is one segment, delivered late.
            segment = next(segment for segment in held if identity(segment) == identity(row))
            segment["delivered"] = row["t_deliver"]
            held.remove(segment)
        elif row["kind"] in ("seg", "inj"):
            kind = "segment" if row["kind"] == "seg" else "injected"
            segment = {**ends(row), "kind": kind, "delivered": row["t_deliver"]}
            segment |= {key: row[key] for key in ("flags", "seq", "ack", "len")}
            for number in ("seq", "ack"):
                if not row[number]:
                    segment[number + "_raw"] = row[number + "_raw"]
            if row["action"].startswith("hold"):
                held.append(segment)
            yield segment


def ends(row):
    return {"t": row["t"], "host": HOSTS[row["host"]], "sport": row["sport"], "dport": row["dport"]}


def identity(segment):
    return [segment[key] for key in ("flags", "seq", "ack", "len", "sport", "dport")]


if __name__ == "__main__":
    main()
