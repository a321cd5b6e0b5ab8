"""Two ways to use a page: with the mouse, and with the keyboard alone. Both do the same few things.

``pick`` an option by the text it is known by, ``write`` into a labelled field, ``press`` a button. The mouse
clicks where the learner sees the thing; the keyboard reaches it with Tab and Shift+Tab.
"""

import re
from contextlib import suppress

from playwright.sync_api import expect

NAME = """el => ((el.labels && el.labels.length ? el.labels[0].textContent : el.textContent) || '').trim()"""
FIND = """name => {
  const text = NAME, quiz = document.querySelector('.ftl');
  const all = [...quiz.querySelectorAll('button, input, textarea, a')];
  const target = all.find(el => text(el).startsWith(name) && el.getClientRects().length);
  const now = document.activeElement;
  if (!target || target === now) return target ? 'here' : 'none';
  return now.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING ? 'Tab' : 'Shift+Tab';
}""".replace("NAME", NAME)

ON = "name => (NAME)(document.activeElement).startsWith(name)".replace("NAME", NAME)


def has_focus(page, name):
    """Wait until the control with this name has the focus."""
    page.wait_for_function(ON, arg=name)


class Mouse:
    """Clicks, and types only where there is a field to type in."""

    def __init__(self, page, view):
        self.page, self.view = page, view

    def pick(self, name, most=3):
        """Click in the middle of an option's row; its rendered text lies there, over the control.

        A front end may scroll while the mouse is on its way; who sees that nothing was chosen clicks again.
        """
        row = self.view.locator("label").filter(has_text=name).first
        control = row.locator("input")
        wanted = control.get_attribute("type") == "radio" or not control.is_checked()
        for _ in range(most):
            row.scroll_into_view_if_needed()
            box = row.bounding_box()
            self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            with suppress(AssertionError):
                return expect(control).to_be_checked(checked=wanted, timeout=2000)
        raise AssertionError(f"{most} clicks did not change {name!r}")

    def write(self, label, text):
        field = self.view.get_by_label(label)
        field.click()
        field.fill(text)

    def press(self, name):
        self.view.get_by_role("button", name=re.compile(re.escape(name))).first.click()


class Keyboard:
    """Tab, Shift+Tab, Space, Enter and typing; never the mouse, never focus() from outside."""

    def __init__(self, page, view):
        self.page, self.view = page, view

    def reach(self, name, most=60):
        """Press Tab (or Shift+Tab) until the control with this name has the focus."""
        for _ in range(most):
            way = self.page.evaluate(FIND, name)
            if way == "here":
                return
            assert way != "none", f"no control is called {name!r}"
            self.page.keyboard.press(way)
        raise AssertionError(f"{most} presses did not reach {name!r}")

    def pick(self, name):
        """Reach the radio button or checkbox whose name holds these words; Space chooses it."""
        option = self.view.locator("label").filter(has_text=name).first
        expect(option).to_be_attached()
        self.reach(option.text_content().strip())
        self.page.keyboard.press("Space")

    def write(self, label, text):
        self.reach(label)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def press(self, name):
        """Reach a button and press Enter on it."""
        self.reach(name)
        self.page.keyboard.press("Enter")


HANDS = {"mouse": Mouse, "keyboard": Keyboard}


# One entry a question of the sample bank, in its order: what to do for a wrong answer, then for the right one.
def _choice(hands, right):
    hands.pick("w.requires_grad" if right else "w.trainable")


def _multi(hands, right):
    hands.pick("It finds some")  # chosen for the wrong answer, given up for the right one
    for name in ("Its accuracy is over", "Its recall is 0") if right else ():
        hands.pick(name)


def _number(wrong, right):
    return lambda hands, good: hands.write("Your answer", right if good else wrong)


def _order(hands, right):
    """Each move, and the button that the focus is on once the line has moved; a person waits to see it move."""
    moves = {"Move down, place 1": "Move down, place 2"}
    if right:
        moves = {
            "Move down, place 2": "Move down, place 3",
            "Move down, place 3": "Move up, place 4",
            "Move up, place 2": "Move down, place 1",
        }
    for move, lands_on in moves.items():
        hands.press(move)
        has_focus(hands.page, lands_on)


def _match(hands, right):
    said = {
        "true positive": "a fraud, called fraud",
        "false positive": "an honest payment",
        "false negative": "a fraud, called honest",
    }
    turned = dict(zip(said, [*list(said.values())[1:], *list(said.values())[:1]]))
    for left, text in (said if right else turned).items():
        hands.pick(re.compile(f"{text}.*, for {left}"))


def _matrix(hands, right):
    cells = (
        {"TP": "12", "FN": "88", "FP": "12", "TN": "4888"}
        if right
        else {"TP": "1", "FN": "2", "FP": "3", "TN": "4"}
    )
    names = {"TP": "True positives", "FN": "False negatives", "FP": "False positives", "TN": "True negatives"}
    for cell, count in cells.items():
        hands.write(names[cell], count)


def _prints(hands, right):
    hands.write("It prints", f"{2 if right else 4}\n['fc.weight', 'fc.bias']")


def _code(hands, right):
    body = "tp / (tp + fn) if tp + fn else 0.0" if right else "tp"
    hands.write("Your code", f"def recall(tp, fn):\n    return {body}\n")


ANSWERS = [
    _choice,
    _multi,
    _number("0.15", "85 %"),
    _number("16.7", "14.3"),
    _number("train", "model.eval()"),
    _order,
    _match,
    _matrix,
    _prints,
    _code,
]
