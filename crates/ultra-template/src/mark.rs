//! What stage planning writes beside the fields of `stage`: whose turn a request is, and who follows it up.

use ultra_core::record::{Json, Stage};

const MEMBER: &str = "member";
const FOLLOWED: &str = "followed";

/// The member of the panel that a request speaks to; absent when it speaks to all of its targets alike.
pub fn member(stage: &Stage) -> Option<usize> {
    stage.extra.get(MEMBER)?.read().ok()
}

/// Says that the request speaks to one member of the panel.
pub fn set_member(stage: &mut Stage, member: usize) {
    set(stage, MEMBER, Json::of(&member));
}

/// Whether a tool further up has promised to make the next stage from this one.
///
/// Without the mark two `ultra-pattern next` in one pipeline would both follow up the first stage, because the
/// second one sees that stage complete before it sees what the first one made of it.
pub fn is_followed(stage: &Stage) -> bool {
    stage.extra.get(FOLLOWED).is_some_and(|mark| mark.text() == "true")
}

/// Promises to make the next stage from this one.
pub fn set_followed(stage: &mut Stage) {
    set(stage, FOLLOWED, Json::of(&true));
}

fn set(stage: &mut Stage, key: &str, value: Result<Json, serde_json::Error>) {
    stage.extra.take(key);
    // A number or a flag always has a JSON form.
    if let Ok(value) = value {
        stage.extra.push(key.to_owned(), value);
    }
}
