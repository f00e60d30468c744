'use strict';
const values = document.getElementById('values');
const status = document.getElementById('status');
const left = document.getElementById('left');
const expires = Date.parse(values.dataset.expires);
const REASONS = {
  signature_mismatch: ['Token 不一致，请重新复制', 'The Token differs: copy it again'],
  decryption_failed: ['EncodingAESKey 不一致，请重新复制', 'The EncodingAESKey differs: copy it again'],
  receive_id_mismatch: ['这是另一家企业的管理后台', 'This is another company’s console'],
  url_cut_off: ['URL 不完整，请重新复制', 'The URL is incomplete: copy it again'],
  malformed: ['请求不完整，请重新复制 URL', 'The request is incomplete: copy the URL again'],
};

function say(element, zh, en, tone) {
  const line = document.createElement('p');
  const first = document.createElement('strong');
  first.textContent = zh;
  const second = document.createElement('span');
  second.lang = 'en';
  second.textContent = en;
  line.append(first, second);
  element.className = `status ${tone}`;
  element.replaceChildren(line);
}

function label(button, text) {
  button.textContent = text;
  button.setAttribute('aria-label', `${text} ${button.dataset.name}`);
}

async function copy(button) {
  const code = button.parentElement.querySelector('code');
  let copied = false;
  try {
    await navigator.clipboard.writeText(code.textContent);
    copied = true;
  } catch {
    getSelection().selectAllChildren(code);
    copied = document.execCommand('copy');
  }
  if (!copied) return;
  label(button, '已复制 Copied');
  setTimeout(() => label(button, '复制 Copy'), 2000);
}

let shown = '';
let over = false;

function end() {
  over = true;
  values.remove();
  left.remove();
  say(status, '链接已失效', 'This link is no longer valid', '');
}

function show({ status: state, last_rejection: rejection }) {
  const now = JSON.stringify([state, rejection]);
  if (now === shown) return;
  shown = now;
  if (state === 'verified') {
    say(status, '企业微信已验证，完成了', 'WeCom has checked the URL: done', 'ok');
  } else if (rejection) {
    const [zh, en] = REASONS[rejection.reason] ?? REASONS.malformed;
    const at = new Date(rejection.at).toLocaleTimeString();
    say(status, `${at} ${zh}`, `${at} ${en}`, 'warn');
  } else {
    say(status, '等待企业微信验证…', 'Waiting for WeCom to check the URL…', '');
  }
}

async function ask() {
  if (over) return;
  if (!document.hidden) {
    try {
      const answer = await fetch(`${location.pathname.replace(/\/+$/, '')}/status`, { cache: 'no-store' });
      if (answer.ok) show(await answer.json());
      else if (answer.status === 410 || answer.status === 404) end();
    } catch {
      // Out of reach for a moment; the next question follows.
    }
  }
  setTimeout(ask, 5000);
}

function tick() {
  if (over) return;
  const seconds = Math.ceil((expires - Date.now()) / 1000);
  if (seconds <= 0) {
    end();
    return;
  }
  const minutes = Math.ceil(seconds / 60);
  left.textContent = `本页还能使用 ${minutes} 分钟。 This page works for another ${minutes} min.`;
  setTimeout(tick, 1000);
}

for (const button of document.querySelectorAll('button[data-name]')) {
  label(button, '复制 Copy');
  button.addEventListener('click', () => void copy(button));
}
tick();
void ask();
