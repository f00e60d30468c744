"""Plays the samples of functions against their binaries, each behind a Lambda Runtime API of its own.

    play_samples.py TESTS BINARIES FUNCTION... -- [RUNNER...]

TESTS is the binary of the crate `tests`: it sets the stage of each sample and judges the answer. BINARIES holds
`<function>/bootstrap`; RUNNER is what runs one, such as an emulator.
"""

import http.server
import json
import pathlib
import subprocess
import sys
import threading
import time

# A process under emulation is slow; one that hangs ends here.
PATIENCE = 60


class RuntimeApi(http.server.ThreadingHTTPServer):
    """The Runtime API (docs: "Lambda runtime API") for one invocation. The second request for an invocation never ends."""

    def __init__(self, event):
        super().__init__(("127.0.0.1", 0), Handler)
        self.event, self.answer, self.answered = event, None, threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        event, self.server.event = self.server.event, None
        if event is None:
            self.server.answered.wait()
            self.close_connection = True
            return
        self.send_response(200)
        for name, value in {
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + PATIENCE) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:sample",
            "Content-Length": str(len(event)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b"".join(iter(self.chunk, b""))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.answer = body
        self.server.answered.set()

    def chunk(self):
        chunk = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return chunk

    def log_message(self, *_):
        pass


def play(tests, command, function, sample):
    """Whether the answer of `command` to `sample` is the recorded one."""
    variables = json.loads(pathlib.Path("env.samples.json").read_text())["Parameters"]
    variables = {name: value.replace("host.docker.internal", "127.0.0.1") for name, value in variables.items()}
    stage = subprocess.Popen([tests, "stage"], stdout=subprocess.PIPE, text=True)
    api = RuntimeApi(sample.read_bytes())
    process = None
    try:
        ready = stage.stdout.readline()
        assert " is set: " in ready, ready
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables
            | {
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
                "AWS_LAMBDA_FUNCTION_NAME": function,
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
            },
        )
        if not api.answered.wait(PATIENCE):
            process.kill()
            print(f"FAILED {sample}: no answer\n{process.stdout.read().decode()}")
            return False
        judged = subprocess.run([tests, "judge", str(sample)], input=api.answer, check=False)
        if judged.returncode:
            print(f"FAILED {sample}: {api.answer.decode()}")
        return judged.returncode == 0
    finally:
        for child in filter(None, (process, stage)):
            child.kill()
            child.wait()
        api.shutdown()


def main():
    split = sys.argv.index("--")
    tests, binaries, *functions = sys.argv[1:split]
    runner = sys.argv[split + 1 :]
    wrong = played = 0
    for function in functions:
        samples = sorted(p for p in pathlib.Path("events", function).glob("*.json") if not p.name.endswith(".expected.json"))
        for sample in samples:
            played += 1
            wrong += not play(tests, [*runner, f"{binaries}/{function}/bootstrap"], function, sample)
    print(f"{played - wrong} of {played} samples are answered as is recorded")
    sys.exit(1 if wrong or not played else 0)


main()
