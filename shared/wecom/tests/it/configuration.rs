//! Base URLs and timeouts.

use std::time::Duration;

use url::Url;
use wecom_client::{BuildError, Client, ClientConfig};

use crate::wecom::{WeCom, a_token, secret};

#[tokio::test]
async fn keeps_the_path_of_the_base_url() {
    let wecom = WeCom::saying([a_token(), a_token()]).await;
    for path in ["/wecom", "/wecom/"] {
        let base_url = Url::parse(&format!("http://{}{path}", wecom.address())).unwrap();
        let client = Client::new(ClientConfig::new(base_url)).unwrap();
        client.access_token("ww1", &secret("s")).await.unwrap();
    }
    for request in wecom.requests() {
        assert_eq!(request.path, "/wecom/cgi-bin/gettoken");
    }
}

#[test]
fn refuses_a_base_url_that_cannot_be_one() {
    for url in [
        "ftp://qyapi.weixin.qq.com",
        "data:text/plain,x",
        "https://user@qyapi.weixin.qq.com",
        "https://:password@qyapi.weixin.qq.com",
        "https://qyapi.weixin.qq.com/?debug=1",
        "https://qyapi.weixin.qq.com/#top",
    ] {
        let refused = Client::new(ClientConfig::new(Url::parse(url).unwrap()));
        assert!(matches!(refused, Err(BuildError::BaseUrl)), "{url}");
    }
    let official = Url::parse(wecom_client::OFFICIAL_API_BASE_URL).unwrap();
    assert!(Client::new(ClientConfig::new(official)).is_ok());
}

#[test]
fn is_patient_for_three_seconds_to_connect_and_five_to_answer() {
    let config = ClientConfig::new(Url::parse("https://example.com").unwrap());
    assert_eq!(config.connect_timeout, Duration::from_secs(3));
    assert_eq!(config.request_timeout, Duration::from_secs(5));
    assert_eq!(config.backoff, Duration::from_millis(100));
}
