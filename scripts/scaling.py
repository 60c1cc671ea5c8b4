#!/usr/bin/env python3
"""What 10^9, 10^10 and 10^12 tokens take, from constants that were measured.

    scripts/scaling.py [docs/scaling.json]

prints the tables of docs/scaling.md ("Past this machine"). The file holds what was measured and with which command; all
else here is arithmetic. Nothing that this prints was measured.
"""
import json
import math
import sys

LENGTHS = [10**9, 10**10, 10**12]
DAY = 86400.0
DISK = 4e12  # bytes of disk a rank
ANSWER = 10.0  # seconds a question may take
SHARE = 2048  # tokens of a chunk that a rank reads
SESSIONS_LEAST, SESSIONS_SHARE = 256 << 20, 8  # checkpoints take so many bytes, or this part of keys and lengths
SEGMENT_ROW, SEGMENT_ASKED = 40, 16  # bytes a segment takes in the table on disk, and in memory while asking
RATES = [1, 16]  # evidence dilation rates the model was trained at


def human(x, unit):
    for prefix in ["", "K", "M", "G", "T", "P"]:
        if x < 999.5:
            return f"{x:.3g} {prefix}{unit}"
        x /= 1000
    return f"{x:.3g} E{unit}"


def duration(seconds):
    for size, unit in [(365 * DAY, "years"), (DAY, "days"), (3600, "h"), (60, "min")]:
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def branches(model):
    return [(model["segment"] * model["ratio"] ** i, model["ratio"] ** i) for i in range(model["branches"])]


def network(model, ranks):
    """Bytes a rank receives for each of its own tokens, at most. A chunk is `ranks` shares; a branch whose segments are
    longer than a share needs the dilated keys and values (float32, all layers and heads) of the other ranks' shares,
    at most min(w, chunk) / r positions a head with the own ones. The length of the text does not enter."""
    if ranks == 1:
        return 0.0
    chunk = ranks * SHARE
    keys = sum(min(w, chunk) / r for w, r in branches(model) if w > SHARE)
    return keys * (1 - 1 / ranks) * model["layers"] * model["heads"] * model["head_dim"] * 2 * 4 / SHARE


def segments(m):
    """A token's share of a segment, from what the measured text takes on disk."""
    return (m["text"]["disk"] / m["text"]["tokens"] - m["model"]["evidence_width"] - 1) / SEGMENT_ROW


def needs(m, tokens, rate):
    read = tokens * m["reading"]["core_seconds_per_token"] / m["cores"]
    kept = tokens * (m["model"]["evidence_width"] / rate + 1)  # a key, the length of each token
    disk = kept + max(SESSIONS_LEAST, kept / SESSIONS_SHARE) + tokens * segments(m) * SEGMENT_ROW
    ask = tokens / rate * m["question"]["core_seconds_per_key"] / m["cores"]
    ranks = {"reading": read / DAY, "disk": disk / DISK, "questions": ask / ANSWER}
    return read, disk, ask, {k: max(1, math.ceil(v)) for k, v in ranks.items()}


def one_rank(m):
    text = m["text"]["bytes"] / m["text"]["tokens"]
    print("| tokens | text | reading | live memory | disk, R = 1 | R = 16 | a question's attention, R = 1 | R = 16 | its words "
          "| its memory |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for n in LENGTHS:
        read, disk, ask, _ = needs(m, n, 1)
        _, disk16, ask16, _ = needs(m, n, 16)
        print(
            f"| 10^{round(math.log10(n))} | {human(n * text, 'B')} | {duration(read)} | {human(m['reading']['live_bytes'], 'B')} "
            f"| {human(disk, 'B')} | {human(disk16, 'B')} | {duration(ask)} | {duration(ask16)} "
            f"| {duration(n * text * m['words']['core_seconds_per_byte'] / m['cores'])} "
            f"| {human(n * segments(m) * SEGMENT_ASKED, 'B')} |"
        )


def many_ranks(m):
    print("| tokens | R | ranks to read in a day | for the disk | for a question in 10 s | binds first "
          "| memory, all ranks | received a token and rank | a rank's network |")
    print("|---|---|---|---|---|---|---|---|---|")
    for n in LENGTHS:
        for rate in RATES:
            _, _, _, ranks = needs(m, n, rate)
            most = max(ranks.values())
            first = [k for k in ranks if ranks[k] == most][0] if most > 1 else "nothing"
            received = network(m["model"], most)
            print(
                f"| 10^{round(math.log10(n))} | {rate} | {ranks['reading']} | {ranks['disk']} | {ranks['questions']} | {first} "
                f"| {human(most * m['reading']['live_bytes'], 'B')} | {human(received, 'B')} "
                f"| {human(received * m['cores'] / m['reading']['core_seconds_per_token'], 'B/s')} |"
            )


def gpus(m):
    """By the number of GPUs that each constant was measured with; what was not measured is left out."""
    gpu = m["gpu"]
    reading, device, key = (gpu["reading"]["tokens_per_second"], gpu["device"]["tokens_per_second"], gpu["question"]["seconds_per_key"])
    print("| tokens | GPUs | reading, with text | the device alone | a question's attention, R = 1 | R = 16 |")
    print("|---|---|---|---|---|---|")
    for n in LENGTHS:
        for p in sorted({*reading, *device, *key}, key=int):
            took = [n / rates[p] if p in rates else None for rates in (reading, device)]
            took += [n / rate * key[p] if p in key else None for rate in RATES]
            print(f"| 10^{round(math.log10(n))} | {p} | " + " | ".join("" if t is None else duration(t) for t in took) + " |")


def main():
    with open(sys.argv[1] if len(sys.argv) > 1 else "docs/scaling.json", encoding="utf-8") as f:
        measured = json.load(f)
    print("One rank as measured here (extrapolated):\n")
    one_rank(measured)
    print(f"\nAs many ranks as it takes, each as fast as this machine, with {human(DISK, 'B')} of disk (extrapolated):\n")
    many_ranks(measured)
    print(f"\n{measured['gpu']['name']} in place of the two cores (extrapolated):\n")
    gpus(measured)


if __name__ == "__main__":
    main()
