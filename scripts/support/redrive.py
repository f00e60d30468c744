"""Hands dead letters of a function that reads a table's stream to it again: redrive.py STACK [--queue QUEUE] [--region REGION].

A letter has a position in a stream, not the changes: shard, first and last sequence number. They are read there and the function is
invoked with them as Lambda would. A stream keeps changes for 24 hours; a letter that is older, or whose changes fail again, stays.
"""

import argparse
import base64
import json
import sys

import boto3
import botocore.exceptions


def letters(sqs, queue_url):
    """Receives what is in the queue. What is not deleted comes again after its visibility timeout, not in this run."""
    seen = set()
    while True:
        messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        new = [message for message in messages if message["MessageId"] not in seen]
        if not new:
            return
        seen.update(message["MessageId"] for message in new)
        yield from new


# An open shard has no end, and a page of one may be empty although there is more.
EMPTY_PAGES = 20


def changes(streams, position):
    """The records from the first to the last of a letter."""
    iterator = streams.get_shard_iterator(
        StreamArn=position["streamArn"],
        ShardId=position["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=position["startSequenceNumber"],
    )["ShardIterator"]
    last = int(position["endSequenceNumber"])
    empty = 0
    while iterator and empty < EMPTY_PAGES:
        page = streams.get_records(ShardIterator=iterator)
        empty = 0 if page["Records"] else empty + 1
        for record in page["Records"]:
            if int(record["dynamodb"]["SequenceNumber"]) > last:
                return
            yield record
            if int(record["dynamodb"]["SequenceNumber"]) == last:
                return
        iterator = page.get("NextShardIterator")


def as_lambda(value):
    """A record of the streams' API in the form in which Lambda hands it on."""
    if isinstance(value, dict):
        return {name: as_lambda(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_lambda(inner) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.timestamp() if hasattr(value, "timestamp") else value


def hand_in(client, function, records):
    """Invokes the function. Returns what went wrong, if anything. Without the shard, so that nothing is counted a second time."""
    payload = json.dumps({"Records": as_lambda(records)})
    answer = client.invoke(FunctionName=function, Payload=payload.encode())
    result = json.loads(answer["Payload"].read() or "null")
    if answer.get("FunctionError"):
        return f"the function failed: {result}"
    failures = result.get("batchItemFailures", [])
    return f"{len(failures)} of {len(records)} changes failed again" if failures else None


# Each queue of dead letters of a stream, and the function whose they are.
QUEUES = {"EventDeadLetters": "publish-events", "SuiteEventDeadLetters": "process-suite-event"}


def main():
    parser = argparse.ArgumentParser(description="Hands dead letters of a function that reads a table's stream to it again.")
    parser.add_argument("stack", help="name of the stack")
    parser.add_argument("--region")
    parser.add_argument("--queue", choices=QUEUES, default="EventDeadLetters", help="EventDeadLetters by default")
    parser.add_argument("--queue-url", help="instead of the stack's queue")
    parser.add_argument("--function", help="instead of the stack's function")
    arguments = parser.parse_args()
    session = boto3.Session(region_name=arguments.region)
    sqs, streams, functions = (session.client(service) for service in ("sqs", "dynamodbstreams", "lambda"))
    queue_url = arguments.queue_url
    if not queue_url:
        names = {"StackName": arguments.stack, "LogicalResourceId": arguments.queue}
        resource = session.client("cloudformation").describe_stack_resource(**names)
        queue_url = resource["StackResourceDetail"]["PhysicalResourceId"]
    function = arguments.function or f"{arguments.stack}-{QUEUES[arguments.queue]}"
    done, kept = 0, 0
    for letter in letters(sqs, queue_url):
        position = json.loads(letter["Body"]).get("DDBStreamBatchInfo")
        where = letter["MessageId"]
        if not position:
            problem = "not a letter about a table's stream"
        else:
            where = f"{position['shardId']}, {position['startSequenceNumber']}"
            try:
                records = list(changes(streams, position))
                if records:
                    # Lambda's limit for an invocation is 6 MB: one by one they always fit.
                    one_by_one = [hand_in(functions, function, [record]) for record in records]
                    problem = next((problem for problem in one_by_one if problem), None)
                else:
                    problem = "the stream no longer has its changes"
            except botocore.exceptions.ClientError as error:
                problem = error.response["Error"]["Code"]
        if problem:
            kept += 1
            print(f"kept     {where}: {problem}")
        else:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=letter["ReceiptHandle"])
            done += 1
            print(f"done     {where}: {len(records)} changes")
    print(f"{done} letters done, {kept} kept")
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main())
