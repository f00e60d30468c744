//! Events of the suite's command callback.

use jiff::Timestamp;

use super::cdata;

/// Content of an authorization event.
#[derive(Default)]
pub(crate) struct Particulars<'a> {
    pub(crate) auth_code: Option<&'a str>,
    pub(crate) auth_corp_id: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
    /// `change_auth` and `create_auth` end with an `ExtraInfo`, often an empty one.
    pub(crate) extra_info: bool,
}

/// The push of a ticket. The space before the first CDATA section is as in WeCom's.
pub(crate) fn ticket(suite_id: &str, at: Timestamp, ticket: &str) -> String {
    format!(
        "<xml><SuiteId>{}</SuiteId><InfoType> {}</InfoType><TimeStamp>{}</TimeStamp><SuiteTicket>{}</SuiteTicket></xml>",
        cdata(suite_id),
        cdata("suite_ticket"),
        at.as_second(),
        cdata(ticket)
    )
}

/// An authorization event, or one of an unknown type.
pub(crate) fn authorization(suite_id: &str, info_type: &str, at: Timestamp, about: &Particulars<'_>) -> String {
    let element = |name: &str, value: Option<&str>| {
        value.map_or_else(String::new, |value| format!("<{name}>{}</{name}>", cdata(value)))
    };
    format!(
        "<xml><SuiteId>{}</SuiteId>{}<InfoType>{}</InfoType><TimeStamp>{}</TimeStamp>{}{}{}</xml>",
        cdata(suite_id),
        element("AuthCode", about.auth_code),
        cdata(info_type),
        at.as_second(),
        element("AuthCorpId", about.auth_corp_id),
        element("State", about.state),
        if about.extra_info {
            "<ExtraInfo></ExtraInfo>"
        } else {
            ""
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_has_wecoms_space_before_its_type() {
        let xml = ticket("ww3f2a9c41d07be865", Timestamp::UNIX_EPOCH, "tk_1");
        assert!(xml.contains("<InfoType> <![CDATA[suite_ticket]]></InfoType>"), "{xml}");
    }

    #[test]
    fn a_create_auth_names_no_corporation() {
        let about = Particulars {
            auth_code: Some("ac_51"),
            state: Some("t42n9K"),
            extra_info: true,
            ..Particulars::default()
        };
        let xml = authorization("ww3f2a9c41d07be865", "create_auth", Timestamp::UNIX_EPOCH, &about);
        assert_eq!(
            xml,
            "<xml><SuiteId><![CDATA[ww3f2a9c41d07be865]]></SuiteId><AuthCode><![CDATA[ac_51]]></AuthCode><InfoType><![CDATA[create_auth]]></InfoType><TimeStamp>0</TimeStamp><State><![CDATA[t42n9K]]></State><ExtraInfo></ExtraInfo></xml>"
        );
    }
}
