// CPU time of @wecom/crypto, in nanoseconds, for the request in a file: `node measure.mjs FILE`, below a folder that has the package.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { decrypt, encrypt, getSignature } = createRequire(join(process.cwd(), 'index.js'))('@wecom/crypto');
const r = JSON.parse(readFileSync(process.argv[2], 'utf8'));

function open() {
  if (getSignature(r.token, r.timestamp, r.nonce, r.encrypt) !== r.msg_signature) throw new Error('the signature');
  return decrypt(r.encoding_aes_key, r.encrypt).message;
}

function seal() {
  const sealed = encrypt(r.encoding_aes_key, r.message, r.receive_id);
  return [sealed, getSignature(r.token, r.timestamp, r.nonce, sealed)];
}

function time(operation) {
  const run = (microseconds) => {
    const started = process.cpuUsage();
    for (let times = 1; ; times += 1) {
      operation();
      const { user, system } = process.cpuUsage(started);
      if (user + system >= microseconds) return ((user + system) * 1000) / times;
    }
  };
  run(200_000); // until the compiler has seen it
  return run(100_000);
}

if (open() !== r.message) throw new Error('the message');
console.log(JSON.stringify({ '@wecom/crypto': { open: time(open), seal: time(seal) } }));
