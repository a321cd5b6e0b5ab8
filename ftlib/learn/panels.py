"""What a card says, as HTML: prompt, verdict, hints, steps, links; and the page that stands in for widgets.

Plain functions from a session to a string. Nothing here gives away a key: feedback comes from a result, steps
from a session that allows them, and the stand-in page reads prompts and options only.
"""

import os
import re
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote

from ftlib.errors import FtlibError, InputError
from ftlib.learn import render

KIND_NAMES = {
    "choice": "one answer",
    "multi": "several answers",
    "numeric": "a number",
    "text": "a short text",
    "order": "put in order",
    "match": "match",
    "confusion": "confusion matrix",
    "predict": "predict the output",
    "code": "write code",
}
VERDICTS = {  # verdict → class, symbol, words
    "right": ("ftl-right", "✓", "Right"),
    "partly right": ("ftl-part", "◐", "Partly right"),
    "wrong": ("ftl-wrong", "✗", "Wrong"),
    "not attempted": ("ftl-none", "○", "Not attempted"),
    "invalid": ("ftl-none", "?", "Cannot be read"),
}


def points(score: float) -> str:
    """A score with as few digits as it needs.

    >>> points(2.0), points(0.6667)
    ('2', '0.67')
    """
    return f"{score:.2f}".rstrip("0").rstrip(".")


def prompt(session, where: str = "") -> str:
    """The head of a card: where it stands, kind and difficulty, the prompt, the code to predict."""
    question = session.question
    words = [f'<h3 class="ftl-where">{escape(where)}</h3>'] if where else []
    words += [f"<span>{escape(word)}</span>" for word in (KIND_NAMES[question.kind], question.difficulty)]
    code = render.highlight(question.code.strip("\n")) if question.code else ""
    return f'<div class="ftl-meta">{"".join(words)}</div><div class="ftl-prompt">{render.html(question.prompt)}{code}</div>'


def feedback(result, *, changed: bool = False, fresh: bool = True, note: str = "") -> str:
    """The verdict in symbol, words and colour, and why; ``fresh`` has screen readers announce it."""
    kind, symbol, words = VERDICTS[result.verdict]
    if result.verdict == "partly right":
        words += f" · {points(result.score)} of 1 point"
    said = render.html(result.feedback) if result.feedback else ""
    if changed:
        said += '<p class="ftl-aside">You have changed your answer since. Check it again to see how it stands.</p>'
    if note:
        said += f'<p class="ftl-aside">{escape(note)}</p>'
    role = ' role="alert"' if fresh else ""
    return (
        f'<div class="ftl-panel {kind}"{role}><p class="ftl-verdict"><span aria-hidden="true">{symbol}</span> '
        f"{words}</p>{said}</div>"
    )


def hints(session, *, fresh: bool = False) -> str:
    """The hints opened so far, in order; "" without any. ``fresh`` has screen readers announce the last."""
    if not session.hints:
        return ""
    said = [render.inline(hint) for hint in session.hints]
    said[-1] = f'<div role="alert">{said[-1]}</div>' if fresh else said[-1]
    items = "".join(f"<li>{hint}</li>" for hint in said)
    return f'<div class="ftl-box"><h3>{"Hint" if len(session.hints) == 1 else "Hints"}</h3><ol>{items}</ol></div>'


def announced(markdown: str) -> str:
    """Words that only screen readers say."""
    return f'<p class="ftl-vh" role="alert">{escape(render.plain(markdown))}</p>'


def notice(trouble: str) -> str:
    """What hinders the learner, in a frame of its own; "" where nothing does."""
    said = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(trouble))
    return f'<div class="ftl-note" role="alert">{said}</div>' if trouble else ""


def steps(session) -> str:
    """The worked steps, the quick check and the common mistakes; "" while they are closed."""
    if not session.steps_open:
        return ""
    question = session.question
    parts = [_list("Step by step", "ol", question.steps)]
    if question.quick_check:
        parts.append(f"<h3>Quick check</h3>{render.html(question.quick_check)}")
    parts.append(_list("Common mistakes", "ul", question.mistakes))
    return f'<div class="ftl-box" role="status">{"".join(parts)}</div>'


def _list(title, tag, items):
    if not items:
        return ""
    return f"<h3>{title}</h3><{tag}>{''.join(f'<li>{render.inline(item)}</li>' for item in items)}</{tag}>"


def finished(sitting) -> str:
    """What to look at again, once every question has an answer; "" before."""
    if sitting.answered < len(sitting):
        return ""
    missed = [(n, q) for n, q in enumerate(sitting.questions, 1) if sitting.verdict(n - 1) != "right"]
    items = "".join(f"<li>Question {n}: {section_link(question)}</li>" for n, question in missed)
    said = f"<p>Worth another look:</p><ul>{items}</ul>" if missed else "<p>Every answer is right.</p>"
    return f'<div class="ftl-box" role="status"><h3>All {len(sitting)} answered</h3>{said}</div>'


def section_link(question) -> str:
    """Where the question is explained, as a link to the lesson's section."""
    from ftlib.learn.ways import where

    words = f"{lesson_title(question.lesson)} — {render.plain(question.section)}"
    return link(words, where(question.lesson, question.section))


def address(link: str) -> str:
    """A link relative to the course's folder, made relative to the working folder; "" if it leads nowhere.

    Front ends serve a notebook under a path that ends like its own, so such a link works in each of them.
    """
    from ftlib.paths import course

    path, mark, anchor = link.partition("#")
    try:
        there = course() / unquote(path)
        seen = os.path.relpath(there, Path.cwd()) if path and there.exists() else ""
    except (InputError, ValueError, OSError):  # ValueError: another drive on Windows
        return ""
    return quote(Path(seen).as_posix()) + mark + anchor if seen else ""


def link(words: str, to: str) -> str:
    """Words as a link to a place in the course, as words alone where it leads nowhere."""
    found = address(to)
    opened = f'<a href="{escape(found)}" target="_blank" rel="noopener">' if found else ""
    return f"{opened}{escape(words)}{'</a>' if found else ''}"


def lesson_title(lesson: str) -> str:
    """Number and title of a lesson; where it has no bank, as its file is called.

    >>> lesson_title("98_not_written_yet")
    'Lesson 98 · Not written yet'
    """
    from ftlib.learn.bank import load_bank

    number, _, name = lesson.partition("_")
    try:
        title = load_bank(lesson).title
    except FtlibError:
        title = (name or lesson).replace("_", " ").capitalize()
    return f"Lesson {number} · {title}" if number.isdigit() else title


def stand_in(sitting) -> str:
    """The quiz as plain semantic HTML, for places where widgets do not run; the same whatever was answered.

    It is what GitHub and nbconvert show of a stored notebook: no style, no script, no key.
    """
    from ftlib.learn.session import Session

    items = []
    for question in sitting.questions:
        session = Session(question, 0)
        items.append(f"<li>{_stand_in_prompt(session)}{_stand_in_parts(session)}</li>")
    return (
        f"<h3>{escape(sitting.title)}: {len(sitting)} questions</h3>"
        "<p>Run the notebook to answer them: open it in JupyterLab, Notebook, VS Code or Voila and run this cell.</p>"
        f"<ol>{''.join(items)}</ol>"
    )


def _stand_in_prompt(session):
    question = session.question
    code = f"<pre><code>{escape(question.code.strip())}</code></pre>" if question.code else ""
    return f"<p><em>{KIND_NAMES[question.kind]}, {question.difficulty}</em></p>{render.bare(question.prompt)}{code}"


def _stand_in_parts(session):
    question = session.question
    if question.options or question.items:
        texts = {part.key: part.text for part in question.options or question.items}
        return f"<ul>{''.join(f'<li>{render.bare(texts[key])}</li>' for key in session.order)}</ul>"
    if question.pairs:
        pairs = {pair.key: pair for pair in question.pairs}
        left = "".join(f"<li>{render.bare(pair.left)}</li>" for pair in question.pairs)
        right = "".join(
            f"<li>{render.bare(text)}</li>" for text in dict.fromkeys(pairs[k].right for k in session.order)
        )
        return f"<ul>{left}</ul><p>with</p><ul>{right}</ul>"
    return ""
