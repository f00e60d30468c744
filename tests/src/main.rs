//! Command-line interface of the samples' environment; see the library.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr},
    process::ExitCode,
};

use aws_credential_types::Credentials;
use devstack::Devstack;
use tests::{
    Error, Names,
    expectation::{self, EXPECTED},
    people::{
        ACME, ACME_CONTACTS, ACME_CONTACTS_BEFORE, INITECH, INITECH_CONTACTS, PROVIDER_CORP_ID, SUITE_CALLBACK,
        SUITE_ID,
    },
    sealed_check, sealed_event, seed, wecom,
};
use tokio::net::TcpListener;
use wecom_authorization::entry::aws_config;

const USAGE: &str = "usage: tests stage [ADDRESS]
       tests judge SAMPLE <ANSWER
       tests seal event | event-before | check | initech-check | suite-event | suite-check TEXT";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["stage"] => stage(Ipv4Addr::LOCALHOST.into()).await,
        ["stage", address] => match address.parse() {
            Ok(address) => stage(address).await,
            Err(_) => Err(USAGE.into()),
        },
        ["judge", sample] => judge(sample),
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

/// The stage at the ports that `env.samples.json` names, in memory, until the process is ended.
async fn stage(address: IpAddr) -> Result<(), Error> {
    let devstack = Devstack::start(devstack::Options {
        listen: (address, 4566).into(),
        data: None,
    })
    .await?;
    let listener = TcpListener::bind((address, 3100)).await?;
    let credentials = Credentials::new("local", "local", None, None, "samples");
    let endpoint_url = devstack.endpoint_url().to_owned();
    let aws = aws_config("us-east-1".to_owned(), credentials, Some(endpoint_url));
    seed(&aws, &Names::default()).await?;
    print("the samples' stage is set: stores at port 4566, WeCom at port 3100; Ctrl-C ends it");
    wecom::serve(listener, wecom::Asked::default()).await?;
    Ok(())
}

/// `asks` is not compared: the calls to WeCom are received by another process.
fn judge(sample: &str) -> Result<(), Error> {
    let stem = sample.strip_suffix(".json").ok_or(USAGE)?;
    let mut expected: serde_json::Value = serde_json::from_str(&fs::read_to_string(format!("{stem}{EXPECTED}"))?)?;
    expected.as_object_mut().ok_or(USAGE)?.remove("asks");
    let answer = expectation::printed(serde_json::from_reader(io::stdin())?);
    if let Some(difference) = expectation::difference(&expected, &answer) {
        return Err(format!("{sample}: {difference}").into());
    }
    print(&format!("ok     {sample}"));
    Ok(())
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
    print(&format!("{sealed:#}"));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
fn print(text: &str) {
    println!("{text}");
}
