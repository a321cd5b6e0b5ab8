"""Not a test: the processes that test_kill.py starts.

``rounds``: fork a writer, let it save answers until it is killed (SIGKILL) at a random moment, look at the file;
500 times over. ``naive``: the same with a store that rewrites a JSON file, which must be found out.
``write``: save so many answers, as one kernel among several.
"""

import json
import os
import random
import select
import signal
import sqlite3
import sys
import time

import msgspec

from ftlib.learn.progress import Attempt, Progress


def attempt(question, number):
    return Attempt(
        question_id=question,
        lesson="02_freezing",
        concept="batchnorm",
        kind="choice",
        answer={"n": number, "pad": "x" * 300},
        verdict="right",
        score=1.0,
        id=f"{question}-{number}",
    )


class Naive:
    """What not to do: the whole file written anew for each answer."""

    def __init__(self, path):
        self.path = path

    def set_view(self, *_, **__):
        pass

    def record(self, new):
        old = self.attempts()
        with open(self.path, "wb") as file:
            file.write(msgspec.json.encode([*old, new]))
        return new

    def attempts(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path, "rb") as file:
            return msgspec.json.decode(file.read(), type=list[Attempt])


def write_for_ever(make, path, name, acknowledge):
    """Save, acknowledge, and again; drafts and hints in between, as a quiz does."""
    progress = make(path)
    for number in range(10**9):
        progress.set_view(name, hints=1, draft=str(number))
        saved = progress.record(attempt(name, number))
        os.write(acknowledge, f"{saved.id}\n".encode())


def killed_writer(make, path, name, chance):
    """Start a writer, kill it after a random number of answers and a random moment more; what it acknowledged."""
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(make, path, name, said)
        finally:
            os._exit(1)
    os.close(said)
    enough, received = chance.randrange(0, 4), b""
    while received.count(b"\n") < enough:
        assert select.select([heard], [], [], 60)[0], "the writer is stuck"
        received += os.read(heard, 4096)
    until = time.perf_counter() + chance.uniform(0, 0.006)
    while time.perf_counter() < until:
        pass
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the writer ended by itself"
    while chunk := os.read(heard, 4096):
        received += chunk
    os.close(heard)
    return received.decode().split()


def rounds(folder, count, seed, make=Progress):
    """Kill so many writers; facts that the test judges. A new file every 50 rounds keeps the checks quick."""
    chance = random.Random(seed)
    facts = dict(rounds=0, acknowledged=0, lost=[], broken=[], unacknowledged=0, killed_while_saving=0)
    for number in range(count):
        path = os.path.join(folder, f"progress-{number // 50}.sqlite3")
        if number % 50 == 0:
            acknowledged = set()
        acknowledged |= set(killed_writer(make, path, f"q{number}", chance))
        facts["killed_while_saving"] += os.path.exists(path + "-journal")
        look(make, path, number, acknowledged, facts)
        facts["rounds"] += 1
        if facts["broken"]:
            break
        if number % 50 == 49 or number == count - 1:
            facts["acknowledged"] += len(acknowledged)
            facts["unacknowledged"] += len(Progress(path).attempts()) - len(acknowledged)
    print(json.dumps(facts))


def look(make, path, number, acknowledged, facts):
    """The file opens, is whole, and holds every acknowledged answer, each as it was sent."""
    if not os.path.exists(path):
        assert not acknowledged
        return
    try:
        saved = {a.id: a for a in make(path).attempts()}
        whole = integrity(path) if make is Progress else "ok"
    except Exception as fault:
        facts["broken"].append(f"round {number}: {fault!r}")
        return
    if whole != "ok" or any(a.answer["pad"] != "x" * 300 for a in saved.values()):
        facts["broken"].append(f"round {number}: {whole}")
    facts["lost"] += sorted(acknowledged - set(saved))


def integrity(path):
    db = sqlite3.connect(path)
    found = db.execute("PRAGMA integrity_check").fetchone()[0]
    db.close()
    return found


def write(path, name, count):
    progress = Progress(path)
    sys.stdin.readline()  # every writer is up; now all begin at once
    for number in range(count):
        progress.record(attempt(name, number))
        progress.latest(name)


if __name__ == "__main__":
    if sys.argv[1] == "rounds":
        rounds(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1] == "naive":
        rounds(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), Naive)
    else:
        write(sys.argv[2], sys.argv[3], int(sys.argv[4]))
