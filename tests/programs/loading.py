#!/usr/bin/python3
"""Loading libcnn and making a context start no thread, write nothing and leave the locale, the environment and signals alone."""
import ctypes
import locale
import os
import signal

from support import BUILD, Checks, SANITIZED


def threads():
    return len(os.listdir("/proc/self/task"))


def main():
    checks = Checks()
    if SANITIZED:  # a sanitized library cannot be loaded into Python
        checks.that(True, "skipped")
        checks.close()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.pop(variable, None)
    before = threads()
    environment, place = dict(os.environ), locale.setlocale(locale.LC_ALL)
    handlers = [signal.getsignal(n) for n in range(1, 32) if n not in (signal.SIGKILL, signal.SIGSTOP)]
    library = ctypes.CDLL(str(BUILD / "lib" / "libcnn.so.0"))
    checks.equal(threads(), before, "loading starts no thread")
    context = ctypes.c_void_p()
    checks.equal(library.cnn_context_new(ctypes.byref(context), None), 0, "a context is made")
    checks.equal(threads(), before, "a context starts no thread")
    library.cnn_context_free(context)
    checks.equal(dict(os.environ), environment, "the environment is as it was")
    checks.equal(locale.setlocale(locale.LC_ALL), place, "the locale is as it was")
    checks.equal([signal.getsignal(n) for n in range(1, 32) if n not in (signal.SIGKILL, signal.SIGSTOP)], handlers,
                 "signal handlers are as they were")
    checks.close()


main()
