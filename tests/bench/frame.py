#!/usr/bin/python3
"""The frame of cnn_bench: help, usage errors, JSON, and the choice of cases. No figure is judged.

Usage: frame.py CNN_BENCH"""
import json
import subprocess
import sys


def run(*arguments):
    done = subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, done.stderr


def main():
    failed = []

    def that(condition, what):
        if not condition:
            failed.append(what)

    code, out, err = run("--help")
    that(code == 0 and not err and all(f"  {suite} " in out for suite in ("model", "conv", "gemm", "scaling")), "--help lists the suites")
    for arguments in (["--suite", "none"], ["--rounds", "0"], ["--rounds", "102"], ["--threads", "x"], ["--steps", ""], ["extra"]):
        code, out, err = run(*arguments)
        that(code == 2 and not out and err.count("\n") == 1 and err.startswith("cnn_bench: "), f"usage error {arguments}")
    code, out, err = run("--rounds", "2", "--steps", "1", "--only", "training", "--threads", "1", "--json")
    report = json.loads(out)
    that(code == 0 and not err, "a run of one group")
    that((report["suite"], report["threads"], report["rounds"]) == ("model", 1, 2), "what was asked for stands in the report")
    figure = report["train_images_per_second"]
    that(0 < figure["min"] <= figure["median"] <= figure["max"], "median between minimum and maximum")
    that("infer_latency_us" not in report and "layers" not in report, "--only leaves the others out")
    code, out, err = run("--suite", "scaling", "--rounds", "1", "--steps", "1", "--only", "batch 4", "--json")
    that([row["name"] for row in json.loads(out)["batch"]] == ["4"], "--only chooses a case of a table")
    print("\n".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
