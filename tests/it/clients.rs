//! The clients of `clients/`, each consuming what a local server has: a consumer that was away handles every event once.

use std::process::{Command, Output};

use wecom_authorization_client::{EventFilter, EventPages, Payload};

use crate::{
    support::{CORP, Scope, World, letter},
    template::root,
};

/// What every consumer says.
const SAID: &str = "change_contact/delete_user\nchange_contact/create_user chenlei\nchange_contact/create_user wangfang\n\
                    first: 3\nsecond: 0\n";

/// A server with three events of members and one of something else.
async fn served() -> World {
    let world = World::start().await;
    world.install().await;
    let credentials = world.bind(Scope::Contacts).await;
    for message in [
        letter::member_created(CORP, "wangfang"),
        letter::event(CORP, "batch_job_result", "", ""),
        letter::member_created(CORP, "chenlei"),
        letter::event(CORP, "change_contact", "delete_user", "<UserID>wangfang</UserID>"),
    ] {
        assert_eq!(world.deliver(&credentials, &message).await.status, 200);
    }
    world
}

/// Runs a program of `clients/`, if this machine has what runs it. With `CI` set nothing may be missing.
async fn run(world: &World, folder: &str, program: &str, script: &str, needs: Option<&str>) -> Option<Output> {
    let folder = root().join("clients").join(folder);
    let mut command = Command::new(program);
    command.current_dir(&folder).env("PYTHONPATH", "src").arg(script);
    let announcement = world.announcement();
    command.args([&announcement.base_url, &announcement.admin_token]);
    let missing = match needs.filter(|file| !folder.join(file).exists()) {
        Some(file) => file,
        // The server answers meanwhile.
        None => match tokio::task::spawn_blocking(move || command.output()).await.unwrap() {
            Ok(output) => return Some(output),
            Err(_) => program,
        },
    };
    assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
    eprintln!("SKIPPED: the consumer in {} needs {missing}", folder.display());
    None
}

#[track_caller]
fn said(output: Option<Output>) {
    let Some(output) = output else { return };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), SAID, "{stderr}");
}

#[tokio::test]
async fn the_typescript_consumer_handles_every_event_once() {
    let world = served().await;
    said(
        run(
            &world,
            "typescript",
            "node",
            "examples/consumer.mjs",
            Some("dist/index.js"),
        )
        .await,
    );
}

#[tokio::test]
async fn the_admin_client_says_what_is_to_be_done_next_and_how() {
    let world = served().await;
    let (script, needs) = ("examples/admin.mjs", Some("dist/index.js"));
    let Some(output) = run(&world, "typescript", "node", script, needs).await else {
        return;
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    let expected = "云帆科技有限公司: ok\nnext: external_contacts_secret\nCustomer Secret (客户Secret)\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{stderr}");
}

#[tokio::test]
async fn the_python_consumer_handles_every_event_once() {
    let world = served().await;
    said(run(&world, "python", "python3", "examples/consumer.py", None).await);
}

/// It is stopped and started again, and publishes each event again once.
#[tokio::test]
async fn the_python_replay_goes_on_where_it_stopped() {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "missing: python3");
        return eprintln!("SKIPPED: the replay needs python3");
    }
    let world = served().await;
    let (token, progress) = (world.data().join("token"), world.data().join("progress"));
    std::fs::write(&token, &world.announcement().admin_token).unwrap();
    let replay = async |more: &'static [&'static str]| {
        let mut command = Command::new("python3");
        command
            .current_dir(root().join("clients/python"))
            .env("PYTHONPATH", "src")
            .arg("examples/replay.py")
            .arg(&world.announcement().base_url)
            .args([&token, &progress])
            .args(["--since", "2026-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00Z"])
            .args(["--event", "change_contact", "--rate", "1000"])
            .args(more);
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{stderr}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(
        replay(&["--at-most", "2"]).await,
        "2 now, 2 in all, 0 no longer stored\n"
    );
    assert_eq!(replay(&[]).await, "1 now, 3 in all, 0 no longer stored\n");
    assert_eq!(replay(&[]).await, "0 now, 3 in all, 0 no longer stored\n");
    let audit = world.admin().get("/authorization/audit").await.with_status(200);
    let entries = audit["entries"].as_array().unwrap().iter();
    let replayed: Vec<_> = entries.filter(|entry| entry["action"] == "event_replayed").collect();
    let text = std::fs::read_to_string(world.data().join("progress")).unwrap();
    let ids: std::collections::BTreeSet<_> = text.lines().collect();
    assert_eq!((replayed.len(), ids.len()), (3, 3), "{replayed:?}");
}

#[tokio::test]
async fn the_rust_client_walks_the_pages_and_knows_the_events() {
    let world = served().await;
    let filter = EventFilter {
        event: Some("change_contact".to_owned()),
        ..EventFilter::default()
    };
    let mut pages = EventPages::new(&filter, 2);
    let mut said = Vec::new();
    while let Some(path) = pages.next_path() {
        let reply = world.admin().get(&path).await;
        for event in pages.read(&reply.body).unwrap() {
            said.push(match event.typed() {
                Payload::ChangeContactCreateUser(created) => format!("created {}", created.user_id),
                Payload::ChangeContactDeleteUser(deleted) => format!("deleted {}", deleted.user_id),
                other => panic!("{other:?}"),
            });
        }
    }
    assert_eq!(said, ["deleted wangfang", "created chenlei", "created wangfang"]);
}
