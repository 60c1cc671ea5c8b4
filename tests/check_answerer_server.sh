# A chat server on the loopback, well and badly behaved, as `lectern ask` meets it: whatever the server does, the evidence is shown; where it
# fails, sentences are quoted, the reason is said and the exit status is 1. Argument: the build directory.
set -u
lectern="$1/lectern"
tmp=$(mktemp -d)
export TMPDIR="$tmp" XDG_CACHE_HOME="$tmp/cache" XDG_DATA_HOME="$tmp/data" http_proxy=http://127.0.0.1:1
failures=0

fail() {
    echo "FAILED: $*"
    sed 's/^/    stdout: /' "$tmp/out" | head -5
    sed 's/^/    stderr: /' "$tmp/err" | head -5
    failures=$((failures + 1))
}

# The first part of the path says how a request is answered. Prints the port.
python3 - >"$tmp/port" 2>"$tmp/stub" <<'EOP' &
import http.server, json, sys

def event(text):
    return ("data: " + json.dumps({"choices": [{"delta": {"content": text}}]}) + "\n\n").encode()

class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        how = self.path.split("/")[1]
        self.send_response(500 if how == "500" else 200)
        self.end_headers()
        try:
            self.answer(how)
        except OSError:
            pass

    def answer(self, how):
        put = self.wfile.write
        if how == "good":
            put(event("In the ") + event("reeds [1][7].") + b"data: [DONE]\n\n")
        if how == "escape":
            put(event("\x1b[2J\x1b]0;owned\x07reeds \x00\x9b31m") + b"data: [DONE]\n\n")
        if how == "half":
            put(event("In the "))
        if how == "json":
            put(b"data: {]\n\n")
        if how == "500":
            put(b"out of \x1b[31mmemory")
        if how == "nul":
            put(event("In the \x00 reeds [1].") + b"data: [DONE]\n\n")
        if how == "tokens":
            put(event("In the reeds") + b'data: {"choices": [{"delta": {}, "finish_reason": "length"}]}\n\n')
        while how == "round":
            put(event("reeds and fish "))
        for i in range(sys.maxsize if how == "endless" else 0):
            put(event(f"{i * i} "))
        while how == "line":
            put(b"x" * 65536)

    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
print(server.server_port, flush=True)
server.serve_forever()
EOP
stub=$!
trap 'kill $stub; rm -rf "$tmp"' EXIT
for ((i = 0; i < 1200; i++)); do [ -s "$tmp/port" ] && break; sleep 0.1; done
port=$(cat "$tmp/port")
[ -n "$port" ] || { cat "$tmp/stub"; exit 1; }
echo "The heron stood in the reeds. It waited for a fish." >"$tmp/heron.txt"

# ask STATUS URL [OPTION...]
ask() {
    local status=$1 url=$2 got
    shift 2
    "$lectern" ask -q "Where stood the heron?" --answerer "$url#tiny" "$@" "$tmp/heron.txt" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    [ $got = "$status" ] || fail "$url: exit status $got, not $status"
    LC_ALL=C grep -q "$(printf '[\033\233]')" "$tmp/out" "$tmp/err" && fail "$url: an escape sequence of the server's reached the output"
}

ask 0 "http://127.0.0.1:$port/good"
grep -qx 'In the reeds \[1\]\.' "$tmp/out" || fail "the server's answer is not shown"
ask 0 "http://127.0.0.1:$port/escape"
for how in endless: round:"repeats itself" tokens:"within 200 tokens"; do # what was said is shown, and that it is not all
    ask 1 "http://127.0.0.1:$port/${how%%:*}" --json
    jq -e '.answer | length > 2 and length < 20000' "$tmp/out" >/dev/null || fail "$how: an endless answer does not end"
    jq -e '.answer_cut | length > 0' "$tmp/out" >/dev/null && grep -q "${how#*:}.* cut" "$tmp/err" || fail "$how: that the answer is cut is not said"
done
ask 0 "http://127.0.0.1:$port/nul" --json
jq -e '.answer | startswith("In the \ufffd reeds")' "$tmp/out" >/dev/null || fail "a NUL cuts an answer"

for how in half json 500 line none; do
    url=http://127.0.0.1:$port/$how
    ask 1 "$url"
    grep -qx 'The heron stood in the reeds\. \[1\]' "$tmp/out" || fail "$how: no sentence is quoted"
    grep -q 'heron.txt:1-1' "$tmp/out" || fail "$how: the evidence is not shown"
    grep -q "/$how/chat/completions: .*; sentences are quoted instead" "$tmp/err" || fail "$how: nothing is said"
    ask 1 "$url" --json
    jq -e '(.evidence | length == 1) and .answerer == "quoted sentences" and (.answerer_failed | length > 0)' "$tmp/out" >/dev/null ||
        fail "$how: the JSON does not tell"
done

ask 1 http://127.0.0.1:1
grep -q 'is the server running' "$tmp/err" || fail "no help where nothing listens"
ask 1 "https://127.0.0.1:$port/good"
grep -q 'a server without TLS is named http://' "$tmp/err" || fail "no help where there is no TLS"

"$lectern" eval --quiet --answerer "http://127.0.0.1:$port/500#tiny" tests/data/eval_small.jsonl >"$tmp/out" 2>"$tmp/err" </dev/null
[ $? = 1 ] && [ ! -s "$tmp/out" ] && grep -q 'HTTP 500' "$tmp/err" || fail "eval scores a server that fails"

[ $failures = 0 ] && echo "servers may do what they like"
exit $((failures > 0))
