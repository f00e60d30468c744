"""Exports bindings: export_bindings.py STACK FILE --recipient age1... [--tenant T]... [--region REGION] [--report FILE].

Prints what is left out, and the number of bindings; the report has every line of it. Ends with 1 if a whole binding is left out.
"""

import argparse
import json
import os
import sys

import boto3
import botocore.config


def pages(client, function, request):
    while True:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(request).encode())
        page = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            sys.exit(f"{function}: {page.get('errorType')}: {page.get('errorMessage')}")
        yield page
        if page["next_cursor"] is None:
            return
        request["cursor"] = page["next_cursor"]


def write(name, sealed):
    """A file of another export would be mixed in, so there must be none."""
    try:
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        sys.exit(f"{name} is there already: remove the files of the export before")
    with os.fdopen(file, "w") as page:
        page.write(sealed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stack")
    parser.add_argument("file")
    parser.add_argument("--recipient", required=True)
    parser.add_argument("--tenant", action="append")
    parser.add_argument("--region")
    parser.add_argument("--report", type=argparse.FileType("w", encoding="utf-8"))
    arguments = parser.parse_args()
    # An invocation lasts up to two minutes, and is not repeated behind our back: each has its entries in the audit trails.
    config = botocore.config.Config(read_timeout=130, retries={"total_max_attempts": 1})
    client = boto3.client("lambda", region_name=arguments.region, config=config)
    caller = boto3.client("sts", region_name=arguments.region).get_caller_identity()["Arn"]
    request = {"recipient": arguments.recipient, "exported_by": caller}
    if arguments.tenant:
        request["tenants"] = arguments.tenant
    files = exported = parts = missing = 0
    for page in pages(client, f"{arguments.stack}-export-bindings", request):
        if page["sealed"] is not None:
            files += 1
            write(f"{arguments.file}.{files:03}.age", page["sealed"])
        exported += page["exported"]
        for part in page["left_out"]:
            if arguments.report:
                print(json.dumps(part), file=arguments.report, flush=True)
            print("left out:", *(part.get(name, "") for name in ("tenant_id", "binding_id", "code", "field")))
            parts += "field" in part
            missing += "field" not in part
    print(f"exported {exported} in {files} files, left out {missing} bindings and {parts} parts of others")
    sys.exit(1 if missing else 0)


main()
