//! Templates of the events that WeCom sends to a corporation's two callbacks and to the suite's.
//!
//! `{n}` in a template numbers its ids (`{i}` where they are numbers), so that several copies are different events in the same second.

pub(crate) mod contacts;
pub(crate) mod external_contacts;
pub(crate) mod suite;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::world::corporation::Scope;

/// Template of an event.
pub(crate) struct Template {
    /// `Event/ChangeType`, and `:variant` where one pair comes in several forms.
    pub(crate) name: &'static str,
    /// Description on the console.
    pub(crate) title: &'static str,
    from: &'static str,
    event: &'static str,
    /// Elements after `Event`.
    body: &'static str,
}

impl Template {
    /// The event for one corporation; the copies of one event differ in `copy`.
    pub(crate) fn xml(&self, corp_id: &str, at: Timestamp, copy: usize) -> String {
        let (name_suffix, number_suffix) = match copy {
            0 => (String::new(), String::new()),
            _ => (format!("_{}", copy + 1), (copy + 1).to_string()),
        };
        let has_id = self.body.contains("{n}") || self.body.contains("{i}");
        let later = if has_id {
            0
        } else {
            i64::try_from(copy).unwrap_or_default()
        };
        format!(
            "<xml><ToUserName>{to}</ToUserName><FromUserName>{from}</FromUserName><CreateTime>{seconds}</CreateTime>\
             <MsgType><![CDATA[event]]></MsgType><Event>{event}</Event>{body}</xml>",
            to = cdata(corp_id),
            from = cdata(self.from),
            seconds = at.as_second().saturating_add(later),
            event = cdata(self.event),
            body = self.body.replace("{n}", &name_suffix).replace("{i}", &number_suffix),
        )
    }
}

/// All events of a scope, in the order of WeCom's documentation.
pub(crate) fn of(scope: Scope) -> &'static [Template] {
    match scope {
        Scope::Contacts => contacts::TEMPLATES,
        Scope::ExternalContacts => external_contacts::TEMPLATES,
    }
}

/// The event of that name.
pub(crate) fn find(scope: Scope, name: &str) -> Option<&'static Template> {
    of(scope).iter().find(|template| template.name == name)
}

/// Name of a delivery in the log: the requested name, or event and change type of its XML.
pub(crate) fn label(name: Option<&str>, xml: Option<&str>) -> String {
    if let Some(name) = name {
        return name.to_owned();
    }
    let elements = xml
        .and_then(|xml| wecom_callback::xml::to_json(xml.as_bytes()).ok())
        .unwrap_or_default();
    let of = |element| wecom_callback::xml::text(&elements, element);
    match (of("Event").or(of("InfoType")), of("ChangeType")) {
        (Some(event), Some(change)) => format!("{event}/{change}"),
        (Some(event), None) => event.to_owned(),
        (None, _) => "xml".to_owned(),
    }
}

/// `text` as a CDATA section; an end marker in it is split over two sections.
pub(crate) fn cdata(text: &str) -> String {
    let text: Cow<'_, str> = if text.contains("]]>") {
        text.replace("]]>", "]]]]><![CDATA[>").into()
    } else {
        text.into()
    };
    format!("<![CDATA[{text}]]>")
}

#[cfg(test)]
mod tests {
    use wecom_callback::xml;

    use super::*;

    #[test]
    fn every_event_is_well_formed_and_named_after_its_event_and_change_type() {
        let mut seen = 0;
        for scope in Scope::ALL {
            for template in of(scope) {
                let text = template.xml("ww0a1b2c3d4e5f6071", Timestamp::UNIX_EPOCH, 1);
                assert!(xml::to_json(text.as_bytes()).is_ok(), "{}", template.name);
                let pair = template.name.split(':').next().unwrap();
                let (event, change) = pair.split_once('/').unwrap_or((pair, ""));
                assert!(text.contains(&format!("<Event><![CDATA[{event}]]></Event>")), "{text}");
                let plain = format!("<ChangeType>{change}</ChangeType>");
                let marked = format!("<ChangeType><![CDATA[{change}]]></ChangeType>");
                assert!(
                    change.is_empty() || text.contains(&plain) || text.contains(&marked),
                    "{text}"
                );
                assert!(!text.contains(['{', '}']));
                seen += 1;
            }
        }
        assert_eq!(seen, 41, "a new event is counted here");
    }

    #[test]
    fn the_names_are_unique() {
        for scope in Scope::ALL {
            let mut names: Vec<_> = of(scope).iter().map(|template| template.name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all);
        }
    }

    #[test]
    fn copies_are_different_events() {
        for template in Scope::ALL.into_iter().flat_map(of) {
            let copy = |n| template.xml("ww0a1b2c3d4e5f6071", Timestamp::UNIX_EPOCH, n);
            assert_ne!(copy(0), copy(1), "{}", template.name);
        }
    }

    #[test]
    fn a_text_is_called_by_what_it_says() {
        let xml = find(Scope::Contacts, "change_contact/update_tag")
            .unwrap()
            .xml("ww0", Timestamp::UNIX_EPOCH, 0);
        assert_eq!(label(None, Some(&xml)), "change_contact/update_tag");
        assert_eq!(label(None, Some("<xml><InfoType>x</InfoType></xml>")), "x");
        assert_eq!(label(None, Some("<!DOCTYPE a>")), "xml");
    }

    #[test]
    fn an_end_mark_inside_cdata_is_split() {
        assert_eq!(cdata("a]]>b"), "<![CDATA[a]]]]><![CDATA[>b]]>");
    }
}
