#!/usr/bin/python3
"""Every line of C in docs/coming-from-keras.md compiles against the public headers: what stands in the right column in backticks and is a
statement, or a call of an options macro.

Usage: keras_page.py SOURCE_ROOT CC"""
import pathlib
import re
import subprocess
import sys
import tempfile

VARIABLES = """#include <cnn/cnn.h>
#include <cnn/export.h>
#include <cnn/extend.h>
#include <cnn/keras.h>
double schedule(void *user, int64_t epoch, double rate);
void page(cnn_context *ctx, cnn_model *m, cnn_dataset *train, cnn_dataset *test, cnn_dataset *validation, cnn_tensor *x, cnn_tensor *y,
          cnn_tensor *rows, cnn_tensor *labels, cnn_augmenter *augmenter, cnn_optimizer *optimizer, cnn_loss *loss, cnn_metric *metric,
          cnn_callback *callback, cnn_history *history, cnn_logs *logs, cnn_logs *figures, cnn_report *report, cnn_batch_source source,
          cnn_batch batch, cnn_layer_descriptor descriptor, cnn_callback_functions functions, cnn_schedule *decay, cnn_objective_descriptor objective, double value);
void page(cnn_context *ctx, cnn_model *m, cnn_dataset *train, cnn_dataset *test, cnn_dataset *validation, cnn_tensor *x, cnn_tensor *y,
          cnn_tensor *rows, cnn_tensor *labels, cnn_augmenter *augmenter, cnn_optimizer *optimizer, cnn_loss *loss, cnn_metric *metric,
          cnn_callback *callback, cnn_history *history, cnn_logs *logs, cnn_logs *figures, cnn_report *report, cnn_batch_source source,
          cnn_batch batch, cnn_layer_descriptor descriptor, cnn_callback_functions functions, cnn_schedule *decay, cnn_objective_descriptor objective, double value) {
"""
CODE = re.compile(r"`([^`]+)`")
CALL = re.compile(r"cnn_\w+\(")


def statements(text):
    """(line, statement) of all C: in rows of tables what follows the first column, elsewhere what begins as a call."""
    for number, line in enumerate(text.split("\n"), 1):
        place = line.split(" | ", 1)[1] if line.startswith("| ") and " | " in line else line
        for code in CODE.findall(place):
            if CALL.match(code):
                yield number, code if code.endswith(";") else f"(void){code};"


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    root, page = pathlib.Path(sys.argv[1]), "docs/coming-from-keras.md"
    found = list(statements((root / page).read_text(encoding="utf-8")))
    source = VARIABLES + "".join(f'#line {number} "{page}"\n{{ {code} }}\n' for number, code in found) + "}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "page.c"
        path.write_text(source, encoding="utf-8")
        done = subprocess.run(sys.argv[2].split() + ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-result",
                                                     "-Wno-unused-parameter", "-Wno-unused-value", "-fsyntax-only", f"-I{root / 'include'}", str(path)],
                              capture_output=True, text=True)
    print(done.stderr, end="")
    if len(found) < 40:
        print(f"{page}: only {len(found)} lines of C found")
    return 1 if done.returncode or len(found) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
