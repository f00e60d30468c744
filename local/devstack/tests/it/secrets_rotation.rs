//! Rotations that RotateSecret starts, as the caller of the function receives them.

use std::collections::BTreeMap;

use devstack::{Devstack, Options, Rotation};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::clients::{Aws, code};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:rotate";
const OTHER_TOKEN: &str = "another-token-of-thirty-two-chars";

/// An endpoint with the secret `a`, and the rotations that begin there.
async fn begin() -> (Aws, UnboundedReceiver<Rotation>) {
    let devstack = Devstack::start(Options::default()).await.unwrap();
    let rotations = devstack.rotations();
    let aws = Aws::of(devstack);
    let create = aws.secrets.create_secret().name("a").secret_string("1");
    create.send().await.unwrap();
    (aws, rotations)
}

async fn labels(aws: &Aws) -> BTreeMap<String, Vec<String>> {
    let described = aws.describe_secret("a").await;
    described.version_ids_to_stages.unwrap().into_iter().collect()
}

#[tokio::test]
async fn a_rotation_makes_a_version_without_a_value_that_is_pending() {
    let (aws, mut rotations) = begin().await;
    let rotate = aws.secrets.rotate_secret().secret_id("a").rotation_lambda_arn(FUNCTION);
    let started = rotate.send().await.unwrap();
    let version_id = started.version_id.unwrap();
    let rotation = Rotation {
        function_arn: FUNCTION.to_owned(),
        secret_arn: started.arn.unwrap(),
        version_id: version_id.clone(),
    };
    assert_eq!(rotations.recv().await, Some(rotation));
    let described = aws.describe_secret("a").await;
    assert_eq!(
        (described.rotation_enabled, described.rotation_lambda_arn.as_deref()),
        (Some(true), Some(FUNCTION))
    );
    assert_eq!(labels(&aws).await[&version_id], ["AWSPENDING"]);
    let read = aws.secrets.get_secret_value().secret_id("a").version_id(&version_id);
    assert_eq!(code(&read.send().await.unwrap_err()), "ResourceNotFoundException");
    let current = aws.get_secret("a").await;
    assert_eq!(current.secret_string.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_pending_version_is_filled_once() {
    let (aws, _rotations) = begin().await;
    let rotate = aws.secrets.rotate_secret().secret_id("a").rotation_lambda_arn(FUNCTION);
    let version_id = rotate.send().await.unwrap().version_id.unwrap();
    let put = async |value: &str| {
        let put = aws.secrets.put_secret_value().secret_id("a").secret_string(value);
        let put = put.client_request_token(&version_id).version_stages("AWSPENDING");
        put.send().await.map(|_| ()).map_err(|error| code(&error))
    };
    assert_eq!(put("2").await, Ok(()));
    assert_eq!(put("2").await, Ok(()));
    assert_eq!(put("3").await, Err("ResourceExistsException".to_owned()));
    assert_eq!(labels(&aws).await[&version_id], ["AWSPENDING"]);
    let pending = aws
        .secrets
        .get_secret_value()
        .secret_id("a")
        .version_stage("AWSPENDING");
    assert_eq!(pending.send().await.unwrap().secret_string.as_deref(), Some("2"));
}

#[tokio::test]
async fn no_rotation_begins_while_another_is_unfinished() {
    let (aws, mut rotations) = begin().await;
    let rotate = |token: Option<&str>| {
        let rotate = aws.secrets.rotate_secret().secret_id("a").rotation_lambda_arn(FUNCTION);
        rotate.set_client_request_token(token.map(ToOwned::to_owned)).send()
    };
    let version_id = rotate(None).await.unwrap().version_id.unwrap();
    let refused = rotate(Some(OTHER_TOKEN)).await.unwrap_err();
    assert_eq!(code(&refused), "InvalidRequestException");
    // The same once more is the same rotation.
    rotate(Some(&version_id)).await.unwrap();
    assert_eq!(rotations.recv().await, rotations.recv().await);
    assert_eq!(labels(&aws).await.len(), 2);
}

#[tokio::test]
async fn a_secret_without_a_function_is_not_rotated() {
    let (aws, mut rotations) = begin().await;
    let refused = aws.secrets.rotate_secret().secret_id("a").send().await.unwrap_err();
    assert_eq!(code(&refused), "InvalidRequestException");
    let later = aws.secrets.rotate_secret().secret_id("a").rotation_lambda_arn(FUNCTION);
    let refused = later.rotate_immediately(false).send().await.unwrap_err();
    assert_eq!(code(&refused), "InvalidRequestException");
    assert!(rotations.try_recv().is_err());
    assert_eq!(labels(&aws).await.len(), 1);
}
