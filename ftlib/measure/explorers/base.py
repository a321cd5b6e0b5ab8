"""What all explorers share: title, controls, a live sentence, the picture with its table.

An explorer is a core ``ipywidgets.VBox``. Nothing but HTML values changes when a control
moves, so it runs in every front end that shows ipywidgets, and shows a static picture
where none does (GitHub, nbconvert, a kernel that is gone).
"""

from html import escape

import ipywidgets as widgets

from ftlib.measure.explorers.parts import View
from ftlib.measure.explorers.style import CSS, NAME_THE_PARTS


class Explorer(widgets.VBox):
    """Base of the explorers: a subclass gives ``title``, ``lead`` and ``view()``.

    ``view()`` returns a ``View``, all that is shown at this moment; ``redraw()`` puts it on
    the page. ``str(explorer)`` is the same as text, ``picture()`` as one static SVG.
    """

    title = ""
    lead = ""

    def __init__(self, controls):
        self._said = widgets.HTML(layout=widgets.Layout(width="auto"))
        self._said.add_class("ftx-live")
        self._drawn = widgets.HTML(layout=widgets.Layout(width="auto"))
        head = (
            f'<style>{CSS}</style><p class="ftx-title">{escape(self.title)}</p>'
            f'<p class="ftx-lead">{escape(self.lead)}</p>'
        )
        # innerHTML runs no <script>, but a style element's load event does run.
        mend = widgets.HTML(f'<style onload="{escape(NAME_THE_PARTS)}"></style>')
        mend.layout.display = "none"
        super().__init__([widgets.HTML(head), *controls, self._said, self._drawn, mend])
        self.add_class("ftx")
        self.redraw()

    def view(self) -> View:
        """What is to be seen now."""
        raise NotImplementedError

    def redraw(self, *_) -> None:
        """Put the present ``view()`` on the page."""
        view = self.view()
        self._said.value = f'<p class="ftx-say {view.mood}">{escape(view.say)}</p>'
        self._drawn.value = view.html()

    def picture(self) -> str:
        """A static SVG of what is shown now, with its numbers; it stands alone."""
        return self.view().sheet(self.title)

    def __repr__(self) -> str:
        return self.view().text(self.title)

    __str__ = __repr__

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        return bundle | {"image/svg+xml": self.picture(), "text/plain": repr(self)}


def row(*children) -> widgets.Box:
    """Controls beside each other that wrap where the page is narrow."""
    box = widgets.Box(children)
    box.add_class("ftx-row")
    return box


def number(label: str, value, low, high, step, width="210px"):
    """A labelled native number box: arrow keys step it, and screen readers name it."""
    kind = widgets.BoundedIntText if isinstance(step, int) else widgets.BoundedFloatText
    return kind(
        value=value, min=low, max=high, step=step, description=label, style=LABEL, layout={"width": width}
    )


def button(label: str, on_click, hint: str = ""):
    """A button that calls ``on_click()``."""
    made = widgets.Button(description=label, tooltip=hint, layout=widgets.Layout(width="auto"))
    made.on_click(lambda _: on_click())
    return made


LABEL = {"description_width": "initial"}
