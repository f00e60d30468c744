"""CPU time of wechatpy, in nanoseconds, for the request in a file: measure.py FILE."""

import json
import sys
import time

from wechatpy.enterprise.crypto import WeChatCrypto

request = json.load(open(sys.argv[1], encoding="utf-8"))
crypto = WeChatCrypto(request["token"], request["encoding_aes_key"], request["receive_id"])
signed = request["msg_signature"], request["timestamp"], request["nonce"]


def read():
    return crypto.decrypt_message(request["body"], *signed)


def seal():
    return crypto.encrypt_message(request["message"], request["nonce"], request["timestamp"])


def cpu_ns(operation):
    started, times = time.process_time_ns(), 0
    while True:
        operation()
        times += 1
        spent = time.process_time_ns() - started
        if spent >= 50_000_000:
            return spent / times


message = read()
if (message if isinstance(message, str) else message.decode()) != request["message"]:
    sys.exit("the message")
print(json.dumps({"wechatpy": {"read": cpu_ns(read), "seal": cpu_ns(seal)}}))
