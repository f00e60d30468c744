//! The data directory: settings that survive a restart.

use std::{
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wecom_authorization::{
    entropy::{Entropy as _, Generator, SystemEntropy, hex},
    webhook::SigningSecrets,
};
use wecom_callback::{EncodingAesKey, Token};

use crate::StartError;

/// Values that are generated once, at the first start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Key that signs the admin tokens.
    pub(crate) token_key: String,
    /// Ports of the last start. They are requested again, so that links and saved callback URLs stay valid.
    pub(crate) ports: Ports,
    pub(crate) suite: Suite,
    /// Missing in directories of versions before several suites.
    #[serde(default = "Suite::generate")]
    pub(crate) test_suite: Suite,
    /// What webhooks are signed with. Missing in directories of versions before webhooks.
    #[serde(default = "webhook_secret")]
    pub(crate) webhook_secret: String,
    /// Template of customised apps (代开发); missing in directories of versions before them.
    #[serde(default = "Suite::generate_template")]
    pub(crate) template: Suite,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) gateway: Option<u16>,
    pub(crate) aws: Option<u16>,
    pub(crate) simulator: Option<u16>,
    #[serde(default)]
    pub(crate) workbench: Option<u16>,
}

/// A suite, as in `local.json` and in the suite's secret.
#[expect(clippy::struct_field_names, reason = "WeCom's names for them")]
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Suite {
    pub(crate) suite_id: String,
    pub(crate) suite_secret: String,
    pub(crate) token: String,
    pub(crate) encoding_aes_key: String,
    pub(crate) provider_corp_id: String,
    pub(crate) provider_secret: String,
}

impl std::fmt::Debug for Suite {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Suite")
            .field("suite_id", &self.suite_id)
            .finish_non_exhaustive()
    }
}

impl Suite {
    fn generate() -> Self {
        let mut generator = Generator(&SystemEntropy);
        Self {
            suite_id: format!("ww{}", random_hex(8)),
            suite_secret: random_hex(24),
            token: Token::generate(&mut generator).expose().to_owned(),
            encoding_aes_key: EncodingAesKey::generate(&mut generator).expose().to_owned(),
            provider_corp_id: format!("ww{}", random_hex(8)),
            provider_secret: random_hex(24),
        }
    }

    fn generate_template() -> Self {
        Self {
            suite_id: format!("dk{}", random_hex(8)),
            ..Self::generate()
        }
    }
}

impl Settings {
    fn generate() -> Self {
        Self {
            token_key: random_hex(32),
            ports: Ports::default(),
            suite: Suite::generate(),
            test_suite: Suite::generate(),
            webhook_secret: webhook_secret(),
            template: Suite::generate_template(),
        }
    }

    /// The same settings, with all suites of one provider.
    fn of_one_provider(mut self) -> Self {
        for other in [&mut self.test_suite, &mut self.template] {
            other.provider_corp_id.clone_from(&self.suite.provider_corp_id);
            other.provider_secret.clone_from(&self.suite.provider_secret);
        }
        self
    }
}

fn webhook_secret() -> String {
    SigningSecrets::generate(&SystemEntropy)
}

pub(crate) fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    SystemEntropy.fill(&mut random);
    hex(&random)
}

/// The data directory of one running instance.
#[derive(Debug, Clone)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Opens the directory; creates it, readable by its owner only, when it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, StartError> {
        let unusable = |source| StartError::Directory {
            path: path.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(unusable)?;
        let directory = Self(path.canonicalize().map_err(unusable)?);
        // An unwritable directory fails here instead of at the first write.
        directory
            .write("writable", "")
            .and_then(|()| directory.remove("writable"))
            .map_err(unusable)?;
        Ok(directory)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn settings(&self) -> Result<Settings, StartError> {
        let unusable = |source| StartError::Directory {
            path: self.path("settings.json"),
            source,
        };
        if let Some(settings) = self.read::<Settings>("settings.json").map_err(unusable)? {
            return Ok(settings.of_one_provider());
        }
        let settings = Settings::generate().of_one_provider();
        self.write_json("settings.json", &settings).map_err(unusable)?;
        Ok(settings)
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn write_json<T: Serialize>(&self, name: &str, value: &T) -> io::Result<()> {
        self.write(name, &format!("{}\n", serde_json::to_string_pretty(value)?))
    }

    /// Replaces a file atomically, readable by its owner only.
    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let unfinished = self.path(&format!("{name}.new"));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        fs::rename(unfinished, self.path(name))
    }

    /// Removes a file that must not be left over.
    pub(crate) fn discard(&self, name: &str) -> Result<(), StartError> {
        self.remove(name).map_err(|source| StartError::Directory {
            path: self.path(name),
            source,
        })
    }

    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// Addresses to try: the port of the last start, so that links and saved callback URLs stay valid (at the first start the
/// `preferred` one), then any free port.
pub(crate) fn loopback(before: Option<u16>, preferred: u16) -> [SocketAddr; 2] {
    [before.unwrap_or(preferred), 0].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}
