"""Run every measurement of this folder, one after the other, on an otherwise idle machine.

    python benchmarks/run_all.py            # all (about an hour on two cores)
    python benchmarks/run_all.py speed      # those whose name contains a word

Each writes its table to benchmarks/results/. Nothing here is a test: tests never assert wall-clock time.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RECORDERS = ("record_",)  # these make data for the lessons; run them by hand


def scripts(words: list[str]) -> list[Path]:
    """The measuring scripts, or those whose name contains one of ``words``."""
    every = [p for p in sorted(HERE.glob("*.py")) if p != Path(__file__) and not p.name.startswith(RECORDERS)]
    return [p for p in every if not words or any(word in p.stem for word in words)]


def main() -> int:
    """Run them all, even if one fails; the exit status is the number of failures."""
    failed = []
    for script in scripts(sys.argv[1:]):
        print(f"\n== {script.name}", flush=True)
        if subprocess.run([sys.executable, "-W", "ignore", str(script)], check=False).returncode:
            failed.append(script.name)
    print(f"\n{'all done' if not failed else 'failed: ' + ', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
