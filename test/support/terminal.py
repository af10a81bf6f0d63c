"""Runs a program on a terminal of its own, and types into it.

    terminal.py STEPS PROGRAM ARGUMENT...

STEPS is JSON: a list of [text to wait for, what to type then], in hexadecimal. Prints, as JSON, all that the terminal
showed, in hexadecimal, how the program ended (negative: by which signal), and whether the terminal echoes afterwards.
"""
import json
import os
import pty
import select
import sys
import termios
import time

PATIENCE = 60

steps = [(bytes.fromhex(want), bytes.fromhex(keys)) for want, keys in json.loads(sys.argv[1])]
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])


def read():
    ready, _, _ = select.select([terminal], [], [], PATIENCE)
    try:
        return os.read(terminal, 65536) if ready else b""
    except OSError:
        return b""


shown = b""
seen = 0
end = time.monotonic() + PATIENCE
while time.monotonic() < end:
    while steps and steps[0][0] in shown[seen:]:
        want, keys = steps.pop(0)
        seen = shown.index(want, seen) + len(want)
        os.write(terminal, keys)
    chunk = read()
    if not chunk:
        break
    shown += chunk
_, status = os.waitpid(child, 0)
try:
    echoes = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
except termios.error:
    echoes = None
ended = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
print(json.dumps({"shown": shown.hex(), "ended": ended, "echoes": echoes, "left": len(steps)}))
