//! Lists of secrets and of versions, and tags.

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SortOrderType, Tag};

use crate::clients::{Aws, code, unique};

async fn create(aws: &Aws, name: &str, description: &str, tag: (&str, &str)) {
    let tag = Tag::builder().key(tag.0).value(tag.1).build();
    let create = aws
        .secrets
        .create_secret()
        .name(name)
        .description(description)
        .tags(tag)
        .secret_string("s");
    create.send().await.unwrap();
}

async fn list(aws: &Aws, key: FilterNameStringType, value: &str) -> Vec<String> {
    let filter = Filter::builder().key(key).values(value).build();
    let listed = aws.secrets.list_secrets().filters(filter).send().await.unwrap();
    let mut names = listed
        .secret_list()
        .iter()
        .map(|entry| entry.name().unwrap().to_owned())
        .collect::<Vec<_>>();
    names.sort();
    names
}

#[tokio::test]
async fn a_filter_takes_the_beginning_of_a_name_a_tag_or_a_word() {
    let aws = Aws::ours().await;
    create(&aws, "a/contacts", "The contacts Secret", ("tenant", "one")).await;
    create(&aws, "b/contacts", "of somebody else", ("owner", "two")).await;
    assert_eq!(list(&aws, FilterNameStringType::Name, "a/").await, ["a/contacts"]);
    assert_eq!(list(&aws, FilterNameStringType::Name, "contacts").await, [""; 0]);
    assert_eq!(list(&aws, FilterNameStringType::Name, "!a/").await, ["b/contacts"]);
    assert_eq!(
        list(&aws, FilterNameStringType::Description, "secr").await,
        ["a/contacts"]
    );
    assert_eq!(list(&aws, FilterNameStringType::TagKey, "own").await, ["b/contacts"]);
    assert_eq!(list(&aws, FilterNameStringType::TagValue, "one").await, ["a/contacts"]);
    assert_eq!(
        list(&aws, FilterNameStringType::All, "t").await,
        ["a/contacts", "b/contacts"]
    );
    let unknown = aws
        .secrets
        .list_secrets()
        .filters(Filter::builder().key("colour".into()).values("x").build());
    assert_eq!(code(&unknown.send().await.unwrap_err()), "ValidationException");
}

#[tokio::test]
async fn all_filters_must_hold() {
    let aws = Aws::ours().await;
    create(&aws, "a", "", ("tenant", "one")).await;
    create(&aws, "b", "", ("tenant", "one")).await;
    let filter = |key, value: &str| Filter::builder().key(key).values(value).build();
    let list = aws
        .secrets
        .list_secrets()
        .filters(filter(FilterNameStringType::Name, "b"));
    let list = list
        .filters(filter(FilterNameStringType::TagValue, "one"))
        .send()
        .await
        .unwrap();
    assert_eq!(list.secret_list().len(), 1);
}

#[tokio::test]
async fn a_list_comes_in_pages_and_loses_nothing() {
    let aws = Aws::ours().await;
    for number in 0..5 {
        create(&aws, &format!("secret-{number}"), "", ("a", "b")).await;
    }
    for (order, expected) in [
        (SortOrderType::Asc, [0, 1, 2, 3, 4]),
        (SortOrderType::Desc, [4, 3, 2, 1, 0]),
    ] {
        let mut pages = aws
            .secrets
            .list_secrets()
            .sort_order(order)
            .max_results(2)
            .into_paginator()
            .send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            names.extend(
                page.unwrap()
                    .secret_list()
                    .iter()
                    .map(|entry| entry.name().unwrap().to_owned()),
            );
        }
        assert_eq!(names, expected.map(|number| format!("secret-{number}")));
    }
    let broken = aws
        .secrets
        .list_secrets()
        .next_token("no token")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&broken), "InvalidNextTokenException");
    for results in [0, 101] {
        let refused = aws
            .secrets
            .list_secrets()
            .max_results(results)
            .send()
            .await
            .unwrap_err();
        assert_eq!(code(&refused), "ValidationException");
    }
}

#[tokio::test]
async fn an_entry_has_no_value_and_names_its_versions() {
    let aws = Aws::ours().await;
    let created = aws
        .secrets
        .create_secret()
        .name("a")
        .secret_string("s")
        .send()
        .await
        .unwrap();
    let list = aws.secrets.list_secrets().send().await.unwrap();
    let versions = list.secret_list()[0].secret_versions_to_stages().unwrap();
    assert_eq!(versions[created.version_id().unwrap()], ["AWSCURRENT"]);
}

#[tokio::test]
async fn versions_come_oldest_first_in_pages() {
    let aws = Aws::any().await;
    let name = unique("pages");
    let mut expected = Vec::new();
    expected.push(
        aws.secrets
            .create_secret()
            .name(&name)
            .secret_string("0")
            .send()
            .await
            .unwrap()
            .version_id
            .unwrap(),
    );
    for number in 1..4 {
        let put = aws
            .secrets
            .put_secret_value()
            .secret_id(&name)
            .secret_string(number.to_string());
        expected.push(put.send().await.unwrap().version_id.unwrap());
    }
    let list = aws
        .secrets
        .list_secret_version_ids()
        .secret_id(&name)
        .include_deprecated(true)
        .max_results(3);
    let mut pages = list.into_paginator().send();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        seen.extend(
            page.unwrap()
                .versions()
                .iter()
                .map(|version| version.version_id().unwrap().to_owned()),
        );
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_version_names_the_key_it_lies_under() {
    let aws = Aws::any().await;
    let name = unique("key");
    aws.secrets
        .create_secret()
        .name(&name)
        .secret_string("s")
        .send()
        .await
        .unwrap();
    let list = aws
        .secrets
        .list_secret_version_ids()
        .secret_id(&name)
        .send()
        .await
        .unwrap();
    assert_eq!(list.versions()[0].kms_key_ids(), ["DefaultEncryptionKey"]);
}

#[tokio::test]
async fn tags_are_added_changed_and_removed() {
    let aws = Aws::any().await;
    let name = unique("tags");
    create(&aws, &name, "", ("kept", "1")).await;
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let add = aws
        .secrets
        .tag_resource()
        .secret_id(&name)
        .tags(tag("kept", "2"))
        .tags(tag("gone", "3"));
    add.send().await.unwrap();
    aws.secrets
        .untag_resource()
        .secret_id(&name)
        .tag_keys("gone")
        .send()
        .await
        .unwrap();
    let described = aws.secrets.describe_secret().secret_id(&name).send().await.unwrap();
    assert_eq!(described.tags(), [tag("kept", "2")]);
}
