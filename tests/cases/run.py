#!/usr/bin/env python3
"""run.py DIR LECTERN [--only REGEX] [--jobs N]

Runs every case of cases.tsv against the binary LECTERN, on the inputs that make.sh wrote to DIR. Prints PASS, GAP or FAIL a case
and how many of each last; ends with 1 where a case failed that gaps.txt does not name.
"""
import json, os, re, shlex, shutil, signal, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
COMMON = ["--device", "cpu", "--threads", "1"]
SEEN = {}


def command_of(case, lectern, work, states):
    line = case["args"]
    if line.startswith("! "):
        return line[2:]
    words = [case["input"] if w == "{}" else w for w in shlex.split(line)]
    extra = [] if words[0] in ("model", "state", "devices") else COMMON + ["--no-state"]
    if words[0] in ("ask",):
        extra += ["--answerer", "quote"]
    return shlex.join([lectern, words[0]] + extra + words[1:])


def run(case, directory, lectern, shared):
    key = (case["input"], case["args"])
    if key in SEEN:
        return SEEN[key]
    work = tempfile.mkdtemp(prefix="case-")
    os.mkdir(work + "/home")
    q = shlex.quote
    common = " ".join(COMMON)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "XDG_", "LECTERN"))}
    env.update(HOME=work + "/home", LC_ALL="C.UTF-8", WORK=work, IN=case["input"], LECTERN=lectern, STATE=work + "/state",
               TOOLS=HERE + "/tools.py", GIT_CONFIG_NOSYSTEM="1", TERM="dumb",
               ASK=f"{q(lectern)} ask {common} --no-state --answerer quote",
               READ=f"{q(lectern)} read {common} --no-state",
               KASK=f"{q(lectern)} ask {common} --answerer quote --state-dir {work}/state",
               KREAD=f"{q(lectern)} read {common} --state-dir {work}/state",
               SASK=f"{q(lectern)} ask {common} --answerer quote --state-dir {shared}")
    limit = 120
    for check in case["expect"]:
        if check[0] == "within":
            limit = check[1] + 3
    begin = time.monotonic()
    p = subprocess.Popen(["bash", "-c", command_of(case, lectern, work, shared)], cwd=directory, env=env, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = p.communicate(timeout=limit)
        status = p.returncode if p.returncode >= 0 else 128 - p.returncode
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, err = p.communicate()
        status = "still running"
    seconds = time.monotonic() - begin
    shutil.rmtree(work, ignore_errors=True)
    text = lambda b: b.decode("utf-8", "replace").replace(work, "$WORK").replace(directory, "DIR")
    SEEN[key] = dict(exit=status, out=text(out), err=text(err), seconds=seconds)
    return SEEN[key]


def field(got, path):
    value = None
    for line in got["out"].splitlines():
        try:
            value = json.loads(line) if line[:1] in "{[" else value
        except ValueError:
            pass
    if value is None:
        raise KeyError("no JSON")
    for step in re.findall(r"[^.\[\]]+", path):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def compare(how, value, wanted):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if how == "is": return value == wanted[0]
    if how == "has": return all(w in text for w in wanted)
    if how == "lacks": return not any(w in text for w in wanted)
    if how == "re": return re.search(wanted[0], text) is not None
    if how == "notre": return re.search(wanted[0], text) is None
    if how == "max": return value <= wanted[0]
    if how == "min": return value >= wanted[0]
    if how == "around": return value[0] <= wanted[0] <= value[1] and value[1] - value[0] <= wanted[1]
    if how == "first": return any(wanted[1] in e["text"] for e in value[:wanted[0]])
    raise SystemExit(f"unknown comparison {how}")


def holds(check, got):
    what, rest = check[0], check[1:]
    try:
        if what == "exit": return got["exit"] in rest
        if what == "within": return got["exit"] != "still running" and got["seconds"] <= rest[0]
        if what == "or": return any(all(holds(c, got) for c in way) for way in rest)
        if what == "json": return compare(rest[1], field(got, rest[0]), rest[2:])
        if what == "both": return compare(rest[0], got["out"] + got["err"], rest[1:])
        return compare(rest[0], got[what], rest[1:])
    except (KeyError, IndexError, TypeError, ValueError):
        return False


def short(s, n):
    s = "".join(c if c.isprintable() and not 0x202a <= ord(c) <= 0x202e else c.encode("unicode_escape").decode() for c in s.strip())
    s = s.replace("\\n", " | ")
    return s if len(s) <= n else s[:n] + "..."


def summary(got, directory):
    parts = [f"exit {got['exit']}"]
    try:
        value = field(got, "")
        if "answer" in value:
            parts.append("answer: " + short(str(value["answer"]), 110))
        read = value.get("read", {})
        for k in ("new_tokens", "tokens"):
            if k in read: parts.append(f"{k} {read[k]}")
        if "skipped" in read: parts.append(f"{len(read['skipped'])} skipped")
        if read.get("notes"): parts.append("notes: " + short("; ".join(map(str, read["notes"])), 140))
    except (KeyError, AttributeError, TypeError):
        if got["out"].strip(): parts.append("stdout: " + short(got["out"], 110))
    err = [l for l in got["err"].splitlines() if l.strip() and not re.match(r"\s*\d+ ?%|read", l)]
    if err: parts.append("stderr: " + short(" | ".join(err), 160))
    return "; ".join(parts).replace("\t", " ")


def main():
    arguments = sys.argv[1:]
    option = lambda name, default: arguments.pop(arguments.index(name) + 1) if name in arguments else default
    only, jobs = option("--only", ""), int(option("--jobs", "1"))
    paths = [a for a in arguments if not a.startswith("--")]
    if len(paths) != 2: raise SystemExit(__doc__)
    directory, lectern = os.path.abspath(paths[0]), os.path.abspath(paths[1])
    with open(HERE + "/cases.tsv", encoding="utf-8") as f:
        head = f.readline().rstrip("\n").split("\t")
        cases = [dict(zip(head, line.rstrip("\n").split("\t"))) for line in f]
    for c in cases: c["expect"] = json.loads(c["expect"])
    chosen = [c for c in cases if re.search(only, c["id"])]
    shared = tempfile.mkdtemp(prefix="cases-state-")
    with open(HERE + "/gaps.txt", encoding="utf-8") as f:
        gaps = {line.split()[0] for line in f if line.strip() and not line.startswith("#")}
    failed = missing = 0

    def one(c):
        got = run(c, directory, lectern, shared)
        return c, got, [k for k in c["expect"] if not holds(k, got)]
    with ThreadPoolExecutor(jobs) as pool:
        for c, got, wrong in pool.map(one, chosen):
            failed += bool(wrong) and c["id"] not in gaps
            missing += bool(wrong) and c["id"] in gaps
            if c["id"] in gaps and not wrong: print("NOTE", c["id"], "passes now: it is no gap any more")
            print(("GAP " if c["id"] in gaps else "FAIL") if wrong else "PASS", c["id"], "" if not wrong else "wanted " + short(json.dumps(wrong[0], ensure_ascii=False), 150) +
                  "\n       got " + summary(got, directory), flush=True)
    shutil.rmtree(shared, ignore_errors=True)
    print(f"{len(chosen) - failed - missing} passed, {missing} gaps, {failed} failed")
    return failed > 0


def dump(value):
    """JSON whose controls and direction marks are escaped."""
    return re.sub(r"[\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffd]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(value, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
