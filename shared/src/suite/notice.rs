//! What WeCom tells a suite of the members and customers of a corporation.

use crate::{callback::xml, store::Payload};

/// The payload of a suite's event with the elements that it has at the callback of a corporation, so that consumers know one form.
pub(crate) fn in_envelope(mut payload: Payload, info_type: &str) -> Payload {
    let text = |name| xml::text(&payload, name).unwrap_or_default().to_owned();
    let envelope = [
        ("ToUserName", text("AuthCorpId")),
        ("FromUserName", "sys".to_owned()),
        ("CreateTime", text("TimeStamp")),
        ("MsgType", "event".to_owned()),
        ("Event", info_type.to_owned()),
    ];
    for (name, value) in envelope {
        payload.entry(name).or_insert_with(|| value.into());
    }
    payload
}
