//! The CPU share of a Lambda function of some memory: a CFS quota, by cgroup v1 or v2, whichever is there.

use std::{fs, path::PathBuf};

use crate::Error;

/// The period of the quota. Lambda does not say its own.
const PERIOD_US: u64 = 20_000;
/// Lambda gives a function one vCPU at this memory (AWS: "Configure Lambda function memory").
const MB_OF_ONE_CPU: u64 = 1_769;

/// A cgroup of ours; it is removed with the value.
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
    /// When there is no cgroup that we may make: that needs root.
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

    /// Limits its members, or lets them run.
    pub(crate) fn limit(&self, limited: bool) -> Result<(), Error> {
        let (file, quota, free) = &self.quota;
        Ok(fs::write(self.group.join(file), if limited { quota } else { free })?)
    }

    /// Starts something inside: a child is where the thread is that starts it.
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
