//! TagResource and UntagResource.

use serde::Deserialize;

use super::{Context, Outcome, output::Output, request::check_tags, secret::Tag};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddTags {
    #[serde(default)]
    secret_id: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Adds tags; one that is there takes the new value.
pub(super) fn tag(context: &Context<'_>, input: AddTags) -> Outcome {
    let mut secret = context.vault.require(&input.secret_id)?.in_use()?;
    secret
        .tags
        .retain(|tag| input.tags.iter().all(|new| new.key != tag.key));
    secret.tags.extend(input.tags);
    check_tags(&secret.tags)?;
    context.vault.save(&secret)?;
    Ok(Output::default())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveTags {
    #[serde(default)]
    secret_id: String,
    #[serde(default)]
    tag_keys: Vec<String>,
}

pub(super) fn untag(context: &Context<'_>, input: &RemoveTags) -> Outcome {
    let mut secret = context.vault.require(&input.secret_id)?.in_use()?;
    secret.tags.retain(|tag| !input.tag_keys.contains(&tag.key));
    context.vault.save(&secret)?;
    Ok(Output::default())
}
