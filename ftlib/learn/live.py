"""The confusion matrix behind the self-check, live: change a count and every number follows."""

from html import escape

import ipywidgets as W

DEFAULT = {"tp": 12, "fn": 88, "fp": 12, "tn": 4888}  # 5,000 transactions, 100 of them frauds


class LiveMatrix(W.VBox):
    """A confusion matrix computed from labels, with accuracy, precision and recall.

    The learner changes how many frauds are caught and how many false alarms are raised; the labels are
    built anew and counted by :mod:`ftlib.measure`.
    """

    def __init__(self, tp, fn, fp, tn):
        self.frauds, self.honest, self._start = tp + fn, fp + tn, (tp, fp)
        self._open = W.Button(description="Show the confusion matrix behind the numbers")
        self._open.on_click(lambda _: self.toggle())
        self._caught = W.BoundedIntText(tp, 0, self.frauds, description=f"Frauds caught, of {self.frauds:,}")
        self._alarms = W.BoundedIntText(fp, 0, self.honest, description=f"False alarms, of {self.honest:,}")
        self._table = W.HTML()
        for field in (self._caught, self._alarms):
            field.observe(lambda _: self._count(), "value")
        super().__init__([W.Box([self._open]).add_class("ftl-actions")])

    @classmethod
    def of(cls, question):
        """The matrix with the question's own counts, where it has them."""
        return cls(**{cell: int(question.values.get(cell, number)) for cell, number in DEFAULT.items()})

    def toggle(self):
        """Show or hide the matrix."""
        shown = len(self.children) > 1
        self._open.description = f"{'Show' if shown else 'Hide'} the confusion matrix behind the numbers"
        if shown:
            self.children = self.children[:1]
            return
        self._count()
        fields = W.Box([self._caught, self._alarms]).add_class("ftl-knobs")
        self.children = (*self.children, W.VBox([self._table, fields]).add_class("ftl-box"))

    def _count(self):
        self._table.value = table(self._caught.value, self.frauds, self._alarms.value, self.honest)


def counted(caught: int, frauds: int, alarms: int, honest: int) -> tuple[dict, dict]:
    """Cells and metrics, counted from labels of that many cases by :mod:`ftlib.measure`.

    >>> counted(12, 100, 12, 4900)[1]
    {'Accuracy': '98.0 %', 'Precision': '50.0 %', 'Recall': '12.0 %'}
    """
    import numpy as np

    from ftlib.measure import accuracy_score, confusion_matrix, precision_score, recall_score

    y_true = np.repeat([1, 0], [frauds, honest])
    y_pred = np.repeat([1, 0, 1, 0], [caught, frauds - caught, alarms, honest - alarms])
    (tn, fp), (fn, tp) = confusion_matrix(y_true, y_pred, labels=[0, 1])
    metrics = {
        "Accuracy": _percent(accuracy_score(y_true, y_pred)),
        "Precision": _percent(precision_score(y_true, y_pred)) if caught + alarms else "not defined",
        "Recall": _percent(recall_score(y_true, y_pred)) if frauds else "not defined",
    }
    return {"tp": tp, "fn": fn, "fp": fp, "tn": tn}, metrics


def _percent(share):
    return f"{100 * share:.1f} %"


def table(caught: int, frauds: int, alarms: int, honest: int) -> str:
    """The matrix and its metrics as an HTML table."""
    cells, metrics = counted(caught, frauds, alarms, honest)
    rows = [("Actually fraud", "tp", "fn"), ("Actually honest", "fp", "tn")]
    body = "".join(
        f'<tr><th scope="row">{name}</th>{_cell(cells[a])}{_cell(cells[b])}</tr>' for name, a, b in rows
    )
    said = " · ".join(f"{name} <strong>{escape(value)}</strong>" for name, value in metrics.items())
    head = '<tr><td></td><th scope="col">Flagged</th><th scope="col">Passed</th></tr>'
    return f'<h3>{frauds + honest:,} transactions</h3><table>{head}{body}</table><p role="status">{said}</p>'


def matrix_text(question) -> str:
    """The matrix behind a question and its metrics as plain text."""
    start = {cell: int(question.values.get(cell, number)) for cell, number in DEFAULT.items()}
    frauds, honest = start["tp"] + start["fn"], start["fp"] + start["tn"]
    cells, metrics = counted(start["tp"], frauds, start["fp"], honest)
    matrix = ", ".join(f"{cell.upper()} {count:,}" for cell, count in cells.items())
    return f"Behind the numbers: {matrix}; {', '.join(f'{n} {v}' for n, v in metrics.items())}."


def _cell(count):
    return f'<td class="num">{count:,}</td>'
