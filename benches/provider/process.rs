//! What a process has used, from `/proc` and its processor clock.

use std::{fs, path::Path, time::Duration};

use nix::{time::clock_getcpuclockid, unistd::Pid};

/// What a process has used so far. Sizes are in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Processor time, its own and the system's for it.
    pub(crate) cpu: Duration,
    /// Memory that is resident now.
    pub(crate) resident: u64,
    /// The same, where a page that several processes share counts in part.
    pub(crate) proportional: u64,
    /// The most that ever was resident.
    pub(crate) peak: u64,
}

impl Usage {
    /// # Panics
    ///
    /// Panics if there is no such process.
    pub(crate) fn of(pid: Pid) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        Self {
            cpu: cpu(pid).unwrap(),
            resident: size(&status, "VmRSS:").unwrap(),
            proportional: size(&rollup, "Pss:").unwrap(),
            peak: size(&status, "VmHWM:").unwrap(),
        }
    }
}

/// Processor time and peak of resident memory of each process that runs this program right now. A process that ends
/// meanwhile is left out.
pub(crate) fn running(program: &Path) -> Vec<(Pid, Duration, u64)> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| path == program)
    })
    .filter_map(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let pid = Pid::from_raw(pid);
        Some((pid, cpu(pid)?, size(&status, "VmHWM:")?))
    })
    .collect()
}

/// Processor time that a process has used so far. None where there is no such process.
pub(crate) fn cpu(pid: Pid) -> Option<Duration> {
    let clock = clock_getcpuclockid(pid).ok()?;
    Some(clock.now().ok()?.into())
}

/// A size that stands there in kibibytes.
fn size(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
