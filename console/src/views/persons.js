// 个人信息: the events about one member or customer, what they say, and their deletion.

import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { lines, Question } from './confirm.js';
import { EventRow } from './event-row.js';
import { button, failure, field, message, section, useBusy, WorkButton } from './parts.js';

/** @import { Children, PersonEvent, PersonKind } from '../types.js' */

const KINDS = /** @type {const} */ (['external_user_id', 'user_id']);

/** @typedef {{ kind: PersonKind, id: string }} Person */
/** @typedef {{ person: Person, rows: PersonEvent[], cursor: string | null, unmasked: boolean }} Found */

export function PersonPart() {
  const { api, announce } = useShared();
  const [kind, setKind] = useState(/** @type {PersonKind} */ (KINDS[0]));
  const [id, setId] = useState('');
  const [isMissing, setMissing] = useState(false);
  const [found, setFound] = useState(/** @type {Found | null} */ (null));
  const [outcome, setOutcome] = useState(/** @type {Children} */ (null));
  const [asks, setAsks] = useState(false);
  const [isFinding, find] = useBusy();
  const [isDeleting, run] = useBusy();
  /** A slow answer about one person is not shown under another. */
  const turn = useRef(0);

  /** @type {(person: Person, unmasked: boolean, from: string | null, known: PersonEvent[]) => Promise<void>} */
  async function read(person, unmasked, from, known) {
    turn.current += 1;
    const mine = turn.current;
    setOutcome(null);
    try {
      const page = await api.findPerson({ ...person, unmasked, cursor: from });
      if (mine !== turn.current) return;
      const rows = [...known, ...page.events];
      setFound({ person, rows, cursor: page.next_cursor, unmasked });
      announce(t(page.next_cursor ? 'events.shownSoFar' : 'events.shownAll', { count: rows.length }));
    } catch (thrown) {
      if (mine === turn.current) setOutcome(failure(Problem.of(thrown)));
    }
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const typed = id.trim();
    setMissing(!typed);
    setFound(null);
    if (typed) void find(() => read({ kind, id: typed }, false, null, []));
  }

  /** @param {Person} person */
  async function erase(person) {
    let count = 0;
    try {
      for (let more = true; more; ) {
        setOutcome(message('info', t('events.person.deleting', { count }), null));
        const deleted = await api.deletePerson(person);
        count += deleted.events;
        more = deleted.more;
      }
      setFound(null);
      setId('');
      setOutcome(message('ok', t('events.person.deleted', { count }), null, { alert: true }));
    } catch (thrown) {
      setOutcome(failure(Problem.of(thrown)));
    }
  }

  return section(
    'events-person',
    t('events.person.title'),
    null,
    h('p', { class: 'lead' }, t('events.person.lead')),
    h(
      'form',
      { class: 'person-form', noValidate: true, onSubmit: submit },
      h(
        'div',
        { class: 'field' },
        h('div', { class: 'field-head' }, h('label', { for: 'person-kind' }, t('events.person.kind'))),
        h(
          'select',
          {
            id: 'person-kind',
            value: kind,
            onChange: (/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) =>
              setKind(/** @type {PersonKind} */ (currentTarget.value)),
          },
          KINDS.map((one) => h('option', { value: one, key: one }, t(`events.person.kinds.${one}`))),
        ),
      ),
      field({
        id: 'person-id',
        label: t('events.person.id'),
        hint: t(`events.person.hints.${kind}`),
        error: isMissing ? t('events.person.missing') : null,
        input: {
          type: 'text',
          autocomplete: 'off',
          maxLength: 128,
          value: id,
          onInput: ({ currentTarget }) => setId(currentTarget.value),
        },
      }),
      h(
        'div',
        { class: 'actions' },
        button(t(isFinding ? 'events.loading' : 'events.person.find'), { type: 'submit', busy: isFinding }),
      ),
    ),
    outcome,
    found && results(found),
    asks &&
      found &&
      h(Question, {
        title: t('events.person.deleteAsk', { id: found.person.id }),
        yes: t('events.person.delete'),
        no: t('page.cancel'),
        kind: 'danger',
        onAnswer: (agreed) => {
          setAsks(false);
          if (agreed) void run(() => erase(found.person));
        },
        children: lines(t('events.person.deleteWill'), t('events.person.deleteLeaves')),
      }),
  );

  /** @param {Found} found */
  function results({ person, rows, cursor, unmasked }) {
    if (rows.length === 0) return message('info', t('events.person.none'), h('p', null, t('events.person.noneHint')));
    return [
      h('p', { class: 'quiet' }, t(cursor ? 'events.shownSoFar' : 'events.shownAll', { count: rows.length })),
      h(
        'ul',
        { class: 'event-rows' },
        rows.map((event) => h(EventRow, { key: event.event_id, event })),
      ),
      h(
        'div',
        { class: 'actions' },
        cursor &&
          h(WorkButton, {
            text: t('events.more'),
            busyText: t('events.loading'),
            work: () => read(person, unmasked, cursor, rows),
          }),
        !unmasked &&
          h(WorkButton, {
            text: t('events.person.unmask'),
            busyText: t('events.loading'),
            work: () => read(person, true, null, []),
          }),
        button(t('events.person.delete'), { kind: 'danger', busy: isDeleting, onClick: () => setAsks(!isDeleting) }),
      ),
      !unmasked && h('p', { class: 'note' }, t('events.person.unmaskNote')),
    ];
  }
}
