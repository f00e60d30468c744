//! When it cannot start it says why, in one line, and leaves everything as it was.

use std::{fs, net::TcpListener, path::Path};

use crate::command::{Ended, Running, command, get};

/// Starts it where it cannot start; answers the one line that it says.
#[track_caller]
fn refused(data: &Path, arguments: &[&str]) -> String {
    let ended = Ended::of(command(data, arguments).spawn().unwrap());
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{}", ended.stderr);
    assert!(lines[0].starts_with("error: "), "{}", ended.stderr);
    lines[0].to_owned()
}

#[test]
fn a_port_that_is_taken_is_named() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = refused(data.path(), &["--listen", &address]);
    assert!(line.contains(&address) && line.contains("--listen"), "{line}");
    assert!(!data.path().join("local.json").exists());
    // The next attempt is none the worse for it.
    drop(Running::start(data.path()));
}

#[test]
fn an_address_of_another_machine_is_named() {
    let data = tempfile::tempdir().unwrap();
    let line = refused(data.path(), &["--listen", "192.0.2.1:3000"]);
    assert!(line.contains("192.0.2.1:3000"), "{line}");
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a-file");
    fs::write(&file, "not a directory").unwrap();
    for data in [file.clone(), file.join("below")] {
        let line = refused(&data, &["--listen", "127.0.0.1:0"]);
        assert!(line.contains(&data.display().to_string()), "{line}");
        assert!(line.contains("data directory"), "{line}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "not a directory");
}

#[test]
fn a_file_of_ours_that_is_damaged_is_named_and_left_alone() {
    let data = tempfile::tempdir().unwrap();
    Running::start(data.path()).end("TERM");
    for name in ["settings.json", "simulator.json"] {
        let path = data.path().join(name);
        let whole = fs::read_to_string(&path).unwrap();
        let half = &whole[..whole.len() / 2];
        fs::write(&path, half).unwrap();
        let line = refused(data.path(), &["--listen", "127.0.0.1:0"]);
        assert!(line.contains(name), "{line}");
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            half,
            "what is left may be worth something"
        );
        fs::write(&path, whole).unwrap();
    }
    drop(Running::start(data.path()));
}

#[test]
fn a_second_instance_is_refused_and_the_first_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let first = Running::start(data.path());
    let announced = fs::read_to_string(data.path().join("local.json")).unwrap();
    for arguments in [&["--listen", "127.0.0.1:0"][..], &[]] {
        let line = refused(data.path(), arguments);
        assert!(line.contains("another instance") && line.contains("--data"), "{line}");
    }
    assert_eq!(fs::read_to_string(data.path().join("local.json")).unwrap(), announced);
    assert_eq!(get(first.text("base_url"), "/", None).unwrap().0, 200);
    let token = first.text("admin_token").to_owned();
    assert_eq!(
        get(first.text("base_url"), "/authorization", Some(&token)).unwrap().0,
        200
    );
}

#[test]
fn arguments_that_mean_nothing_are_explained() {
    let data = tempfile::tempdir().unwrap();
    for arguments in [
        &["--listen", "nowhere"][..],
        &["--wecom-api", "nowhere"],
        &["--surprise"],
        &["surprise"],
    ] {
        let ended = Ended::of(command(data.path(), arguments).spawn().unwrap());
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}");
        assert!(ended.stderr.contains(arguments.last().unwrap()), "{}", ended.stderr);
    }
    let help = Ended::of(command(data.path(), &["--help"]).spawn().unwrap());
    assert_eq!(help.status.code(), Some(0));
    for option in ["--listen", "--data", "--wecom-api"] {
        assert!(help.stdout.contains(option), "{}", help.stdout);
    }
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "nothing was started");
}
