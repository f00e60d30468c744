//! The CPU share of a Lambda function of a given memory: a CFS quota set by cgroup v1 or v2, whichever the machine has.

use std::{fs, path::PathBuf};

use crate::Error;

/// Period of the quota. Lambda does not document its own.
const PERIOD_US: u64 = 20_000;
/// Lambda gives a function one vCPU at this memory (AWS: "Configure Lambda function memory").
const MB_OF_ONE_CPU: u64 = 1_769;

/// A cgroup for the measured process. Dropping the value removes it.
pub(crate) struct Share {
    group: PathBuf,
    root: PathBuf,
    /// The file that takes a member: v1 takes threads, so the driver's other threads stay outside.
    members: &'static str,
    quota: (&'static str, String, String),
}

impl Share {
    /// The share of a function of `mb`.
    ///
    /// # Errors
    /// When no cgroup can be created, which needs root.
    pub(crate) fn of(mb: u64) -> Result<Self, Error> {
        let quota = PERIOD_US * mb / MB_OF_ONE_CPU;
        let name = format!("process-bench-{}", std::process::id());
        let v1 = PathBuf::from("/sys/fs/cgroup/cpu");
        let v2 = PathBuf::from("/sys/fs/cgroup");
        if v1.join("cpu.cfs_quota_us").exists() || v1.join("tasks").exists() {
            let group = v1.join(name);
            fs::create_dir_all(&group)?;
            fs::write(group.join("cpu.cfs_period_us"), PERIOD_US.to_string())?;
            Ok(Self {
                group,
                root: v1,
                members: "tasks",
                quota: ("cpu.cfs_quota_us", quota.to_string(), "-1".to_owned()),
            })
        } else if v2.join("cgroup.controllers").exists() {
            fs::write(v2.join("cgroup.subtree_control"), "+cpu")?;
            let group = v2.join(name);
            fs::create_dir_all(&group)?;
            let limited = format!("{quota} {PERIOD_US}");
            let free = format!("max {PERIOD_US}");
            Ok(Self {
                group,
                root: v2,
                members: "cgroup.procs",
                quota: ("cpu.max", limited, free),
            })
        } else {
            Err("there is no cgroup for CPU time".into())
        }
    }

    /// Turns the limit on or off.
    pub(crate) fn limit(&self, limited: bool) -> Result<(), Error> {
        let (file, quota, free) = &self.quota;
        Ok(fs::write(self.group.join(file), if limited { quota } else { free })?)
    }

    /// Starts a child inside the cgroup: a child inherits the cgroup of the thread that starts it.
    pub(crate) fn start<T>(&self, start: impl FnOnce() -> T) -> Result<T, Error> {
        fs::write(self.group.join(self.members), "0")?;
        let started = start();
        fs::write(self.root.join(self.members), "0")?;
        Ok(started)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // It stays if a process is in it still; it costs nothing.
        let _ = fs::remove_dir(&self.group);
    }
}
