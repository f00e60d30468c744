//! What outlives a restart, and what does not start at all.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use simulator::{AuthMode, Error, EventRequest, Options, Scope, Simulator, SwitchesPatch};

use crate::stage::{CORP, Receiver, Stage, element, options, suite};

/// A directory of this test's own, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "simulator-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("wecom.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn kept_in(folder: &Folder) -> Options {
    Options {
        data: Some(folder.file()),
        ..options()
    }
}

#[tokio::test]
async fn corporations_callbacks_and_installations_outlive_a_restart() {
    let folder = Folder::new();
    let receiver = Receiver::start().await;
    let with_callback = || Options {
        suite_callback_url: Some(receiver.url("/suite")),
        ..kept_in(&folder)
    };
    let simulator = Simulator::start(with_callback()).await.unwrap();
    receiver.wait_for(1).await;
    let stage = Stage {
        simulator,
        receiver: Receiver::start().await,
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
    };
    stage.save(Scope::Contacts).await;
    let patch = SwitchesPatch {
        apps_ip_untrusted: Some(true),
        ..SwitchesPatch::default()
    };
    stage.simulator.control().set_switches(CORP, patch).unwrap();
    stage.advance(60).await;
    let create = simulator::SuiteEventRequest {
        event: Some("create_auth".into()),
        corp_id: Some(CORP.into()),
        auth_mode: Some(AuthMode::Member),
        ..simulator::SuiteEventRequest::default()
    };
    stage.simulator.control().send_suite_event(&create).await.unwrap();
    let before = stage.simulator.control().state();
    let first_ticket = element(&receiver.messages("/suite")[0].0, "SuiteTicket");
    stage.simulator.shutdown().await;

    receiver.forget();
    let simulator = Simulator::start(with_callback()).await.unwrap();
    receiver.wait_for(1).await;
    let after = simulator.control().state();
    assert!(after.corps[0].switches.apps_ip_untrusted);
    assert_eq!(after.corps[0].secrets.contacts, before.corps[0].secrets.contacts);
    assert_eq!(after.deliveries.last(), before.deliveries.last());
    assert!(after.now >= before.now, "the clock stays where it was moved to");
    let fresh_ticket = element(&receiver.messages("/suite")[0].0, "SuiteTicket");
    assert_ne!(fresh_ticket, first_ticket, "a fresh ticket is pushed");
    let event = EventRequest {
        event: Some("change_contact/create_user".into()),
        ..EventRequest::default()
    };
    let sent = simulator
        .control()
        .send_events(CORP, Scope::Contacts, &event)
        .await
        .unwrap();
    assert_eq!(sent.deliveries[0].status, Some(200));
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let simulator = Simulator::start(kept_in(&folder)).await.unwrap();
    let mode = std::fs::metadata(folder.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_new_world_has_secrets_of_its_own_unless_it_is_seeded() {
    let secrets = async |seed| {
        let simulator = Simulator::start(Options { seed, ..options() }).await.unwrap();
        simulator.control().state().corps[0].secrets.contacts.clone()
    };
    assert_eq!(secrets(Some(1)).await, secrets(Some(1)).await);
    assert_ne!(secrets(None).await, secrets(None).await);
}

#[tokio::test]
async fn another_suites_data_is_refused() {
    let folder = Folder::new();
    Simulator::start(kept_in(&folder)).await.unwrap().shutdown().await;
    let mut other = suite();
    other.suite_id = "ww1111111111111111".into();
    let refused = Simulator::start(Options {
        suite: other,
        ..kept_in(&folder)
    })
    .await;
    assert!(matches!(refused, Err(Error::ForeignData { .. })));
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_refused_and_left_alone() {
    let folder = Folder::new();
    std::fs::write(folder.file(), "something else").unwrap();
    let refused = Simulator::start(kept_in(&folder)).await;
    assert!(matches!(refused, Err(Error::UnreadableData { .. })));
    assert_eq!(std::fs::read_to_string(folder.file()).unwrap(), "something else");
    let nowhere = Options {
        data: Some(folder.0.join("missing").join("wecom.json")),
        ..options()
    };
    assert!(matches!(Simulator::start(nowhere).await, Err(Error::Data { .. })));
}

#[tokio::test]
async fn a_busy_port_and_an_address_for_others_are_refused() {
    let first = Simulator::start(options()).await.unwrap();
    let address = first.base_url().strip_prefix("http://").unwrap().parse().unwrap();
    let refused = Simulator::start(Options {
        listen: address,
        ..options()
    })
    .await;
    assert!(matches!(refused, Err(Error::Listen { .. })));
    let open = Options {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..options()
    };
    assert!(matches!(Simulator::start(open).await, Err(Error::NotLoopback(_))));
}

#[tokio::test]
async fn a_suite_without_a_proper_key_is_refused() {
    let mut suite = suite();
    suite.encoding_aes_key = "short".into();
    let refused = Simulator::start(Options { suite, ..options() }).await;
    assert!(matches!(refused, Err(Error::Suite("EncodingAESKey"))));
}

#[tokio::test]
async fn a_stopped_simulator_answers_nobody() {
    let simulator = Simulator::start(options()).await.unwrap();
    let url = format!("{}/_simulator/state", simulator.base_url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    simulator.shutdown().await;
    assert!(client.get(&url).send().await.is_err());
}
