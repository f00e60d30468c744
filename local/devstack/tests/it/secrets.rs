//! Secrets: making, reading and changing them, the limits of what they hold, and who may ask.

use aws_sdk_secretsmanager::primitives::Blob;

use crate::clients::{Aws, code, unique};

#[tokio::test]
async fn what_was_created_is_read() {
    let aws = Aws::any().await;
    let name = unique("tenant/contacts");
    let created = aws.create_secret(&name, "s3cret").await;
    let read = aws.get_secret(&name).await;
    assert_eq!(read.secret_string(), Some("s3cret"));
    assert_eq!((read.name(), read.arn()), (Some(name.as_str()), created.arn()));
    assert_eq!(
        (read.version_id(), read.version_stages()),
        (created.version_id(), ["AWSCURRENT".to_owned()].as_slice())
    );
    assert!(read.created_date().is_some());
    assert_eq!(read.secret_binary(), None);
}

#[tokio::test]
async fn bytes_are_read_as_bytes() {
    let aws = Aws::any().await;
    let name = unique("bytes");
    let bytes = Blob::new(vec![0, 159, 146, 150, 255]);
    aws.secrets
        .create_secret()
        .name(&name)
        .secret_binary(bytes.clone())
        .send()
        .await
        .unwrap();
    let read = aws.get_secret(&name).await;
    assert_eq!((read.secret_binary(), read.secret_string()), (Some(&bytes), None));
}

#[tokio::test]
async fn an_arn_has_the_name_and_six_more_characters_and_keeps_them() {
    let aws = Aws::any().await;
    let name = unique("arn");
    let arn = aws.create_secret(&name, "1").await.arn.unwrap();
    let (before, suffix) = arn.rsplit_once('-').unwrap();
    assert!(before.starts_with("arn:aws:secretsmanager:eu-central-1:"), "{arn}");
    assert!(before.ends_with(&format!(":secret:{name}")), "{arn}");
    assert!(
        suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{arn}"
    );
    aws.put_secret(&name, "2").await;
    assert_eq!(aws.describe_secret(&name).await.arn(), Some(arn.as_str()));
}

#[tokio::test]
async fn a_secret_is_found_by_its_name_its_arn_and_its_arn_without_the_suffix() {
    let aws = Aws::any().await;
    let name = unique("path/found");
    let arn = aws.create_secret(&name, "s").await.arn.unwrap();
    for id in [name.as_str(), &arn, &arn[..arn.len() - 7]] {
        let read = aws.secrets.get_secret_value().secret_id(id).send().await;
        assert_eq!(read.unwrap().name(), Some(name.as_str()), "{id}");
    }
    for id in [
        &arn[..arn.len() - 1],
        &arn[..arn.len() - 9],
        &format!("{}AAAAAA", &arn[..arn.len() - 6]),
    ] {
        let refused = aws.secrets.get_secret_value().secret_id(id).send().await.unwrap_err();
        assert_eq!(code(&refused), "ResourceNotFoundException", "{id}");
    }
}

/// As recorded from AWS: the end of the name is taken for the suffix.
#[tokio::test]
async fn a_name_that_ends_like_a_suffix_is_not_found_by_half_its_arn() {
    let aws = Aws::any().await;
    let name = format!("{}-a1b2c3", unique("trap"));
    let arn = aws.create_secret(&name, "s").await.arn.unwrap();
    assert!(aws.secrets.get_secret_value().secret_id(&arn).send().await.is_ok());
    let half = aws
        .secrets
        .get_secret_value()
        .secret_id(&arn[..arn.len() - 7])
        .send()
        .await;
    assert_eq!(code(&half.unwrap_err()), "ResourceNotFoundException");
}

#[tokio::test]
async fn every_operation_on_a_secret_that_is_not_there_says_so() {
    let aws = Aws::any().await;
    let missing = unique("missing");
    let not_found = "ResourceNotFoundException";
    let aws = &aws.secrets;
    assert_eq!(
        code(&aws.get_secret_value().secret_id(&missing).send().await.unwrap_err()),
        not_found
    );
    assert_eq!(
        code(&aws.describe_secret().secret_id(&missing).send().await.unwrap_err()),
        not_found
    );
    assert_eq!(
        code(&aws.delete_secret().secret_id(&missing).send().await.unwrap_err()),
        not_found
    );
    assert_eq!(
        code(&aws.restore_secret().secret_id(&missing).send().await.unwrap_err()),
        not_found
    );
    let put = aws
        .put_secret_value()
        .secret_id(&missing)
        .secret_string("s")
        .send()
        .await;
    assert_eq!(code(&put.unwrap_err()), not_found);
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let aws = Aws::any().await;
    let name = unique("taken");
    aws.create_secret(&name, "s").await;
    let again = aws
        .secrets
        .create_secret()
        .name(&name)
        .secret_string("s")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&again), "ResourceExistsException");
    let empty = aws.secrets.create_secret().name(&name).send().await.unwrap_err();
    assert_eq!(code(&empty), "ResourceExistsException");
}

#[tokio::test]
async fn a_name_has_letters_digits_and_seven_signs() {
    let aws = Aws::any().await;
    let valid = format!("{}/_+=.@-", unique("Valid"));
    aws.create_secret(valid, "s").await;
    for name in [
        "Inv Name",
        " Inv",
        "Inv*Name?",
        "Inv\\Name",
        "企业",
        "",
        &"x".repeat(513),
    ] {
        let refused = aws
            .secrets
            .create_secret()
            .name(name)
            .secret_string("s")
            .send()
            .await
            .unwrap_err();
        assert_eq!(code(&refused), "ValidationException", "{name:?}");
    }
}

#[tokio::test]
async fn a_value_has_at_most_64_kilobytes_and_at_least_one() {
    let aws = Aws::any().await;
    let name = unique("size");
    let most = "x".repeat(65_536);
    aws.create_secret(&name, &most).await;
    let read = aws.get_secret(&name).await;
    assert_eq!(read.secret_string(), Some(most.as_str()));
    for value in [format!("{most}x"), String::new()] {
        let put = aws
            .secrets
            .put_secret_value()
            .secret_id(&name)
            .secret_string(value)
            .send()
            .await;
        assert_eq!(code(&put.unwrap_err()), "ValidationException");
    }
    let binary = Blob::new(vec![0; 65_537]);
    let put = aws
        .secrets
        .put_secret_value()
        .secret_id(&name)
        .secret_binary(binary)
        .send()
        .await;
    assert_eq!(code(&put.unwrap_err()), "ValidationException");
}

#[tokio::test]
async fn a_value_is_text_or_bytes() {
    let aws = Aws::any().await;
    let name = unique("both");
    let both = aws
        .secrets
        .create_secret()
        .name(&name)
        .secret_string("s")
        .secret_binary(Blob::new("s"))
        .send()
        .await;
    assert_eq!(code(&both.unwrap_err()), "InvalidParameterException");
    aws.secrets.create_secret().name(&name).send().await.unwrap();
    let neither = aws
        .secrets
        .put_secret_value()
        .secret_id(&name)
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&neither), "InvalidRequestException");
}

#[tokio::test]
async fn a_secret_without_a_value_has_no_version_until_one_is_put() {
    let aws = Aws::any().await;
    let name = unique("empty");
    let created = aws.secrets.create_secret().name(&name).send().await.unwrap();
    assert_eq!(created.version_id(), None);
    let described = aws.describe_secret(&name).await;
    assert_eq!(described.version_ids_to_stages(), None);
    let read = aws
        .secrets
        .get_secret_value()
        .secret_id(&name)
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&read), "ResourceNotFoundException");
    aws.put_secret(&name, "s").await;
    assert!(aws.secrets.get_secret_value().secret_id(&name).send().await.is_ok());
}

#[tokio::test]
async fn a_request_without_a_signature_is_refused() {
    let aws = Aws::ours().await;
    let headers = [
        ("x-amz-target", "secretsmanager.ListSecrets"),
        ("content-type", "application/x-amz-json-1.1"),
    ];
    let (status, body) = aws.raw("POST", "/", &headers, "{}").await;
    assert_eq!(status, 400);
    assert!(
        body["__type"]
            .as_str()
            .unwrap()
            .ends_with("MissingAuthenticationTokenException"),
        "{body}"
    );
    for part in [
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20260101/r/s/aws4_request",
    ] {
        let headers = [
            headers[0],
            headers[1],
            ("authorization", part),
            ("x-amz-date", "20260101T000000Z"),
        ];
        let (status, body) = aws.raw("POST", "/", &headers, "{}").await;
        assert_eq!(status, 400);
        assert!(
            body["__type"]
                .as_str()
                .unwrap()
                .ends_with("IncompleteSignatureException"),
            "{body}"
        );
    }
}

/// As recorded from AWS; its clients always send one.
#[tokio::test]
async fn a_value_without_a_token_is_refused() {
    let aws = Aws::ours().await;
    let body = r#"{"Name":"a","SecretString":"s"}"#;
    let (status, answer) = aws.raw("POST", "/", &signed("secretsmanager.CreateSecret"), body).await;
    assert_eq!(status, 400);
    assert_eq!(answer["__type"], "InvalidRequestException");
    assert_eq!(
        answer["Message"],
        "You must provide a ClientRequestToken value. We recommend a UUID-type value."
    );
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let aws = Aws::ours().await;
    for body in ["", "{", r#"{"SecretId":7}"#] {
        let (status, answer) = aws
            .raw("POST", "/", &signed("secretsmanager.DescribeSecret"), body)
            .await;
        assert_eq!(
            (status.as_u16(), &answer["__type"]),
            (400, &"SerializationException".into()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn refuses_operations_that_it_does_not_implement() {
    let aws = Aws::ours().await;
    aws.create_secret("a", "s").await;
    let rotate = aws.secrets.rotate_secret().secret_id("a").send().await.unwrap_err();
    assert_eq!(code(&rotate), "InvalidRequestException");
    let region = aws_sdk_secretsmanager::types::ReplicaRegionType::builder()
        .region("eu-west-1")
        .build();
    let replicate = aws
        .secrets
        .replicate_secret_to_regions()
        .secret_id("a")
        .add_replica_regions(region.clone());
    assert_eq!(code(&replicate.send().await.unwrap_err()), "InvalidRequestException");
    let create = aws
        .secrets
        .create_secret()
        .name("b")
        .add_replica_regions(region)
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&create), "InvalidRequestException");
    let update = aws.secrets.update_secret().secret_id("a").description("d").send().await;
    assert_eq!(code(&update.unwrap_err()), "InvalidRequestException");
    for target in ["secretsmanager.MakeCoffee", "AmazonSNS.Publish"] {
        let (status, answer) = aws.raw("POST", "/", &signed(target), "{}").await;
        assert_eq!(
            (status.as_u16(), &answer["__type"]),
            (400, &"UnknownOperationException".into()),
            "{target}"
        );
    }
}

fn signed(target: &str) -> [(&str, &str); 4] {
    let authorization = "AWS4-HMAC-SHA256 Credential=LOCAL/20260101/eu-central-1/secretsmanager/aws4_request, \
                         SignedHeaders=host, Signature=0";
    [
        ("x-amz-target", target),
        ("content-type", "application/x-amz-json-1.1"),
        ("authorization", authorization),
        ("x-amz-date", "20260101T000000Z"),
    ]
}
