"""python3 -m cnn: what the package does from the command line."""
from __future__ import annotations

import argparse
import os
import sys
from typing import Optional, Sequence

import cnn

DONE, FAILED, BAD_FILE, INCOMPLETE = 0, 1, 3, 4  # 2, a usage error, is argparse's own

PLOT = """\
Write index.html into the output folder of a run of mnist_train: run and results on one page that needs nothing else."""

STATUSES = """\
Exit status: 0 done; 1 run-time failure; 2 usage error; 3 REPORT_DIR is no output folder of mnist_train, or damaged;
4 the page is written, but pictures are missing: standard error says which and why."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line; returns the exit status."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python3 -m cnn", description="libcnn from the command line.",
                                     epilog=STATUSES, formatter_class=raw)
    parser.add_argument("-V", "--version", action="store_true",
                        help="print versions and where the library was found, and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    plot = commands.add_parser("plot", help="draw a run of mnist_train and write its page", description=PLOT,
                               epilog=STATUSES, formatter_class=raw)
    plot.add_argument("folder", metavar="REPORT_DIR", help="the folder that mnist_train wrote to (--output)")
    plot.add_argument("-d", "--data", metavar="PLACE",
                      help="folder of the IDX files, or an .npz (default: the place that report.json names)")
    plot.set_defaults(run=_plot)
    given = parser.parse_args(arguments)
    if given.version:
        print(f"cnn {cnn.__version__} ({cnn.library_path})\n{cnn.build_info()}")
        return DONE
    if not hasattr(given, "run"):
        parser.error("a command is needed: plot")
    status: int = given.run(given)
    return status


def _plot(given: argparse.Namespace) -> int:
    from . import page
    try:
        notes = page.write(given.folder, data=given.data, processes=len(os.sched_getaffinity(0)))
        print(f"Page of the run: {given.folder}/{page.NAME}")
    except page.ResultsError as error:
        return _complain(str(error), BAD_FILE)
    except OSError as error:
        return _complain(f"{error.filename}: {error.strerror}", FAILED)
    for note in notes:
        _complain(note, INCOMPLETE)
    return INCOMPLETE if notes else DONE


def _complain(text: str, status: int) -> int:
    """Said on standard error, on one line, whatever names of files hold."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    print(f"python3 -m cnn plot: {line}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
