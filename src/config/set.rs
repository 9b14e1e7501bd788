//! Applies optional settings by functions that do not fail. For functions that return a `Result`, see
//! [`Problems::set`](super::invalid::Problems::set).

/// Changes a value by a setting, if there is one.
pub(super) fn set<T, V>(value: T, setting: Option<V>, change: impl FnOnce(T, V) -> T) -> T {
    match setting {
        Some(setting) => change(value, setting),
        None => value,
    }
}

/// Changes a value if a switch is on.
pub(super) fn set_if<T>(value: T, is_on: bool, change: impl FnOnce(T) -> T) -> T {
    if is_on { change(value) } else { value }
}
