"""Imports bindings of another platform: import_bindings.py STACK FILE [--region REGION] [--dry-run] [--report FILE].

Prints each line that is not there afterwards, and the number of lines by outcome; the report has every line. Ends with 1 unless every line
is there (or, of a dry run, could be).
"""

import argparse
import collections
import json
import sys

import boto3
import botocore.config

# Lambda takes 6 MB.
MOST_LINES, MOST_BYTES = 100, 4 * 1024 * 1024
# The function refuses a longer line. It is not sent, because Lambda may not take it at all.
MOST_LINE_BYTES = 1024 * 1024
GOOD = {"imported", "already", "importable"}
# An invocation had no time for its last lines, which the next one takes.
NOT_BEGUN = "not_begun"


def batches(lines):
    """The lines with their numbers, in parts that one invocation takes."""
    batch, size = [], 0
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line:
            continue
        # JSON in JSON has more characters.
        length = len(json.dumps(line, ensure_ascii=False).encode())
        if batch and (len(batch) == MOST_LINES or size + length > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((number, line))
        size += length
    if batch:
        yield batch


def is_too_long(line):
    return len(line.encode()) > MOST_LINE_BYTES


def invoke(client, function, batch, dry_run):
    payload = json.dumps({"lines": [line for _, line in batch], "dry_run": dry_run}, ensure_ascii=False)
    answer = client.invoke(FunctionName=function, Payload=payload.encode())
    report = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        sys.exit(f"{function}: {report.get('errorType')}: {report.get('errorMessage')}")
    return report["lines"]


def outcomes(client, function, batch, dry_run):
    """The outcome of each line of a batch, with its number in the file."""
    for number, line in batch:
        if is_too_long(line):
            yield {"line": number, "outcome": "refused", "code": "line_too_long"}
    batch = [(number, line) for number, line in batch if not is_too_long(line)]
    while batch:
        reports = invoke(client, function, batch, dry_run)
        left = [line for line, report in zip(batch, reports, strict=True) if report["outcome"] == NOT_BEGUN]
        if len(left) == len(batch):
            left = []
        for (number, _), report in zip(batch, reports, strict=True):
            if report["outcome"] != NOT_BEGUN or not left:
                yield {**report, "line": number}
        batch = left


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stack")
    parser.add_argument("file", type=argparse.FileType(encoding="utf-8"))
    parser.add_argument("--region")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--report", type=argparse.FileType("w", encoding="utf-8"))
    arguments = parser.parse_args()
    # An invocation lasts up to 90 seconds, and is not repeated behind our back.
    config = botocore.config.Config(read_timeout=100, retries={"total_max_attempts": 1})
    client = boto3.client("lambda", region_name=arguments.region, config=config)
    counts = collections.Counter()
    for batch in batches(arguments.file):
        for report in outcomes(client, f"{arguments.stack}-import-bindings", batch, arguments.dry_run):
            counts[report["outcome"]] += 1
            if arguments.report:
                print(json.dumps(report), file=arguments.report, flush=True)
            if report["outcome"] not in GOOD:
                print("line", report["line"], *(report.get(name, "") for name in ("outcome", "code", "field", "tenant_id")))
    print(", ".join(f"{outcome} {lines}" for outcome, lines in sorted(counts.items())) or "nothing to import")
    sys.exit(0 if set(counts) <= GOOD else 1)


main()
