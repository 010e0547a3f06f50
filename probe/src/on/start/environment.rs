//! What the environment says about the board, which has the last word.

use nix::unistd::{Gid, Group};

use super::config::{Config, permissions};
use crate::layout::{MAX_BOARD_BYTES, plan};
use crate::on::ground::settings::environment_is_trusted;

/// Lets the environment have its say; a set-uid program's is not asked.
pub(super) fn apply(mut config: Config) -> Config {
    if !environment_is_trusted() {
        return config;
    }
    let complaints = &mut config.complaints;
    let mut get = |key: &str| {
        let value = std::env::var_os(key).filter(|value| !value.is_empty())?;
        let text = value.into_string();
        text.inspect_err(|value| {
            complaints.push(format!("ignored {key}={}: not UTF-8", value.to_string_lossy()));
        })
        .ok()
    };
    let keys = ["PROBE", "PROBE_BOARD", "PROBE_MODE", "PROBE_GROUP", "PROBE_SIZE"];
    let values = keys.map(&mut get);
    let (keep, filter) = (get("PROBE_KEEP"), get("PROBE_FILTER"));
    type Take = fn(&mut Config, &str) -> Result<(), &'static str>;
    let takes: [Take; 5] = [on, place, mode, group, size];
    for ((key, value), take) in keys.iter().zip(values).zip(takes) {
        if let Some(value) = value
            && let Err(want) = take(&mut config, &value)
        {
            config.complaints.push(format!("ignored {key}={value}: {want}"));
        }
    }
    config.keep |= keep.is_some_and(|value| value != "0");
    config.filter = filter.unwrap_or_default();
    config
}

fn on(config: &mut Config, value: &str) -> Result<(), &'static str> {
    match value {
        "on" => {}
        "off" => config.off = true,
        _ => return Err("expected on or off"),
    }
    Ok(())
}

fn place(config: &mut Config, value: &str) -> Result<(), &'static str> {
    let place = value.split_once(':').filter(|(_, directory)| !directory.is_empty());
    match (value, place) {
        ("shm", _) => config.directory = None,
        (_, Some((kind @ ("file" | "disk"), directory))) => {
            config.directory = Some(directory.into());
            config.on_disk = kind == "disk";
        }
        _ => return Err("expected shm or file:DIR"),
    }
    Ok(())
}

fn mode(config: &mut Config, value: &str) -> Result<(), &'static str> {
    let bits = u32::from_str_radix(value, 8).ok().filter(|&bits| bits <= 0o777);
    let bits = bits.ok_or("expected octal permissions such as 0640")?;
    config.mode = Some(permissions(bits)?);
    Ok(())
}

fn group(config: &mut Config, value: &str) -> Result<(), &'static str> {
    config.group = group_id(value);
    match config.group {
        Some(_) => Ok(()),
        None => Err("expected a group's name or number"),
    }
}

fn size(config: &mut Config, value: &str) -> Result<(), &'static str> {
    let bytes = value.parse().map_err(|_| "expected a number of bytes")?;
    config.size = Some(bytes);
    // As near as a board comes to it, and said: who asked for a gigabyte counts on its room.
    let least = plan(&config.fitted_capacity()).1;
    if bytes as u64 > MAX_BOARD_BYTES {
        let most =
            format!("bounded PROBE_SIZE={value}: a board has at most {MAX_BOARD_BYTES} bytes");
        config.complaints.push(most);
    } else if bytes < least {
        let least = format!("bounded PROBE_SIZE={value}: a board has at least {least} bytes");
        config.complaints.push(least);
    }
    Ok(())
}

/// The id of a group, by number or name. A number is not looked up: that may take a server's answer.
fn group_id(group: &str) -> Option<Gid> {
    let by_name = || Group::from_name(group).ok().flatten().map(|group| group.gid);
    group.parse().ok().map(Gid::from_raw).or_else(by_name)
}
