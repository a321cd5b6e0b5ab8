"""What a strength test and a challenge share: a run that is kept, found again, and answered through sessions."""

import random
import tempfile
import uuid
import warnings
from pathlib import Path

import msgspec

from ftlib.errors import BankError, StoreError
from ftlib.learn.bank import load_banks
from ftlib.learn.records import Run, iso, utc_now
from ftlib.learn.session import SELF_CHECK, Session


class Shown:
    """What is shown as widgets where a notebook displays it, and stays itself everywhere else."""

    def _repr_mimebundle_(self, **kwargs):
        from ftlib.learn.views import view_of

        return view_of(self)._repr_mimebundle_(**kwargs)


class Item(msgspec.Struct, frozen=True):
    """One drawn question: its id, the variant's seed, and how it was drawn (a label such as "metric")."""

    question: str
    seed: int
    label: str = ""


def pool(banks=None) -> dict:
    """Id → question of all that a draw may use: no code (it takes long), no question that rests on another."""
    banks = load_banks() if banks is None else banks
    found = {
        q.id: q for bank in banks for q in bank.questions if q.kind != "code" and SELF_CHECK not in q.tags
    }
    if not found:
        raise BankError("no questions to draw from; expected quizzes/NN_name.toml. Run `ftlib check`.")
    return found


def other_numbers(source: random.Random) -> int:
    """A variant seed that is not 0, so that a draw never shows the numbers of the quiz itself."""
    return 1 + int(source.random() * (2**31 - 2))


def begin(store, kind: str, seed: int, items, facts=None) -> Run:
    """Keep a new run. Its id is new each time; ``items`` are what was drawn, so that it can be taken up again."""
    whole = {**(facts or {}), "items": msgspec.to_builtins(items)}
    return keep(store, Run(uuid.uuid4().hex, kind, seed, iso(now(store)), None, whole))


def keep(store, run: Run) -> Run:
    """Save the run as it stands; a store that forgets (no ``save_run``) keeps nothing."""
    if hasattr(store, "save_run"):
        store.save_run(run)
    return run


def earlier(store, kind: str) -> list[Run]:
    """The runs of a kind so far, oldest first."""
    return store.runs(kind) if hasattr(store, "runs") else []


def items_of(run: Run, questions: dict) -> list[Item]:
    """The run's items that the bank still holds (an author may have taken a question out)."""
    found = msgspec.convert(run.facts.get("items", []), list[Item])
    return [item for item in found if item.question in questions]


def session_of(store, run: Run, item: Item, questions: dict) -> Session:
    """The session in which an item of the run is answered; its time is the store's clock."""
    seconds = lambda: now(store).timestamp()
    return Session(questions[item.question], item.seed, run.kind, store, run=run.id, clock=seconds)


def now(store):
    """The present time by the store's clock."""
    return getattr(store, "clock", utc_now)()


def open_or(store):
    """The store given, else the learner's own, else (where that one cannot be used) one that is soon forgotten."""
    if store is not None:
        return store
    from ftlib.learn.progress import Progress

    try:
        return Progress()
    except StoreError as fault:
        warnings.warn(f"Your answers are not being saved. {fault}", stacklevel=3)
        made = Progress(Path(tempfile.mkdtemp(prefix="ftlib-")) / "progress.sqlite3")
        made.trouble = f"Your answers are not being saved. {fault}"  # for pages that show no warnings
        return made
