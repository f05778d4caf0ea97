"""Reads reports of the test runner.

tally.py files REPORT             the files in which something failed, one a line
tally.py count REPORT [AGAIN]     "PASSED FAILED", then a line "failed NAME" or "again NAME" for each test of note

AGAIN is a report of a second run of only those files: it counts for them instead of the first. What failed first and
passed then is told as "again", so that it is counted as passed and yet seen.
"""

import json
import os
import sys


def read(path):
    with open(path, encoding="utf-8") as report:
        return {os.path.relpath(file["name"]): file for file in json.load(report)["testResults"]}


def failures(file):
    """Names of what failed in a file, with the beginning of why; the file itself when it failed outside its tests."""
    found = {
        test["fullName"]: " ".join(test["failureMessages"])
        for test in file["assertionResults"]
        if test["status"] == "failed"
    }
    if not found and file["status"] == "failed":
        found["the file itself"] = file.get("message", "")
    return {name: " ".join(why.split())[:600] for name, why in found.items()}


def main(command, first, second=None):
    files = read(first)
    if command == "files":
        print("\n".join(name for name, file in files.items() if failures(file)))
        return
    again = read(second) if second and os.path.exists(second) else {}
    passed, failed, lines = 0, 0, []
    for name, file in files.items():
        before = failures(file)
        # A second run that skips what failed proves nothing.
        ran = again.get(name) if before else None
        if ran and any(test["status"] == "passed" for test in ran["assertionResults"]):
            file = ran
        now = failures(file)
        passed += sum(test["status"] == "passed" for test in file["assertionResults"])
        failed += len(now)
        lines += [f"failed {name} | {test} | {why}" for test, why in now.items()]
        lines += [f"again {name} | {test} | {why}" for test, why in before.items() if test not in now]
    print(passed, failed)
    print("\n".join(lines))


main(*sys.argv[1:])
