//! Events to a corporation's callbacks: what is sent, when it is sent again, what is recorded.

use std::time::Duration;

use simulator::{ControlError, DeliveriesView, EventRequest, Outcome, Scope, Spoil};

use crate::stage::{CORP, Manner, Stage, element, opened};

fn event(name: &str) -> EventRequest {
    EventRequest {
        event: Some(name.into()),
        ..EventRequest::default()
    }
}

impl Stage {
    async fn ready() -> Self {
        Self::without_suite_callback().await.prepared().await
    }

    async fn ready_and_impatient(delivery: Duration) -> Self {
        Self::impatient(|limits| limits.delivery = delivery)
            .await
            .prepared()
            .await
    }

    async fn prepared(self) -> Self {
        self.save(Scope::Contacts).await;
        self.save(Scope::ExternalContacts).await;
        self.receiver.forget();
        self
    }

    async fn send(&self, request: EventRequest) -> DeliveriesView {
        self.simulator
            .control()
            .send_events(CORP, Scope::Contacts, &request)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn an_event_arrives_signed_and_encrypted_for_the_corporation() {
    let stage = Stage::ready().await;
    let sent = stage.send(event("change_contact/create_user")).await;
    let delivery = &sent.deliveries[0];
    assert_eq!(
        (delivery.outcome, delivery.status, delivery.attempts),
        (Outcome::Accepted, Some(200), 1)
    );
    assert_eq!(delivery.answer, "success");

    let received = stage.receiver.received();
    let (xml, receive_id) = opened(&received[0]);
    assert_eq!(receive_id, CORP);
    assert_eq!(element(&xml, "ToUserName").as_deref(), Some(CORP));
    assert_eq!(element(&xml, "Event").as_deref(), Some("change_contact"));
    assert_eq!(element(&xml, "ChangeType").as_deref(), Some("create_user"));
    assert_eq!(received[0].content_type.as_deref(), Some("text/xml; charset=utf-8"));
    let outer = String::from_utf8(received[0].body.to_vec()).unwrap();
    assert!(outer.contains(&format!("<ToUserName><![CDATA[{CORP}]]></ToUserName>")) && outer.contains("<AgentID>"));
}

#[tokio::test]
async fn every_event_of_the_catalogue_is_accepted() {
    let stage = Stage::ready().await;
    let names = stage.simulator.control().state().events;
    let mut sent = 0;
    for (scope, names) in [
        (Scope::Contacts, names.contacts),
        (Scope::ExternalContacts, names.external_contacts),
    ] {
        for name in names {
            let deliveries = stage
                .simulator
                .control()
                .send_events(CORP, scope, &event(name))
                .await
                .unwrap();
            assert_eq!(deliveries.deliveries[0].outcome, Outcome::Accepted, "{name}");
            sent += 1;
        }
    }
    assert_eq!(stage.receiver.messages("/corp").len(), sent);
    assert!(sent > 40);
}

#[tokio::test]
async fn an_event_is_sent_three_times_when_no_answer_comes_in_time() {
    let stage = Stage::ready_and_impatient(Duration::from_millis(100)).await;
    stage.receiver.will([Manner::Late, Manner::Late, Manner::Late]);
    let sent = stage.send(event("change_contact/delete_user")).await;
    assert_eq!(
        (sent.deliveries[0].outcome, sent.deliveries[0].attempts),
        (Outcome::TimedOut, 3)
    );
    let received = stage.receiver.received();
    assert_eq!(received.len(), 3);
    // One event, sealed afresh each time.
    let (first, second) = (opened(&received[0]), opened(&received[1]));
    assert_eq!(first, second);
    assert_ne!(received[0].body, received[1].body);
}

#[tokio::test]
async fn an_answer_to_a_later_attempt_ends_it() {
    let stage = Stage::ready_and_impatient(Duration::from_millis(500)).await;
    stage.receiver.will([Manner::Late]);
    let sent = stage.send(event("change_contact/delete_user")).await;
    assert_eq!(
        (sent.deliveries[0].outcome, sent.deliveries[0].attempts),
        (Outcome::Accepted, 2)
    );
}

#[tokio::test]
async fn an_event_is_not_sent_again_after_an_answer_of_any_status() {
    let stage = Stage::ready().await;
    for status in [500, 503, 404, 403, 302, 204] {
        stage.receiver.forget();
        stage.receiver.will([Manner::Answer(status, "")]);
        let sent = stage.send(event("change_contact/delete_user")).await;
        let delivery = &sent.deliveries[0];
        assert_eq!((delivery.outcome, delivery.status), (Outcome::Refused, Some(status)));
        assert_eq!(stage.receiver.received().len(), 1);
    }
}

#[tokio::test]
async fn a_corporations_callback_need_not_say_success() {
    let stage = Stage::ready().await;
    stage.receiver.will([Manner::Answer(200, "")]);
    let sent = stage.send(event("change_contact/delete_user")).await;
    assert_eq!(sent.deliveries[0].outcome, Outcome::Accepted);
}

#[tokio::test]
async fn a_connection_that_breaks_off_counts_as_none() {
    let stage = Stage::without_suite_callback().await;
    // Passes the check by way of the receiver, then moves to a listener that hangs up.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let form = simulator::CallbackForm {
        url: format!("http://{address}/"),
        ..stage.form()
    };
    let serving = tokio::spawn(async move {
        let mut accepted = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            accepted += 1;
            if accepted == 1 {
                answer_check(&mut stream).await;
            }
        }
    });
    let control = stage.simulator.control();
    let outcome = control.save_callback(CORP, Scope::Contacts, form).await.unwrap();
    assert!(outcome.saved, "{outcome:?}");
    let sent = stage.send(event("change_contact/delete_user")).await;
    let delivery = &sent.deliveries[0];
    assert_eq!(
        (delivery.outcome, delivery.status, delivery.attempts),
        (Outcome::Unreachable, None, 3)
    );
    serving.abort();
    let _ = serving.await;
    let sent = stage.send(event("change_contact/delete_user")).await;
    assert_eq!(
        (sent.deliveries[0].outcome, sent.deliveries[0].attempts),
        (Outcome::Unreachable, 3)
    );
}

/// Answers one GET check by hand.
async fn answer_check(stream: &mut tokio::net::TcpStream) {
    use axum::body::Bytes;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        stream.readable().await.unwrap();
        let mut buffer = [0; 2048];
        match stream.try_read(&mut buffer) {
            Ok(read) => head.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap();
    let (plaintext, _) = opened(&crate::stage::Received {
        method: axum::http::Method::GET,
        path: "/corp".into(),
        raw_query: target.split_once('?').unwrap().1.into(),
        content_type: None,
        body: Bytes::new(),
    });
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{plaintext}",
        plaintext.len()
    );
    stream.writable().await.unwrap();
    assert_eq!(stream.try_write(answer.as_bytes()).unwrap(), answer.len());
}

#[tokio::test]
async fn copies_are_alike_or_different_as_asked() {
    let stage = Stage::ready().await;
    let copies = |same_content, concurrent| EventRequest {
        copies: Some(3),
        same_content,
        concurrent,
        ..event("change_contact/create_user")
    };
    for (same_content, concurrent, distinct) in [(true, false, 1), (true, true, 1), (false, false, 3), (false, true, 3)]
    {
        stage.receiver.forget();
        let sent = stage.send(copies(same_content, concurrent)).await;
        assert!(
            sent.deliveries
                .iter()
                .all(|delivery| delivery.outcome == Outcome::Accepted)
        );
        let mut messages = stage.receiver.messages("/corp");
        assert_eq!(messages.len(), 3);
        messages.sort();
        messages.dedup();
        assert_eq!(messages.len(), distinct);
    }
    let times: Vec<_> = stage
        .receiver
        .messages("/corp")
        .iter()
        .map(|(xml, _)| element(xml, "CreateTime").unwrap())
        .collect();
    assert!(
        times.windows(2).all(|pair| pair[0] == pair[1]),
        "different events in the same second: {times:?}"
    );
}

#[tokio::test]
async fn any_text_is_sent_as_it_is() {
    let stage = Stage::ready().await;
    let xml = "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml>&a;</xml>";
    let request = EventRequest {
        xml: Some(xml.into()),
        ..EventRequest::default()
    };
    assert_eq!(stage.send(request).await.deliveries[0].event, "xml");
    assert_eq!(stage.receiver.messages("/corp")[0].0, xml);
}

#[tokio::test]
async fn a_spoiled_event_does_not_verify() {
    let stage = Stage::ready().await;
    for (spoil, verifies) in [(Spoil::Signature, false), (Spoil::Key, true), (Spoil::ReceiveId, true)] {
        stage.receiver.forget();
        stage
            .send(EventRequest {
                spoil: Some(spoil),
                ..event("change_contact/delete_user")
            })
            .await;
        let request = stage.receiver.received().remove(0);
        let result = std::panic::catch_unwind(|| opened(&request));
        match spoil {
            Spoil::ReceiveId => assert_ne!(result.unwrap().1, CORP),
            Spoil::Signature | Spoil::Key => assert!(result.is_err(), "{verifies}"),
        }
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_said() {
    let stage = Stage::without_suite_callback().await;
    let control = stage.simulator.control();
    let send = async |request: EventRequest| control.send_events(CORP, Scope::Contacts, &request).await.unwrap_err();
    assert!(matches!(
        send(event("change_contact/create_user")).await,
        ControlError::NotReady(_)
    ));
    stage.save(Scope::Contacts).await;
    assert_eq!(
        send(event("change_contact/unheard_of")).await,
        ControlError::Unknown("event")
    );
    // An event of the other scope.
    assert_eq!(
        send(event("change_external_tag/create")).await,
        ControlError::Unknown("event")
    );
    assert!(matches!(send(EventRequest::default()).await, ControlError::Invalid(_)));
    let both = EventRequest {
        xml: Some("<xml/>".into()),
        ..event("change_contact/create_user")
    };
    assert!(matches!(send(both).await, ControlError::Invalid(_)));
    for copies in [0, 1001] {
        let request = EventRequest {
            copies: Some(copies),
            ..event("change_contact/create_user")
        };
        assert!(matches!(send(request).await, ControlError::Invalid(_)));
    }
    let nobody = control
        .send_events("ww0", Scope::Contacts, &event("change_contact/create_user"))
        .await;
    assert_eq!(nobody.unwrap_err(), ControlError::UnknownCorporation);
}

#[tokio::test]
async fn deliveries_are_recorded_newest_first() {
    let stage = Stage::ready().await;
    stage.send(event("change_contact/create_user")).await;
    stage.receiver.will([Manner::Answer(500, "broken")]);
    stage.send(event("change_contact/delete_user")).await;
    let recorded = stage.simulator.control().state().deliveries;
    let shown: Vec<_> = recorded
        .iter()
        .map(|delivery| (delivery.event.as_str(), delivery.outcome))
        .collect();
    assert_eq!(
        shown,
        [
            ("change_contact/delete_user", Outcome::Refused),
            ("change_contact/create_user", Outcome::Accepted)
        ]
    );
    assert_eq!(recorded[0].answer, "broken");
}
