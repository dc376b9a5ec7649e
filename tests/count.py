#!/usr/bin/python3
"""Count checks in meson's testlog.json: "PASSED FAILED" on one line.

A Check program counts for as many tests as its closing line says ("100%: Checks: 12, Failures: 0, Errors: 0"),
any other test for one. A test that was skipped counts for none."""
import json
import re
import sys

CLOSING = re.compile(r"(\d+)%: Checks: (\d+), Failures: (\d+), Errors: (\d+)")


def main():
    if "--help" in sys.argv or len(sys.argv) != 2:
        print(__doc__.strip() + "\n\nUsage: count.py meson-logs/testlog.json")
        return 0 if "--help" in sys.argv else 2
    passed = failed = 0
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            if test["result"] == "SKIP":
                continue
            closings = CLOSING.findall(test.get("stdout") or "")
            checks = sum(int(c[1]) for c in closings)
            wrong = sum(int(c[2]) + int(c[3]) for c in closings)
            good = test["result"] in ("OK", "EXPECTEDFAIL")
            if not closings:
                checks, wrong = 1, 0 if good else 1
            elif not good and not wrong:  # crashed or timed out outside a check
                checks, wrong = checks + 1, 1
            passed += checks - wrong
            failed += wrong
    print(passed, failed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
