#!/usr/bin/env python3
"""Records the first two minutes of the program as an asciicast (version 2): a novel is opened, searched and asked.

    scripts/screen_cast.py docs/screens/first-minutes.cast [LECTERN]

The keys are the list below, with the seconds before each; the times are what they were. asciinema plays it."""
import fcntl, json, os, pty, select, struct, sys, tempfile, termios, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COLS, ROWS = 110, 32
MERGED = 0.1  # seconds of output that are one event

KEYS = [(3, 'Space'), (2, '/'), (0, 'cheque'), (1, '\r'), (1, 'n'), (1.5, 'L'), (1.5, 'j'), (0.7, 'j'), (0.7, '\r'),
        (2, 'o'), (1, 'last'), (1.5, '\r'), (2, 'a'), (0.5, 'Who is Poole?'), (1, '\r'), (14, '2'), (2, 'J'), (2, 'K'),
        (2, 't'), (1.5, 't'), (1.5, 't'), (1.5, 'T'), (0.5, 'T'), (0.5, 'T'), (2, 'a'), (0.5, 'and whom does he serve?'),
        (2.5, '\r'), (14, 'c'), (3, 'c'), (1, '<'), (2, '>'), (2, 'a'), (0.5, 'in:"LAST NIGHT" who broke the door?'), (2, '\r'),
        (12, 'A'), (6, '\x1b'), (2, 'p'), (4, '\x1b'), (2, '?'), (4, '\x1b'), (2, 'q')]


def main():
    out = sys.argv[1]
    lectern = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else f'{ROOT}/build/release/lectern')
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as home:
        environment = {'TERM': 'xterm-256color', 'LANG': 'C.UTF-8', 'COLORTERM': 'truecolor', 'PATH': os.environ['PATH'], 'HOME': home}
        child, terminal = pty.fork()
        if child == 0:
            os.execve(lectern, [lectern, '--answerer', 'none', 'models/sample/jekyll-and-hyde.txt'], environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', ROWS, COLS, 0, 0))
        events = record(terminal)
        os.waitpid(child, 0)
    head = {'version': 2, 'width': COLS, 'height': ROWS, 'title': 'Lectern', 'env': {'TERM': 'xterm-256color'}}
    with open(out, 'w') as f:
        for line in [head] + [[round(at, 2), 'o', text] for at, text in events]:
            f.write(json.dumps(line, ensure_ascii=False, separators=(',', ':')) + '\n')
    print(f'{out}: {events[-1][0]:.0f} seconds, {os.path.getsize(out)} bytes')


def strokes():
    """Each character with the time before it: words are typed."""
    for pause, text in KEYS:
        text = ' ' if text == 'Space' else text
        for i, character in enumerate(text):
            yield (pause if i == 0 else 0.06), character


def record(terminal):
    begin = time.monotonic()
    events, waiting, undecoded = [], strokes(), b''
    pause, key = next(waiting)
    due = begin + pause
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0, min(due - time.monotonic(), 1)))
        if ready:
            try:
                undecoded += os.read(terminal, 65536)
            except OSError:
                return events
            if not undecoded:
                return events
            text = undecoded.decode(errors='ignore')
            if text.encode() != undecoded:
                continue  # a character is not whole yet
            undecoded = b''
            at = time.monotonic() - begin
            if events and at - events[-1][0] < MERGED:
                events[-1] = (events[-1][0], events[-1][1] + text)
            else:
                events.append((at, text))
        if key and time.monotonic() >= due:
            os.write(terminal, key.encode())
            pause, key = next(waiting, (3600, None))
            due = time.monotonic() + pause


main()
