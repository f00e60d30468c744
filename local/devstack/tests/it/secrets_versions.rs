//! Versions of a secret: which label is where after what, and what a token promises.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use crate::clients::{Aws, code, unique};

/// A secret whose only version is current, and that version.
async fn secret(aws: &Aws, value: &str) -> (String, String) {
    let name = unique("versions");
    let created = aws.create_secret(&name, value).await;
    (name, created.version_id.unwrap())
}

async fn put(aws: &Aws, name: &str, value: &str, stages: &[&str]) -> String {
    let stages = (!stages.is_empty()).then(|| stages.iter().map(|stage| (*stage).to_owned()).collect());
    let put = aws
        .secrets
        .put_secret_value()
        .secret_id(name)
        .secret_string(value)
        .set_version_stages(stages);
    put.send().await.unwrap().version_id.unwrap()
}

async fn move_stage(aws: &Aws, name: &str, stage: &str, from: Option<&str>, to: Option<&str>) -> Result<(), String> {
    let update = aws
        .secrets
        .update_secret_version_stage()
        .secret_id(name)
        .version_stage(stage);
    let update = update.set_remove_from_version_id(from.map(str::to_owned));
    let update = update.set_move_to_version_id(to.map(str::to_owned));
    update.send().await.map(|_| ()).map_err(|error| code(&error))
}

/// The labels of each version that has one.
async fn labels(aws: &Aws, name: &str) -> BTreeMap<String, Vec<String>> {
    let described = aws.describe_secret(name).await;
    described.version_ids_to_stages.unwrap().into_iter().collect()
}

fn expect(labels: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let owned = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
    labels
        .iter()
        .map(|(version, labels)| ((*version).to_owned(), owned(labels)))
        .collect()
}

async fn value(aws: &Aws, name: &str, id: Option<&str>, stage: Option<&str>) -> Result<String, String> {
    let read = aws.secrets.get_secret_value().secret_id(name);
    let read = read
        .set_version_id(id.map(str::to_owned))
        .set_version_stage(stage.map(str::to_owned));
    read.send()
        .await
        .map(|read| read.secret_string.unwrap())
        .map_err(|error| code(&error))
}

#[tokio::test]
async fn a_new_value_is_current_and_the_one_before_is_previous() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let second = put(&aws, &name, "2", &[]).await;
    assert_eq!(
        labels(&aws, &name).await,
        expect(&[(&first, &["AWSPREVIOUS"]), (&second, &["AWSCURRENT"])])
    );
    assert_eq!(value(&aws, &name, None, None).await, Ok("2".to_owned()));
    assert_eq!(value(&aws, &name, None, Some("AWSPREVIOUS")).await, Ok("1".to_owned()));
}

#[tokio::test]
async fn the_one_before_the_previous_is_deprecated_hidden_and_still_readable_by_its_id() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let second = put(&aws, &name, "2", &[]).await;
    let third = put(&aws, &name, "3", &[]).await;
    let expected = expect(&[(&second, &["AWSPREVIOUS"]), (&third, &["AWSCURRENT"])]);
    assert_eq!(labels(&aws, &name).await, expected);
    assert_eq!(value(&aws, &name, Some(&first), None).await, Ok("1".to_owned()));
}

#[tokio::test]
async fn a_pending_value_changes_nothing_for_readers() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let second = put(&aws, &name, "2", &["AWSPENDING"]).await;
    assert_eq!(
        labels(&aws, &name).await,
        expect(&[(&first, &["AWSCURRENT"]), (&second, &["AWSPENDING"])])
    );
    assert_eq!(value(&aws, &name, None, None).await, Ok("1".to_owned()));
    assert_eq!(value(&aws, &name, None, Some("AWSPENDING")).await, Ok("2".to_owned()));
}

/// The four steps of a rotation function end so.
#[tokio::test]
async fn current_is_handed_over_to_the_pending_version() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let second = put(&aws, &name, "2", &["AWSPENDING"]).await;
    move_stage(&aws, &name, "AWSCURRENT", Some(&first), Some(&second))
        .await
        .unwrap();
    let expected = expect(&[(&first, &["AWSPREVIOUS"]), (&second, &["AWSCURRENT", "AWSPENDING"])]);
    assert_eq!(labels(&aws, &name).await, expected);
    assert_eq!(value(&aws, &name, None, None).await, Ok("2".to_owned()));
    move_stage(&aws, &name, "AWSPENDING", Some(&second), None)
        .await
        .unwrap();
    assert_eq!(
        labels(&aws, &name).await,
        expect(&[(&first, &["AWSPREVIOUS"]), (&second, &["AWSCURRENT"])])
    );
}

#[tokio::test]
async fn current_is_handed_back_to_the_previous_version() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let second = put(&aws, &name, "2", &[]).await;
    move_stage(&aws, &name, "AWSCURRENT", Some(&second), Some(&first))
        .await
        .unwrap();
    assert_eq!(
        labels(&aws, &name).await,
        expect(&[(&first, &["AWSCURRENT"]), (&second, &["AWSPREVIOUS"])])
    );
    assert_eq!(value(&aws, &name, None, None).await, Ok("1".to_owned()));
}

/// As recorded from AWS: what a finished rotation left pending is so no longer when the next value comes.
#[tokio::test]
async fn a_version_that_was_current_and_pending_is_only_previous_after_the_next() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let second = put(&aws, &name, "2", &["AWSPENDING"]).await;
    move_stage(&aws, &name, "AWSCURRENT", Some(&first), Some(&second))
        .await
        .unwrap();
    let third = put(&aws, &name, "3", &[]).await;
    let expected = expect(&[(&second, &["AWSPREVIOUS"]), (&third, &["AWSCURRENT"])]);
    assert_eq!(labels(&aws, &name).await, expected);
}

#[tokio::test]
async fn a_label_of_ones_own_is_on_one_version_and_stays_when_current_moves() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let second = put(&aws, &name, "2", &["AWSPENDING", "blue", "green"]).await;
    let third = put(&aws, &name, "3", &["green"]).await;
    let expected = [
        (first.as_str(), ["AWSCURRENT"].as_slice()),
        (&second, &["AWSPENDING", "blue"]),
        (&third, &["green"]),
    ];
    assert_eq!(labels(&aws, &name).await, expect(&expected));
    move_stage(&aws, &name, "AWSCURRENT", Some(&first), Some(&third))
        .await
        .unwrap();
    let expected = [
        (first.as_str(), ["AWSPREVIOUS"].as_slice()),
        (&second, &["AWSPENDING", "blue"]),
        (&third, &["AWSCURRENT", "green"]),
    ];
    assert_eq!(labels(&aws, &name).await, expect(&expected));
}

#[tokio::test]
async fn the_first_version_is_current_whatever_it_is_called() {
    let aws = Aws::any().await;
    let name = unique("first");
    aws.secrets.create_secret().name(&name).send().await.unwrap();
    let first = put(&aws, &name, "1", &["AWSPENDING"]).await;
    assert_eq!(
        labels(&aws, &name).await,
        expect(&[(&first, &["AWSCURRENT", "AWSPENDING"])])
    );
}

#[tokio::test]
async fn a_label_that_has_an_owner_is_moved_only_by_naming_the_owner() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let second = put(&aws, &name, "2", &[]).await;
    let invalid = Err("InvalidParameterException".to_owned());
    assert_eq!(move_stage(&aws, &name, "AWSCURRENT", None, Some(&first)).await, invalid);
    assert_eq!(
        move_stage(&aws, &name, "AWSCURRENT", Some(&first), Some(&second)).await,
        invalid
    );
    assert_eq!(
        labels(&aws, &name).await,
        expect(&[(&first, &["AWSPREVIOUS"]), (&second, &["AWSCURRENT"])])
    );
    move_stage(&aws, &name, "mine", None, Some(&first)).await.unwrap();
    assert_eq!(
        labels(&aws, &name).await,
        expect(&[(&first, &["AWSPREVIOUS", "mine"]), (&second, &["AWSCURRENT"])])
    );
}

#[tokio::test]
async fn current_is_never_taken_away() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let taken = move_stage(&aws, &name, "AWSCURRENT", Some(&first), None).await;
    assert_eq!(taken, Err("InvalidParameterException".to_owned()));
    assert_eq!(value(&aws, &name, None, None).await, Ok("1".to_owned()));
}

#[tokio::test]
async fn a_move_names_versions_that_are_there() {
    let aws = Aws::ours().await;
    let (name, first) = secret(&aws, "1").await;
    let unknown = "00000000-0000-0000-0000-000000000000";
    let invalid = Err("InvalidParameterException".to_owned());
    assert_eq!(
        move_stage(&aws, &name, "AWSCURRENT", Some(&first), Some(unknown)).await,
        invalid
    );
    assert_eq!(move_stage(&aws, &name, "mine", Some(unknown), None).await, invalid);
    assert_eq!(move_stage(&aws, &name, "mine", None, None).await, invalid);
}

#[tokio::test]
async fn a_version_and_a_stage_must_agree() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let second = put(&aws, &name, "2", &[]).await;
    assert_eq!(
        value(&aws, &name, Some(&first), Some("AWSPREVIOUS")).await,
        Ok("1".to_owned())
    );
    let disagree = value(&aws, &name, Some(&second), Some("AWSPREVIOUS")).await;
    assert_eq!(disagree, Err("InvalidRequestException".to_owned()));
}

#[tokio::test]
async fn a_version_or_stage_that_is_not_there_is_not_found() {
    let aws = Aws::any().await;
    let (name, _) = secret(&aws, "1").await;
    let not_found = Err("ResourceNotFoundException".to_owned());
    assert_eq!(
        value(&aws, &name, Some("00000000-0000-0000-0000-000000000000"), None).await,
        not_found
    );
    assert_eq!(value(&aws, &name, None, Some("AWSPREVIOUS")).await, not_found);
}

#[tokio::test]
async fn a_token_makes_a_value_once() {
    let aws = Aws::any().await;
    let (name, first) = secret(&aws, "1").await;
    let token = unique("token-of-thirty-two-characters");
    let put = |value: &str| {
        let put = aws
            .secrets
            .put_secret_value()
            .secret_id(&name)
            .client_request_token(&token)
            .secret_string(value);
        put.send()
    };
    assert_eq!(put("2").await.unwrap().version_id(), Some(token.as_str()));
    assert_eq!(put("2").await.unwrap().version_id(), Some(token.as_str()));
    assert_eq!(
        labels(&aws, &name).await,
        expect(&[(&first, &["AWSPREVIOUS"]), (&token, &["AWSCURRENT"])])
    );
    assert_eq!(code(&put("3").await.unwrap_err()), "ResourceExistsException");
    assert_eq!(value(&aws, &name, None, None).await, Ok("2".to_owned()));
}

#[tokio::test]
async fn a_token_that_is_late_does_not_bring_an_old_value_back() {
    let aws = Aws::any().await;
    let (name, _) = secret(&aws, "1").await;
    let token = unique("token-of-thirty-two-characters");
    let late = aws
        .secrets
        .put_secret_value()
        .secret_id(&name)
        .client_request_token(&token)
        .secret_string("2");
    late.clone().send().await.unwrap();
    put(&aws, &name, "3", &[]).await;
    late.send().await.unwrap();
    assert_eq!(value(&aws, &name, None, None).await, Ok("3".to_owned()));
}

#[tokio::test]
async fn a_token_makes_a_secret_once() {
    let aws = Aws::any().await;
    let (name, token) = (unique("once"), unique("token-of-thirty-two-characters"));
    let create = |value: &str| {
        aws.secrets
            .create_secret()
            .name(&name)
            .client_request_token(&token)
            .secret_string(value)
            .send()
    };
    let first = create("1").await.unwrap();
    let again = create("1").await.unwrap();
    assert_eq!((first.arn(), first.version_id()), (again.arn(), again.version_id()));
    assert_eq!(code(&create("2").await.unwrap_err()), "ResourceExistsException");
}

#[tokio::test]
async fn a_token_has_32_to_64_characters() {
    let aws = Aws::any().await;
    let (name, _) = secret(&aws, "1").await;
    for token in ["x".repeat(31), "x".repeat(65)] {
        let put = aws
            .secrets
            .put_secret_value()
            .secret_id(&name)
            .client_request_token(token)
            .secret_string("2");
        assert_eq!(code(&put.send().await.unwrap_err()), "InvalidParameterException");
    }
}

#[tokio::test]
async fn a_secret_has_at_most_twenty_labels() {
    let aws = Aws::any().await;
    let (name, _) = secret(&aws, "1").await;
    let stages = |count: usize| Some((0..count).map(|number| format!("stage-{number}")).collect());
    let put = aws.secrets.put_secret_value().secret_id(&name).secret_string("2");
    put.clone().set_version_stages(stages(19)).send().await.unwrap();
    let refused = move_stage(&aws, &name, "one-more", None, Some(&put_id(&aws, &name).await)).await;
    assert_eq!(refused, Err("LimitExceededException".to_owned()));
}

async fn put_id(aws: &Aws, name: &str) -> String {
    aws.get_secret(name).await.version_id.unwrap()
}

#[tokio::test]
async fn old_deprecated_versions_go_and_labelled_ones_stay() {
    let aws = Aws::ours().await;
    let (name, first) = secret(&aws, "kept").await;
    move_stage(&aws, &name, "keep", None, Some(&first)).await.unwrap();
    let mut versions = Vec::new();
    for number in 0..110 {
        versions.push(put(&aws, &name, &number.to_string(), &[]).await);
    }
    // A hundred versions are left: the labelled one, and the newest 99.
    assert!(value(&aws, &name, Some(&versions[10]), None).await.is_err());
    assert_eq!(value(&aws, &name, Some(&versions[11]), None).await, Ok("11".to_owned()));
    assert_eq!(value(&aws, &name, None, Some("keep")).await, Ok("kept".to_owned()));
}

#[tokio::test]
async fn fifty_writers_leave_one_current_and_one_previous() {
    let aws = Aws::any().await;
    let (name, _) = secret(&aws, "0").await;
    let mut writers = JoinSet::new();
    for number in 1..=50 {
        let put = aws
            .secrets
            .put_secret_value()
            .secret_id(&name)
            .secret_string(number.to_string());
        writers.spawn(async move { put.send().await.unwrap() });
    }
    writers.join_all().await;
    let mut labels = labels(&aws, &name).await.into_values().collect::<Vec<_>>();
    labels.sort();
    assert_eq!(labels, [["AWSCURRENT"], ["AWSPREVIOUS"]]);
}
