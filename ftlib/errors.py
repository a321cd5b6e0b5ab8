"""Every error that ftlib raises on purpose, drawn as a tree.

::

    FtlibError
    ├── InputError (also ValueError)   an argument or a file that cannot be used
    │   ├── DataError                  images, folders, splits
    │   ├── ModelError                 unknown model, no head, a stage that is not there
    │   ├── BankError                  a question bank with a fault
    │   └── SubmissionError            a submission file that cannot be graded
    ├── OfflineError                   something must be downloaded and cannot be
    └── StoreError                     the progress file is damaged, foreign or newer

Each message says what came, what was expected and what to try.
"""


class FtlibError(Exception):
    """Root of the tree: ``except FtlibError`` catches all that ftlib raises on purpose."""


class InputError(FtlibError, ValueError):
    """An argument or a file that cannot be used."""


class DataError(InputError):
    """Images, folders or splits that cannot be used."""


class ModelError(InputError):
    """A model that is unknown, has no head to be found, or lacks the stage asked for."""


class BankError(InputError):
    """A question bank with a fault; the message names file, question and field."""


class SubmissionError(InputError):
    """A submission file that cannot be graded."""


class OfflineError(FtlibError):
    """Something must be downloaded and cannot be."""


class StoreError(FtlibError):
    """The progress file is damaged, foreign or written by a newer ftlib."""
