// One event of a list, which unfolds, and is redelivered.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { scopeName } from '../codes.js';
import { useShared } from '../context.js';
import { find, moment, t, table } from '../i18n.js';
import { Problem } from '../problem.js';
import { lines, Question } from './confirm.js';
import { button, facts, failure, icon, message, tag, time, useBusy } from './parts.js';

/** @import { Event as WecomEvent, PersonEvent } from '../types.js' */

/** What a self-test sends; WeCom has no event of this name. */
const TEST_EVENT = 'wecom_authorization_test';

/** @typedef {Omit<PersonEvent, 'damaged'> & Partial<Pick<WecomEvent, 'corp_id'>>} Listed */

/** @param {{ event: Listed }} props */
export function EventRow({ event }) {
  const { api } = useShared();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, run] = useBusy();
  const [outcome, setOutcome] = useState(/** @type {{ at?: string, problem?: Problem }} */ ({}));

  async function replay() {
    setOutcome({});
    try {
      await api.replayEvent(event.event_id);
      setOutcome({ at: new Date().toISOString() });
    } catch (thrown) {
      setOutcome({ problem: Problem.of(thrown) });
    }
  }

  return h(
    'li',
    null,
    h(
      'details',
      { class: 'event' },
      h(
        'summary',
        null,
        icon('chevron', 'chevron'),
        h('span', { class: 'event-time' }, time(event.received_at ?? event.created_at)),
        h(
          'span',
          { class: 'event-name' },
          h('strong', null, eventTitle(event)),
          h('code', null, [event.event, event.change_type].filter(Boolean).join(' / ')),
        ),
        h(
          'span',
          { class: 'event-tags' },
          event.event === TEST_EVENT && tag(t('events.test')),
          tag(scopeName(event.scope)),
        ),
      ),
      facts([
        [t('events.field.id'), h('code', null, event.event_id)],
        [t('events.field.createdAt'), event.created_at && time(event.created_at)],
        [t('events.field.receivedAt'), event.received_at && time(event.received_at)],
        [t('events.field.duplicates'), event.duplicates > 0 && t('events.dropped', { count: event.duplicates })],
        [t('events.field.corp'), event.corp_id && h('code', null, event.corp_id)],
      ]),
      event.payload &&
        h(
          'details',
          { class: 'payload' },
          h('summary', null, icon('chevron', 'chevron'), h('span', null, t('events.payload'))),
          h('pre', { tabIndex: 0 }, JSON.stringify(event.payload, null, 2)),
        ),
      h(
        'div',
        { class: 'event-actions' },
        h(
          'div',
          { class: 'actions' },
          button(t(isBusy ? 'events.replaying' : 'events.replay'), {
            iconName: 'replay',
            focus: `replay-${event.event_id}`,
            busy: isBusy,
            onClick: () => setAsking(!isBusy),
          }),
          h('span', { class: 'quiet' }, t('events.replayNote')),
        ),
        outcome.at && message('ok', t('events.replayed', { time: moment(outcome.at) }), null, { alert: true }),
        outcome.problem && failure(outcome.problem),
      ),
    ),
    isAsking &&
      h(Question, {
        title: t('events.replayAsk', { event: eventTitle(event) }),
        yes: t('events.replay'),
        no: t('page.cancel'),
        onAnswer: (agreed) => {
          setAsking(false);
          if (agreed) void run(replay);
        },
        children: lines(t('events.replayThen'), t('events.replayTwice')),
      }),
  );
}

/** The event in words: by event and change type together, since change types alone are shared. @param {Listed} event */
function eventTitle({ event, change_type: change }) {
  return table(`events.names.${event}`)[change ?? ''] ?? find(`events.kinds.${event}`) ?? t('events.unknown');
}
