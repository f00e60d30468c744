// A corporation scanned the QR code: is it ours? Nothing of it is used before the admin has said so.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { lines, Question } from './confirm.js';
import { button, facts, message, time, useBusy } from './parts.js';

/** @import { State } from '../types.js' */

/** @param {{ state: State, onFailure: (problem: Problem | null) => void }} props */
export function ConfirmCorporation({ state, onFailure }) {
  const { api, forget, store } = useShared();
  const [asked, ask] = useState(/** @type {'confirm' | 'refuse' | null} */ (null));
  const [isBusy, run] = useBusy();
  const { corp_name: name, corp_id: id, installed_at: at } = state.installation;
  const corp = name ?? id ?? '';

  /** @param {() => Promise<unknown>} call */
  async function answer(call) {
    onFailure(null);
    try {
      await call();
    } catch (thrown) {
      onFailure(Problem.of(thrown));
    }
    return store.refresh({ fresh: true });
  }

  const confirm = () => answer(() => api.confirmInstallation(id ?? ''));
  const refuse = () =>
    answer(async () => {
      await api.disconnect();
      forget();
    });

  return [
    message('warn', t('steps.confirm.title', { corp }), h('p', null, t('steps.confirm.lead'))),
    facts([
      [t('steps.install.corp'), h('strong', null, corp)],
      [t('steps.confirm.at'), at && time(at)],
      [t('steps.install.encryptedId'), id && h('code', null, id)],
    ]),
    h(
      'div',
      { class: 'actions' },
      button(t('steps.confirm.yes'), {
        kind: 'primary',
        busy: isBusy,
        focus: 'confirm',
        onClick: () => ask('confirm'),
      }),
      button(t('steps.confirm.no'), { kind: 'plain', busy: isBusy, onClick: () => ask('refuse') }),
    ),
    asked &&
      h(Question, {
        title: t(`steps.confirm.${asked}.ask`, { corp }),
        children: lines(t(`steps.confirm.${asked}.means`)),
        yes: t(`steps.confirm.${asked}.yes`),
        no: t('page.cancel'),
        kind: asked === 'refuse' ? 'danger' : 'primary',
        onAnswer: (agreed) => {
          ask(null);
          if (agreed) void run(asked === 'confirm' ? confirm : refuse);
        },
      }),
  ];
}
