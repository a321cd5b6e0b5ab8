"""The button below a quiz that writes the learner's answers to one file for the instructor."""

from html import escape

import ipywidgets as W

from ftlib.errors import FtlibError
from ftlib.learn.card import button, html
from ftlib.learn.controls import when_entered
from ftlib.learn.echo import Echo


class HandIn(W.VBox):
    """A button that asks for the learner's id and writes the submission of one lesson.

    ``store`` is a Progress; the file lies in the working folder and its name is shown.
    """

    def __init__(self, lesson: str, store):
        self.lesson, self.store = lesson, store
        self._open = button("Hand in your answers …", self.toggle, "ftl-quiet")
        self.name = W.Text("", description="Your id, as your instructor knows it", placeholder="")
        when_entered(self.name, self.ask_write)
        self.said, self._echo = html(), Echo()
        write = W.Box([button("Write the file", self.ask_write, "ftl-primary")]).add_class("ftl-actions")
        self._box = W.VBox([self.name, write, self._echo, self.said]).add_class("ftl-box")
        super().__init__([self._open])
        self.add_class("ftl-hand-in")

    def toggle(self):
        """Show or hide the form."""
        shown = len(self.children) > 1
        self.children = (self._open,) if shown else (self._open, self._box)
        if not shown:
            self.name.value = self.name.value or self._known()
            self.name.focus()

    def _known(self):
        try:
            name = self.store.learner
        except FtlibError:
            return ""
        return "" if name == "me" else name

    def ask_write(self):
        """Write once every letter of the id has come in; see ``ftlib.learn.echo``."""
        self._echo.ask(self.write)

    def write(self):
        """Write the file and say where it lies, or what is missing."""
        from ftlib.learn.submit import write_submission

        if not self.name.value.strip():
            self._say("Nothing was written yet: type your id first.")
            self.name.focus()
            return
        try:
            path = write_submission(lesson=self.lesson, learner=self.name.value, store=self.store)
        except (FtlibError, OSError) as fault:
            self._say(f"Nothing was written: {escape(str(fault))}")
            return
        self._say(
            f"Written: <code>{escape(path.name)}</code>, beside this notebook. "
            "It holds your id, your answers and versions, no scores."
        )

    def _say(self, words):
        self.said.value = f'<p class="ftl-aside" role="alert">{words}</p>'
