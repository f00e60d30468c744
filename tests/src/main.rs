//! What the samples' stage has to offer on the command line; see the library.

use std::process::ExitCode;

use aws_credential_types::Credentials;
use tests::{
    Error, Names,
    people::{
        ACME, ACME_CONTACTS, ACME_CONTACTS_BEFORE, INITECH, INITECH_CONTACTS, PROVIDER_CORP_ID, SUITE_CALLBACK,
        SUITE_ID,
    },
    sealed_check, sealed_event, seed,
};
use wecom_authorization::startup::aws_config;

const USAGE: &str = "usage: tests seed ENDPOINT_URL
       tests seal event | event-before | check | initech-check | suite-event | suite-check TEXT";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["seed", endpoint_url] => fill(endpoint_url).await,
        ["seal", kind, text] => print_sealed(kind, text),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn fill(endpoint_url: &str) -> Result<(), Error> {
    let credentials = Credentials::new("local", "local", None, None, "samples");
    let aws = aws_config("us-east-1".to_owned(), credentials, Some(endpoint_url.to_owned()));
    seed(&aws, &Names::default()).await
}

fn print_sealed(kind: &str, text: &str) -> Result<(), Error> {
    let letter = match kind {
        "event" => sealed_event(&ACME_CONTACTS, ACME.corp_id, text),
        "event-before" => sealed_event(&ACME_CONTACTS_BEFORE, ACME.corp_id, text),
        "check" => sealed_check(&ACME_CONTACTS, ACME.corp_id, text),
        "initech-check" => sealed_check(&INITECH_CONTACTS, INITECH.corp_id, text),
        "suite-event" => sealed_event(&SUITE_CALLBACK, SUITE_ID, text),
        "suite-check" => sealed_check(&SUITE_CALLBACK, PROVIDER_CORP_ID, text),
        _ => return Err(USAGE.into()),
    };
    let sealed = serde_json::json!({"rawQueryString": letter.query, "body": letter.body});
    #[expect(clippy::print_stdout, reason = "this is the command's output")]
    {
        println!("{sealed:#}");
    }
    Ok(())
}
