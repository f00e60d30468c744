//! What is on the disk: every answered write, whatever happens to the process, and no secret that one can read.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use devstack::{Devstack, Error, Options};
use tokio::task::JoinSet;

use crate::clients::{Aws, s};

/// The endpoint in a process of its own, which can be killed.
struct Process {
    child: Child,
    aws: Aws,
}

impl Process {
    fn start(directory: &Path) -> Self {
        let command = &mut Command::new(env!("CARGO_BIN_EXE_devstack"));
        let mut child = command
            .arg("127.0.0.1:0")
            .arg(directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let endpoint_url = line.trim().strip_prefix("AWS_ENDPOINT_URL=").unwrap();
        Self {
            aws: Aws::at(endpoint_url, "LOCAL", 1),
            child,
        }
    }

    /// SIGKILL on Unix: nothing is flushed, nothing is closed.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn every_answered_write_survives_kill_9_in_the_middle_of_writing() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path());
    let table = process.aws.table().await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let (dynamodb, secrets) = (process.aws.dynamodb.clone(), process.aws.secrets.clone());
        let table = table.clone();
        writers.spawn(async move {
            let mut answered = Vec::new();
            for number in 0.. {
                let id = format!("{writer}-{number}");
                let put = dynamodb.put_item().table_name(&table).item("id", s(&id)).send().await;
                let create = secrets.create_secret().name(&id).secret_string(&id).send().await;
                if put.is_err() || create.is_err() {
                    break;
                }
                answered.push(id);
            }
            answered
        });
    }
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    process.kill();
    let answered = writers.join_all().await.concat();
    assert!(answered.len() > 8, "{answered:?}");

    let process = Process::start(directory.path());
    for id in answered {
        assert!(process.aws.has(&table, &id).await, "the item {id} is lost");
        let read = process.aws.secrets.get_secret_value().secret_id(&id).send().await;
        assert_eq!(
            read.unwrap().secret_string(),
            Some(id.as_str()),
            "the secret {id} is lost"
        );
    }
}

#[tokio::test]
async fn what_was_answered_survives_being_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let aws = Aws::kept_in(directory.path()).await;
    let table = aws.table().await;
    aws.put(&table, "a").await.unwrap();
    let arn = aws.create_secret("a", "s").await.arn.unwrap();
    aws.secrets.delete_secret().secret_id("a").send().await.unwrap();
    drop(aws);
    let aws = Aws::kept_in(directory.path()).await;
    assert!(aws.has(&table, "a").await);
    assert_eq!(
        aws.secrets.restore_secret().secret_id("a").send().await.unwrap().arn(),
        Some(arn.as_str())
    );
}

#[tokio::test]
async fn what_is_in_memory_goes() {
    let aws = Aws::ours().await;
    aws.create_secret("a", "s").await;
    aws.shutdown().await;
    assert!(
        Aws::ours()
            .await
            .secrets
            .describe_secret()
            .secret_id("a")
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn no_file_holds_a_secret_that_one_can_read() {
    let directory = tempfile::tempdir().unwrap();
    let aws = Aws::kept_in(directory.path()).await;
    let binary = aws_sdk_secretsmanager::primitives::Blob::new("PLAINTEXT-bytes");
    aws.create_secret("a", "PLAINTEXT-one").await;
    aws.secrets
        .put_secret_value()
        .secret_id("a")
        .secret_binary(binary)
        .send()
        .await
        .unwrap();
    let written = check_no_plaintext(directory.path());
    assert!(written.contains(&"secrets.sqlite-wal".to_owned()), "{written:?}");
    aws.shutdown().await;
    check_no_plaintext(directory.path());
}

/// The names of the files that were looked into.
fn check_no_plaintext(directory: &Path) -> Vec<String> {
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let check = |path: std::path::PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        // The second is how the bytes begin in base64.
        for plain in [b"PLAINTEXT".as_slice(), b"UExBSU5URVhU"] {
            assert!(
                !bytes.windows(plain.len()).any(|window| window == plain),
                "{}",
                path.display()
            );
        }
        path.file_name().unwrap().to_string_lossy().into_owned()
    };
    files.map(check).collect()
}

#[cfg(unix)]
#[tokio::test]
async fn the_key_is_its_owners_alone_and_so_is_the_directory() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    let _aws = Aws::kept_in(&directory).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory.join("secrets.key")), 0o600);
    assert_eq!(mode(&directory), 0o700);
}

#[tokio::test]
async fn a_wrong_or_missing_key_refuses_to_start_and_the_right_one_opens_everything_again() {
    let directory = tempfile::tempdir().unwrap();
    let aws = Aws::kept_in(directory.path()).await;
    aws.create_secret("a", "s").await;
    aws.shutdown().await;
    let key = directory.path().join("secrets.key");
    let right = std::fs::read(&key).unwrap();
    for wrong in [Some(vec![7; 32]), Some(vec![7; 31]), Some(Vec::new()), None] {
        match &wrong {
            Some(bytes) => std::fs::write(&key, bytes).unwrap(),
            None => std::fs::remove_file(&key).unwrap(),
        }
        let options = Options {
            data: Some(directory.path().to_owned()),
            ..Options::default()
        };
        let refused = Devstack::start(options).await.unwrap_err();
        assert!(
            matches!(&refused, Error::WrongKey { path } if *path == key),
            "{wrong:?}: {refused}"
        );
    }
    assert!(!key.exists(), "a missing key is not replaced");
    std::fs::write(&key, right).unwrap();
    let aws = Aws::kept_in(directory.path()).await;
    assert!(aws.secrets.get_secret_value().secret_id("a").send().await.is_ok());
}
