"""Saving under fire: kill -9 in the middle of it, and two kernels that answer at once."""

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from ftlib.learn.progress import Progress

SCRIPT = Path(__file__).with_name("kill_rounds.py")


def start(*arguments):
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.timeout(240)
def test_kill_while_saving_loses_no_acknowledged_answer(tmp_path):
    out, _ = start("rounds", tmp_path, 500, 2026).communicate(timeout=230)
    facts = json.loads(out)
    print(facts)
    assert facts["rounds"] == 500
    assert facts["lost"] == []
    assert facts["broken"] == []
    assert facts["acknowledged"] > 300
    assert facts["killed_while_saving"] > 50  # the kills did hit the middle of a save
    assert facts["unacknowledged"] >= 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_kills_find_out_a_store_that_is_not_safe(tmp_path):
    """A control: the same kills break a file that is simply written anew for each answer."""
    out, _ = start("naive", tmp_path, 400, 2026).communicate(timeout=200)
    facts = json.loads(out)
    assert facts["broken"]
    assert facts["rounds"] < 400


@pytest.mark.timeout(240)
def test_two_kernels_answer_at_once(tmp_path):
    path = tmp_path / "progress.sqlite3"
    writers = [start("write", path, name, 1000) for name in ("one", "two")]
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait(timeout=230) for writer in writers] == [0, 0]
    saved = [a.id for a in Progress(path).attempts()]
    assert Counter(saved) == Counter(f"{name}-{n}" for name in ("one", "two") for n in range(1000))
    turns = sum(a.split("-")[0] != b.split("-")[0] for a, b in pairwise(saved))
    assert turns > 5, "the two did not write at the same time"
