//! Starting, and refusing to start.

use std::path::Path;

use devstack::{Devstack, Error, Options};

use crate::clients::Aws;

async fn start(listen: &str, data: Option<&Path>) -> Result<Devstack, Error> {
    Devstack::start(Options {
        listen: listen.parse().unwrap(),
        data: data.map(Path::to_owned),
    })
    .await
}

#[tokio::test]
async fn answers_as_soon_as_it_has_started() {
    let aws = Aws::ours().await;
    assert!(
        aws.dynamodb
            .list_tables()
            .send()
            .await
            .unwrap()
            .table_names()
            .is_empty()
    );
    assert!(
        aws.secrets
            .list_secrets()
            .send()
            .await
            .unwrap()
            .secret_list()
            .is_empty()
    );
}

#[tokio::test]
async fn names_a_loopback_url_when_it_listens_on_every_address() {
    let devstack = start("0.0.0.0:0", None).await.unwrap();
    assert!(devstack.endpoint_url().starts_with("http://127.0.0.1:"), "{devstack:?}");
}

#[tokio::test]
async fn refuses_a_port_that_is_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refused = start(&address.to_string(), None).await.unwrap_err();
    assert!(
        matches!(refused, Error::PortInUse { address: named } if named == address),
        "{refused}"
    );
}

#[tokio::test]
async fn refuses_an_address_that_is_not_ours() {
    let refused = start("192.0.2.1:0", None).await.unwrap_err();
    assert!(matches!(refused, Error::Listen { .. }), "{refused}");
}

#[tokio::test]
async fn refuses_a_data_directory_that_is_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = start("127.0.0.1:0", Some(file.path())).await.unwrap_err();
    assert!(matches!(refused, Error::Data { .. }), "{refused}");
}

#[tokio::test]
async fn refuses_a_database_that_is_damaged() {
    for name in ["dynamodb.sqlite", "secrets.sqlite"] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join(name),
            "not a database, and long enough to see that",
        )
        .unwrap();
        let refused = start("127.0.0.1:0", Some(directory.path())).await.unwrap_err();
        assert!(
            matches!(refused, Error::Data { ref path, .. } if path.ends_with(name)),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn refuses_a_data_directory_that_another_one_uses() {
    let directory = tempfile::tempdir().unwrap();
    let _first = start("127.0.0.1:0", Some(directory.path())).await.unwrap();
    let refused = start("127.0.0.1:0", Some(directory.path())).await.unwrap_err();
    assert!(matches!(refused, Error::DirectoryInUse { .. }), "{refused}");
}

#[tokio::test]
async fn refuses_a_browser() {
    let aws = Aws::ours().await;
    let (status, _) = aws
        .raw("GET", "/_local/journal", &[("origin", "https://example.com")], "")
        .await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_it_stops() {
    let aws = Aws::ours().await;
    let table = aws.table().await;
    let slow = devstack::Fault::on("PutItem")
        .delay(std::time::Duration::from_millis(300))
        .times(1);
    aws.devstack().faults().add(slow);
    let client = Aws::at(&aws.endpoint_url, "LOCAL", 1);
    let put = tokio::spawn(async move { client.put(&table, "a").await });
    // The fault is used up as soon as the request is under way.
    while aws.devstack().faults().list() != serde_json::json!([]) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    aws.shutdown().await;
    assert_eq!(put.await.unwrap(), Ok(()));
}

/// Each `#[tokio::test]` has a runtime that ends with it; an endpoint that tests share must outlive them.
#[test]
fn outlives_the_runtime_that_started_it() {
    let aws = tokio::runtime::Runtime::new().unwrap().block_on(Aws::ours());
    let url = aws.endpoint_url.clone();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        Aws::at(&url, "LOCAL", 1).dynamodb.list_tables().send().await.unwrap();
    });
}
