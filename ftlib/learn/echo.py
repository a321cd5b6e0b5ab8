"""Knows when everything that the page had to say has come in.

ipywidgets sends a click at once, but holds a field's second quick change back until the kernel has answered the
first. A click that follows fast typing thus overtakes the last letters, by as long as the line takes there and
back. Waiting a fixed while is too long here and too short over a slow line. So the kernel asks the page for an
answer: the page hears first what the kernel said before, sends what it held back, and then answers.

Core ipywidgets have one widget that answers by itself: ``Play``, which takes a step when it is set playing.
"""

import asyncio

import ipywidgets as W

FIRST_SECONDS = 4.0  # for the first answer; a front end may have no such widget, or none may show the page
LATER_SECONDS = 10.0  # once it has answered, it will again: only a broken line takes longer
MUTE_SECONDS = 0.4  # once it has kept silent


class Echo(W.Play):
    """A hidden widget that the page answers with; put it among the children of what is shown."""

    def __init__(self):
        super().__init__(min=0, max=1, interval=10**9)  # the first step comes at once, the next one never
        self.add_class("ftl-echo")
        self._then, self._timer, self._again, self._patience = None, None, False, FIRST_SECONDS
        self.observe(self._heard, "value")

    @property
    def waiting(self) -> bool:
        """Whether an answer is still to come."""
        return self._timer is not None

    def ask(self, then):
        """Call ``then()`` once the page has answered, or has had its time; of several calls the last counts.

        Without a running event loop (there is one in every kernel) it is called at once.
        """
        self._then, self._again = then, self.waiting  # an answer on its way was sent before this was asked
        if not self.waiting:
            self._step()

    def drop(self):
        """Wait no longer, and call nothing."""
        if self._timer:
            self._timer.cancel()
        self._then, self._timer, self._again, self.playing = None, None, False, False

    def _step(self):
        self._timer = later(self._patience, self._missed)
        if self._timer:
            self.playing = True
        else:
            self._end()

    def _heard(self, change):
        self._patience = LATER_SECONDS
        again, then = self._again, self._then
        self.drop()
        if again:
            self.ask(then)
        elif then:
            then()

    def _missed(self):
        self._patience = MUTE_SECONDS
        self._end()

    def _end(self):
        then = self._then
        self.drop()
        then()


def later(seconds, act):
    """Call ``act`` after a while if a loop is running (a kernel has one); returns a handle, None without a loop."""
    try:
        return asyncio.get_running_loop().call_later(seconds, act)
    except RuntimeError:
        return None
