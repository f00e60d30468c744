//! Stored records of any version: what is read is written and read back as the same.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use wecom_authorization::{
    authorization::{Authorization, Callback},
    sealing::KeyRing,
};

fn same_again<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) {
    if let Ok(record) = serde_json::from_str::<T>(text) {
        let written = serde_json::to_string(&record).expect("a record is JSON");
        let again = serde_json::from_str::<T>(&written).expect("a record that was written is read");
        assert_eq!(again, record);
    }
}

fuzz_target!(|text: &str| {
    same_again::<Authorization>(text);
    same_again::<Callback>(text);
    let _ = KeyRing::parse(&SecretString::from(text));
});
