"""In a notebook every plot is shown, not only the first: a style context must not switch the display off."""

from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook


def test_each_of_three_plots_is_shown():
    sources = [
        "from ftlib import measure",
        "measure.plot_confusion_matrix([[3, 1], [2, 4]]);",
        "measure.plot_pr([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]);",
        "measure.plot_confusion_matrix([[3, 1], [2, 4]]);",
    ]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    shown = [sum("image/png" in out.get("data", {}) for out in cell.outputs) for cell in notebook.cells]
    assert shown == [0, 1, 1, 1]
