"""Says whether what a function answered to a sample event is an answer: `sam local invoke` succeeds either way."""

import json
import sys

function, event, path = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    text = file.read().strip()
try:
    answer = json.loads(text)
except ValueError:
    sys.exit(f"FAILED {function} {event}: answered {text[:200]!r}")

if "statusCode" in answer:
    # A sample may be refused, but not because something is broken or missing.
    good = answer["statusCode"] < 500
    shown = answer["statusCode"]
elif "batchItemFailures" in answer:
    good = answer["batchItemFailures"] == []
    shown = "every change taken"
else:
    # A function that is invoked hands its refusals on as errors: a code of ours is an answer, Lambda's own is none.
    broken = {"internal_error", "temporarily_unavailable", "malformed_request"}
    code = answer.get("errorType")
    good = code is None or (code == code.lower() and code not in broken)
    shown = code or "answered"
print(f"{'ok    ' if good else 'FAILED'} {function} {event}: {shown}")
sys.exit(0 if good else 1)
