"""Plays scripts/redrive against a local server that has stored events: redrive_test.py LOCAL_JSON."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import boto3

SCRIPT = pathlib.Path(__file__).parents[1] / "redrive"
local = json.loads(pathlib.Path(sys.argv[1]).read_text())
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": local["aws_endpoint_url"],
    "AWS_ENDPOINT_URL_LAMBDA": local["base_url"],
}
os.environ |= ENVIRONMENT
sqs, streams = boto3.client("sqs"), boto3.client("dynamodbstreams")


def first(table, is_wanted):
    """Stream, shard and record of the first new item of a table that is wanted."""
    stream = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    return stream, shard, next(record for record in records if is_wanted(record["dynamodb"].get("NewImage", {})))


def events_after(position):
    """What the bus has had since then, as `Last-Event-ID` gives it again, up to the first event of WeCom's."""
    request = urllib.request.Request(local["bus_url"], headers={"Last-Event-ID": str(position)})
    with urllib.request.urlopen(request, timeout=30) as stream:
        number = None
        for line in stream:
            field, _, value = line.decode().partition(":")
            if field == "id":
                number = int(value)
            if field == "data" and json.loads(value)["detail-type"] == "wecom.event":
                return number, json.loads(value)["detail"]


def redrive(queue_url, function="publish-events"):
    command = [SCRIPT, "local", "--queue-url", queue_url, "--function", function]
    run = subprocess.run(command, capture_output=True, text=True)
    print(run.stdout + run.stderr, end="")
    return run


def main():
    # The first event of WeCom's.
    stream, shard, record = first("wecom-events", lambda item: item["source"]["S"] == "callback")
    number = record["dynamodb"]["SequenceNumber"]
    event_id = record["dynamodb"]["Keys"]["event_id"]["S"]
    position, published = events_after(0)
    assert published["event_id"] == event_id, published
    queue_url = sqs.create_queue(QueueName="letters")["QueueUrl"]

    def letter(shard, stream=stream, number=number):
        batch = {"streamArn": stream, "shardId": shard, "startSequenceNumber": number, "endSequenceNumber": number, "batchSize": 1}
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps({"DDBStreamBatchInfo": batch}))

    letter(shard)
    run = redrive(queue_url)
    assert run.returncode == 0 and run.stdout.endswith("1 letters done, 0 kept\n"), run
    _, again = events_after(position)
    assert again == published, again
    assert redrive(queue_url).stdout == "0 letters done, 0 kept\n"

    # A suite's event, which may be acted on again.
    stream, ticket_shard, record = first("wecom-authorization", lambda item: item.get("event", {}).get("S") == "suite_ticket")
    letter(ticket_shard, stream, record["dynamodb"]["SequenceNumber"])
    run = redrive(queue_url, "process-suite-event")
    assert run.returncode == 0 and run.stdout.endswith("1 letters done, 0 kept\n"), run

    letter("shardId-00000000000000000000-00000000")
    sqs.send_message(QueueUrl=queue_url, MessageBody='{"another": "letter"}')
    run = redrive(queue_url)
    assert run.returncode == 1 and run.stdout.endswith("0 letters done, 2 kept\n"), run


main()
