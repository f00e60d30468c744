//! Data of the samples: tenants, corporations, callbacks and install links.

use wecom_callback::{Credentials, EncodingAesKey, Token};

/// The third-party app.
pub const SUITE_ID: &str = "ww3f2a9c41d07be865";
/// Its provider.
pub const PROVIDER_CORP_ID: &str = "ww8d5e1f7a3c9b2046";
/// Both, as the suite's secret holds them.
pub const SUITE: &str = r#"{
    "suite_id": "ww3f2a9c41d07be865",
    "suite_secret": "suite-secret-of-the-samples",
    "token": "suiteTokenOfTheSamples",
    "encoding_aes_key": "suiteKeyOfTheSamples0123456789abcdefghijklA",
    "provider_corp_id": "ww8d5e1f7a3c9b2046",
    "provider_secret": "provider-secret-of-the-samples"
}"#;
/// A template of customised apps (代开发).
pub const TEMPLATE_ID: &str = "dk4c5d6e7f80912a3b";
/// As its secret holds it.
pub const TEMPLATE: &str = r#"{
    "suite_id": "dk4c5d6e7f80912a3b",
    "kind": "customized",
    "permissions": ["contact:base:base", "externalcontact:base:base"],
    "suite_secret": "template-secret-of-the-samples",
    "token": "templateTokenOfTheSamples",
    "encoding_aes_key": "templateKeyOfTheSamples0123456789abcdefghiA",
    "provider_corp_id": "ww8d5e1f7a3c9b2046",
    "provider_secret": "provider-secret-of-the-samples"
}"#;
/// The sealing key ring.
pub const KEY_RING: &str = r#"{"primary":"samples","keys":{"samples":"c2VhbGluZyBrZXkgb2YgdGhlIHNhbXBsZXMgMzIgYi4="}}"#;

/// A tenant that has done everything but press 完成配置.
pub const ACME: Tenant = Tenant {
    id: "acme",
    open_corp_id: "wpAcmeSamples0123456789",
    corp_id: "ww0a1b2c3d4e5f6071",
    name: "云帆科技有限公司",
};
/// A tenant that has installed the app.
pub const GLOBEX: Tenant = Tenant {
    id: "globex",
    open_corp_id: "wpGlobexSamples0123456789",
    corp_id: "ww1a1b2c3d4e5f6072",
    name: "青山茶业有限公司",
};
/// A tenant that has entered the 通讯录Secret, and has not pasted the values yet.
pub const INITECH: Tenant = Tenant {
    id: "initech",
    open_corp_id: "wpInitechSamples0123456789",
    corp_id: "ww2a1b2c3d4e5f6073",
    name: "东湖软件有限公司",
};
/// A tenant whose app was installed by a member.
pub const UMBRELLA: Tenant = Tenant {
    id: "umbrella",
    open_corp_id: "wpUmbrellaSamples0123456789",
    corp_id: "ww3a1b2c3d4e5f6074",
    name: "南山制药有限公司",
};
/// A tenant that has set a callback domain that leads nowhere.
pub const STARK: Tenant = Tenant {
    id: "stark",
    open_corp_id: "wpStarkSamples0123456789",
    corp_id: "ww4a1b2c3d4e5f6075",
    name: "北辰工业有限公司",
};
/// A tenant that has done nothing yet.
pub const HOOLI: Tenant = Tenant {
    id: "hooli",
    open_corp_id: "wpHooliSamples0123456789",
    corp_id: "ww5a1b2c3d4e5f6076",
    name: "西子网络有限公司",
};
/// A tenant that has not confirmed the corporation that scanned its QR code.
pub const WONKA: Tenant = Tenant {
    id: "wonka",
    open_corp_id: "wpWonkaSamples0123456789",
    corp_id: "ww6a1b2c3d4e5f6077",
    name: "锦江食品有限公司",
};
/// All of them.
pub const TENANTS: [Tenant; 7] = [ACME, GLOBEX, INITECH, UMBRELLA, STARK, HOOLI, WONKA];

/// A tenant and its corporation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant's id.
    pub id: &'static str,
    /// The corporation as this provider sees it.
    pub open_corp_id: &'static str,
    /// 企业ID.
    pub corp_id: &'static str,
    /// The corporation's name.
    pub name: &'static str,
}

impl Tenant {
    /// Its 通讯录Secret.
    #[must_use]
    pub fn contacts_secret(&self) -> String {
        format!("contacts-secret-of-{}", self.id)
    }

    /// Its 客户Secret.
    #[must_use]
    pub fn external_contacts_secret(&self) -> String {
        format!("external-contacts-secret-of-{}", self.id)
    }

    /// The permanent code of its installation.
    #[must_use]
    pub fn permanent_code(&self) -> String {
        format!("permanent-code-of-{}", self.id)
    }
}

/// A callback: its id, and the Token and EncodingAESKey of one generation.
#[derive(Debug, Clone, Copy)]
pub struct Address {
    /// The last segment of its URL.
    pub callback_id: &'static str,
    token: &'static str,
    encoding_aes_key: &'static str,
}

impl Address {
    /// The pair.
    ///
    /// # Panics
    /// Never: the constants below are of the right form.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials {
            token: Token::parse(self.token).expect("letters and digits"),
            encoding_aes_key: EncodingAesKey::parse(self.encoding_aes_key).expect("43 letters and digits"),
        }
    }
}

/// ACME's contacts callback, with the values in use (generation 2).
pub const ACME_CONTACTS: Address = Address {
    callback_id: "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",
    token: "acmeContactsToken2",
    encoding_aes_key: "acmeContactsKey2000123456789abcdefghijklmnA",
};
/// The same with the values before, in their grace period (generation 1).
pub const ACME_CONTACTS_BEFORE: Address = Address {
    token: "acmeContactsToken1",
    encoding_aes_key: "acmeContactsKey1000123456789abcdefghijklmnA",
    ..ACME_CONTACTS
};
/// ACME's external contacts callback.
pub const ACME_EXTERNAL_CONTACTS: Address = Address {
    callback_id: "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2",
    token: "acmeExternalToken1",
    encoding_aes_key: "acmeExternalKey1000123456789abcdefghijklmnA",
};
/// INITECH's contacts callback, which waits for WeCom's check.
pub const INITECH_CONTACTS: Address = Address {
    callback_id: "b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1",
    token: "initechContactsToken1",
    encoding_aes_key: "initechContactsKey10123456789abcdefghijklmA",
};
/// STARK's contacts callback.
pub const STARK_CONTACTS: Address = Address {
    callback_id: "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1",
    token: "starkContactsToken1",
    encoding_aes_key: "starkContactsKey1000123456789abcdefghijklmA",
};
/// The suite's command callback.
pub const SUITE_CALLBACK: Address = Address {
    callback_id: "",
    token: "suiteTokenOfTheSamples",
    encoding_aes_key: "suiteKeyOfTheSamples0123456789abcdefghijklA",
};

/// The secret of an assist link for INITECH's contacts callback that nobody has opened.
pub const NEW_ASSIST: &str = "61616161616161616161616161616161";
/// That of one that the browser with [`COOKIE`] has opened.
pub const OPENED_ASSIST: &str = "62626262626262626262626262626262";

/// An install link that nobody has opened.
pub const NEW_LINK: &str = "51515151515151515151515151515151";
/// One that the browser with [`COOKIE`] has opened.
pub const OPENED_LINK: &str = "52525252525252525252525252525252";
/// One that has ended with an installation.
pub const USED_LINK: &str = "53535353535353535353535353535353";
/// One whose time is over.
pub const EXPIRED_LINK: &str = "54545454545454545454545454545454";
/// A QR code of [`TEMPLATE`] that nobody has scanned.
pub const QR_CODE: &str = "55555555555555555555555555555555";
/// The value of that browser's cookie.
pub const COOKIE: &str = "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0";
/// The `auth_code` with which WeCom sends it back; HOOLI's corporation is the one that confirmed, or scanned.
pub const AUTH_CODE: &str = "auth-code-of-hooli";
