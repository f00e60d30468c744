// The callback's domain: the platform's, or one of the corporation's own, which WeCom asks for where it checks who owns it.

import { problemWords } from '../codes.js';
import { h, show } from '../dom.js';
import { t } from '../i18n.js';
import { guideLink } from './guide.js';
import { button, field, message, whileBusy, wordsMessage } from './parts.js';

export function domainForm(ctx, id) {
  const input = ctx.drafts.field(`domain.${id}`, () => h('input', {
    type: 'url', name: 'callback_base_url', autocomplete: 'off', spellcheck: 'false', inputmode: 'url', maxlength: '255',
  }));
  const entry = field({
    id: `domain-${id}`, label: t('steps.domain.label'), input, hint: t('steps.domain.hint'), guide: guideLink(ctx, 'callback-domain'),
  });
  input.placeholder = 'https://wecom-callback.example.com';
  input.onfocus = () => ctx.guide.suggest('callback-domain');
  input.oninput = entry.calm;
  const save = button(t('steps.domain.save'), { kind: 'secondary', type: 'submit' });
  const reset = button(t('steps.domain.reset'), { kind: 'plain', onClick: () => send(reset, null) });
  const now = h('p', { class: 'note' });
  const result = h('div', {});
  const element = h('form', { class: 'domain-form', novalidate: true, on: { submit: submit } }, now, entry.element, h('div', { class: 'actions' }, save, reset), result);

  function submit(event) {
    event.preventDefault();
    const url = asBaseUrl(input.value);
    if (!url) {
      entry.complain(t('steps.fault.url'));
      input.focus();
      return;
    }
    send(save, url);
  }

  async function send(pressed, url) {
    await whileBusy(pressed, t('steps.domain.saving'), async () => {
      try {
        await ctx.api.updateSettings({ callback_base_url: url });
        input.value = '';
        await ctx.store.refresh({ fresh: true });
        show(result, [Date.now()], () => message('ok', url ? t('steps.domain.saved') : t('steps.domain.resetDone'), h('p', {}, t('steps.domain.next')), { alert: true }));
      } catch (problem) {
        show(result, [Date.now()], () => wordsMessage('bad', problemWords(problem, 'settings'), { code: problem.code, small: [problem.requestId], alert: true }));
      }
    });
  }

  return {
    element,
    update({ settings }) {
      const own = settings.callback_base_url;
      now.textContent = own ? t('steps.domain.own', { url: own }) : t('steps.domain.platform');
      reset.hidden = !own;
    },
  };
}

/** The origin that the admin means, with https where the scheme was left out; null if it is none. */
export function asBaseUrl(text) {
  const typed = text.trim();
  if (!typed || /\s/.test(typed)) return null;
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`);
    const plain = url.pathname === '/' && !url.search && !url.hash && !url.username;
    return plain && !url.port && url.hostname.includes('.') && url.protocol === 'https:' ? url.origin : null;
  } catch {
    return null;
  }
}
