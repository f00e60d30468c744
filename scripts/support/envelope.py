"""Signs and encrypts as WeCom does, with OpenSSL: nothing of the product's own judges the product."""

import base64
import hashlib
import secrets
import struct
import subprocess
import time
import urllib.parse


def sealed(encoding_aes_key, receive_id, message):
    """random(16) length(4) message receiveid, padded to 32, AES-256-CBC with the first half of the key as IV (document 90968)."""
    key = base64.b64decode(encoding_aes_key + "=")
    plain = secrets.token_bytes(16) + struct.pack(">I", len(message)) + message + receive_id.encode()
    padding = 32 - len(plain) % 32
    plain += bytes([padding]) * padding
    command = ["openssl", "enc", "-aes-256-cbc", "-nopad", "-K", key.hex(), "-iv", key[:16].hex()]
    return base64.b64encode(subprocess.run(command, input=plain, capture_output=True, check=True).stdout).decode()


def signed(token, encrypted, echostr=False):
    """The query of a request: signature, time, nonce, and the ciphertext itself for the check of a URL."""
    timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**9))
    signature = hashlib.sha1("".join(sorted([token, timestamp, nonce, encrypted])).encode()).hexdigest()
    query = {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}
    if echostr:
        query["echostr"] = encrypted
    return urllib.parse.urlencode(query)
