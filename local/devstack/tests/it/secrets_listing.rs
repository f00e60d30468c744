//! Lists of secrets.

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SortOrderType};

use crate::clients::{Aws, code};

#[tokio::test]
async fn a_filter_matches_the_beginning_of_a_name() {
    let aws = Aws::ours().await;
    aws.create_secret("a/contacts", "s").await;
    aws.create_secret("b/contacts", "s").await;
    let list = |key, value: &str| {
        let filter = Filter::builder().key(key).values(value).build();
        aws.secrets.list_secrets().filters(filter).send()
    };
    for (value, expected) in [("a/", vec!["a/contacts"]), ("contacts", vec![])] {
        let listed = list(FilterNameStringType::Name, value).await.unwrap();
        let names = listed.secret_list().iter().map(|entry| entry.name().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), expected);
    }
    for (key, value) in [(FilterNameStringType::TagKey, "a"), (FilterNameStringType::Name, "!a")] {
        let refused = list(key, value).await.unwrap_err();
        assert_eq!(code(&refused), "InvalidRequestException");
    }
}

#[tokio::test]
async fn a_list_comes_in_pages_and_loses_nothing() {
    let aws = Aws::ours().await;
    for number in 0..5 {
        aws.create_secret(format!("secret-{number}"), "s").await;
    }
    for (order, expected) in [
        (SortOrderType::Asc, [0, 1, 2, 3, 4]),
        (SortOrderType::Desc, [4, 3, 2, 1, 0]),
    ] {
        let list = aws.secrets.list_secrets().sort_order(order).max_results(2);
        let mut pages = list.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            names.extend(page.secret_list().iter().map(|entry| entry.name().unwrap().to_owned()));
        }
        assert_eq!(names, expected.map(|number| format!("secret-{number}")));
    }
    let broken = aws.secrets.list_secrets().next_token("no token").send().await;
    assert_eq!(code(&broken.unwrap_err()), "InvalidNextTokenException");
    for results in [0, 101] {
        let refused = aws.secrets.list_secrets().max_results(results).send().await;
        assert_eq!(code(&refused.unwrap_err()), "ValidationException");
    }
}

#[tokio::test]
async fn an_entry_has_no_value_and_names_its_versions() {
    let aws = Aws::ours().await;
    let created = aws.create_secret("a", "s").await;
    let list = aws.secrets.list_secrets().send().await.unwrap();
    let versions = list.secret_list()[0].secret_versions_to_stages().unwrap();
    assert_eq!(versions[created.version_id().unwrap()], ["AWSCURRENT"]);
}
