"""The page never holds a key before an answer is checked: everything that reaches the browser is searched."""

import html
import re

from driver import go, open_quiz
from hands import Mouse
from playwright.sync_api import expect

from ftlib.learn.bank import load_bank
from ftlib.learn.render import plain
from ftlib.learn.variants import variant


def secrets(path):
    """Texts that give an answer away, or help that was not asked for: question → its texts."""
    found = {}
    for question in (variant(q) for q in load_bank(path).questions):
        texts = [part.feedback for part in (*question.options, *question.wrong, *question.pairs)]
        texts += [
            *question.steps,
            question.quick_check,
            *question.mistakes,
            *question.hints,
            *question.aliases,
        ]
        texts += [str(question.answer)] if question.kind in ("numeric", "predict") else []
        texts += [o.misconception for o in question.options] + [w.misconception for w in question.wrong]
        found[question.id] = {words for text in texts if len(words := letters(plain(text))) > 3}
    return found


def letters(text):
    """Letters and digits alone, so that no escaping (JSON, HTML, spans of colour) hides a text."""
    text = re.sub(r"\\+u[0-9a-f]{4}|\\+[nt\"]", " ", html.unescape(html.unescape(text)))
    return re.sub(r"[^0-9a-zA-Z]+", "", re.sub(r"</?\w[^>]*>", "", text))


class Spy:
    """Every message that the page receives, from the moment it is opened."""

    def __init__(self, page):
        self.frames = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._note))

    def _note(self, payload):
        self.frames.append(payload if isinstance(payload, str) else bytes(payload).decode("utf-8", "replace"))

    def seen(self, page):
        """All of it as letters: messages, and the page as it stands with the values of its fields."""
        fields = page.evaluate(
            "() => [...document.querySelectorAll('input, textarea')].map(el => el.value).join(' ')"
        )
        return letters(" ".join(self.frames)) + letters(page.content()) + letters(fields)


def test_no_key_reaches_the_browser_before_an_answer_is_checked(page, server, fresh, course):
    spy, hidden = Spy(page), secrets(course / "quizzes" / "sample.toml")
    view = open_quiz(page, server, "lab")
    for number in range(len(hidden)):
        go(view, number)
    seen = spy.seen(page)
    assert letters("Which line stops training from") in seen, "the spy sees nothing"
    told = {name: [text for text in texts if text in seen] for name, texts in hidden.items()}
    assert not any(told.values()), told
    go(view, 0)
    Mouse(page, view).pick("w.trainable")
    view.get_by_role("button", name="Check answer").click()
    expect(view.locator(".ftl-verdict")).to_have_text("✗ Wrong")
    seen = spy.seen(page)
    assert letters("PyTorch does not read it") in seen, "the feedback of the chosen option is shown"
    assert letters("The step reads this very flag") not in seen, "that of the right one is not"
