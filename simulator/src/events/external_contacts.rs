//! Events of 客户联系: customers, customer groups, customer tags, 获客助手.

use super::Template;

pub(super) const TEMPLATES: &[Template] = &[
    contact(
        "change_external_contact/add_external_contact",
        "添加客户",
        r"<ChangeType><![CDATA[add_external_contact]]></ChangeType><UserID><![CDATA[wangfang]]></UserID><ExternalUserID><![CDATA[wmQ1w2E3r4{n}]]></ExternalUserID><State><![CDATA[expo2026]]></State><WelcomeCode><![CDATA[wc_9]]></WelcomeCode>",
    ),
    contact(
        "change_external_contact/edit_external_contact",
        "编辑客户",
        r"<ChangeType><![CDATA[edit_external_contact]]></ChangeType><UserID><![CDATA[wangfang]]></UserID><ExternalUserID><![CDATA[wmQ1w2E3r4{n}]]></ExternalUserID>",
    ),
    contact(
        "change_external_contact/add_half_external_contact",
        "外部联系人免验证添加成员",
        r"<ChangeType><![CDATA[add_half_external_contact]]></ChangeType><UserID><![CDATA[wangfang]]></UserID><ExternalUserID><![CDATA[wmQ1w2E3r4{n}]]></ExternalUserID><State><![CDATA[expo2026]]></State><WelcomeCode><![CDATA[wc_8]]></WelcomeCode>",
    ),
    contact(
        "change_external_contact/del_external_contact",
        "成员删除客户",
        r"<ChangeType><![CDATA[del_external_contact]]></ChangeType><UserID><![CDATA[wangfang]]></UserID><ExternalUserID><![CDATA[wmQ1w2E3r4{n}]]></ExternalUserID><Source><![CDATA[DELETE_BY_TRANSFER]]></Source>",
    ),
    contact(
        "change_external_contact/del_follow_user",
        "客户删除成员",
        r"<ChangeType><![CDATA[del_follow_user]]></ChangeType><UserID><![CDATA[wangfang]]></UserID><ExternalUserID><![CDATA[wmQ1w2E3r4{n}]]></ExternalUserID>",
    ),
    contact(
        "change_external_contact/transfer_fail",
        "客户接替失败",
        r"<ChangeType><![CDATA[transfer_fail]]></ChangeType><FailReason><![CDATA[customer_limit_exceed]]></FailReason><UserID><![CDATA[chenlei]]></UserID><ExternalUserID><![CDATA[wmQ1w2E3r4{n}]]></ExternalUserID>",
    ),
    contact(
        "change_external_contact/msg_audit_approved",
        "客户同意会话存档",
        r"<ChangeType><![CDATA[msg_audit_approved]]></ChangeType><UserID><![CDATA[wangfang]]></UserID><ExternalUserID><![CDATA[wmQ1w2E3r4{n}]]></ExternalUserID>",
    ),
    chat(
        "change_external_chat/create",
        "客户群创建",
        r"<ChatId><![CDATA[wrZ9y8{n}]]></ChatId><ChangeType><![CDATA[create]]></ChangeType>",
    ),
    chat(
        "change_external_chat/update",
        "客户群变更：成员入群",
        r"<ChatId><![CDATA[wrZ9y8{n}]]></ChatId><ChangeType><![CDATA[update]]></ChangeType><UpdateDetail><![CDATA[add_member]]></UpdateDetail><JoinScene>3</JoinScene><QuitScene>0</QuitScene><MemChangeCnt>2</MemChangeCnt><MemChangeList><Item>wmQ1w2E3r4</Item><Item>chenlei</Item></MemChangeList><LastMemVer>aa01</LastMemVer><CurMemVer>aa02</CurMemVer>",
    ),
    chat(
        "change_external_chat/update:del_member",
        "客户群变更：成员退群",
        r"<ChatId><![CDATA[wrZ9y8{n}]]></ChatId><ChangeType><![CDATA[update]]></ChangeType><UpdateDetail><![CDATA[del_member]]></UpdateDetail><JoinScene>0</JoinScene><QuitScene>1</QuitScene><MemChangeCnt>1</MemChangeCnt><MemChangeList><Item>wmQ1w2E3r4</Item></MemChangeList><LastMemVer>aa02</LastMemVer><CurMemVer>aa03</CurMemVer>",
    ),
    chat(
        "change_external_chat/update:old_list",
        "客户群变更：成员入群（旧格式）",
        r"<ChatId><![CDATA[wrZ9y8{n}]]></ChatId><ChangeType><![CDATA[update]]></ChangeType><UpdateDetail><![CDATA[add_member]]></UpdateDetail><JoinScene>1</JoinScene><QuitScene>0</QuitScene><MemChangeCnt>2</MemChangeCnt><MemChangeList><![CDATA[wmQ1w2E3r4,chenlei]]></MemChangeList><LastMemVer>aa01</LastMemVer><CurMemVer>aa02</CurMemVer>",
    ),
    chat(
        "change_external_chat/update:change_owner",
        "客户群变更：群主变更",
        r"<ChatId><![CDATA[wrZ9y8{n}]]></ChatId><ChangeType><![CDATA[update]]></ChangeType><UpdateDetail><![CDATA[change_owner]]></UpdateDetail>",
    ),
    chat(
        "change_external_chat/update:change_name",
        "客户群变更：群名变更",
        r"<ChatId><![CDATA[wrZ9y8{n}]]></ChatId><ChangeType><![CDATA[update]]></ChangeType><UpdateDetail><![CDATA[change_name]]></UpdateDetail>",
    ),
    chat(
        "change_external_chat/update:change_notice",
        "客户群变更：群公告变更",
        r"<ChatId><![CDATA[wrZ9y8{n}]]></ChatId><ChangeType><![CDATA[update]]></ChangeType><UpdateDetail><![CDATA[change_notice]]></UpdateDetail>",
    ),
    chat(
        "change_external_chat/dismiss",
        "客户群解散",
        r"<ChatId><![CDATA[wrZ9y8{n}]]></ChatId><ChangeType><![CDATA[dismiss]]></ChangeType>",
    ),
    tag(
        "change_external_tag/create",
        "企业客户标签创建",
        r"<Id><![CDATA[etTag7{n}]]></Id><TagType><![CDATA[tag_group]]></TagType><ChangeType><![CDATA[create]]></ChangeType><StrategyId>1</StrategyId>",
    ),
    tag(
        "change_external_tag/update",
        "企业客户标签变更",
        r"<Id><![CDATA[etTag7{n}]]></Id><TagType><![CDATA[tag]]></TagType><ChangeType><![CDATA[update]]></ChangeType><StrategyId>1</StrategyId>",
    ),
    tag(
        "change_external_tag/delete",
        "企业客户标签删除",
        r"<Id><![CDATA[etTag7{n}]]></Id><TagType><![CDATA[tag]]></TagType><ChangeType><![CDATA[delete]]></ChangeType><StrategyId>1</StrategyId>",
    ),
    tag(
        "change_external_tag/shuffle",
        "企业客户标签重排",
        r"<Id><![CDATA[etGrp2{n}]]></Id><StrategyId><![CDATA[4]]></StrategyId><ChangeType><![CDATA[shuffle]]></ChangeType>",
    ),
    acquisition(
        "customer_acquisition/balance_low",
        "获客额度即将耗尽",
        r"<ChangeType><![CDATA[balance_low]]></ChangeType>",
    ),
    acquisition(
        "customer_acquisition/balance_exhausted",
        "获客额度已经耗尽",
        r"<ChangeType><![CDATA[balance_exhausted]]></ChangeType>",
    ),
    acquisition(
        "customer_acquisition/balance_increased",
        "获客额度增加",
        r"<ChangeType><![CDATA[balance_increased]]></ChangeType>",
    ),
    acquisition(
        "customer_acquisition/quota_expire_soon",
        "获客额度即将过期",
        r"<ChangeType><![CDATA[quota_expire_soon]]></ChangeType><ExpireTime>1766000000</ExpireTime><ExpireQuotaNum>50</ExpireQuotaNum>",
    ),
    acquisition(
        "customer_acquisition/link_unavailable",
        "获客链接不可用",
        r"<ChangeType><![CDATA[link_unavailable]]></ChangeType><LinkId><![CDATA[cawc01{n}]]></LinkId>",
    ),
    acquisition(
        "customer_acquisition/delete_link",
        "删除获客链接",
        r"<ChangeType><![CDATA[delete_link]]></ChangeType><LinkId><![CDATA[cawc01{n}]]></LinkId>",
    ),
    acquisition(
        "customer_acquisition/open_profile",
        "通过获客链接打开成员资料页",
        r"<ChangeType><![CDATA[open_profile]]></ChangeType><LinkId><![CDATA[cawc01{n}]]></LinkId><State><![CDATA[expo2026]]></State>",
    ),
    acquisition(
        "customer_acquisition/friend_request",
        "通过获客链接申请好友",
        r"<ChangeType><![CDATA[friend_request]]></ChangeType><LinkId><![CDATA[cawc01{n}]]></LinkId><State><![CDATA[expo2026]]></State>",
    ),
    acquisition(
        "customer_acquisition/customer_start_chat",
        "微信客户发起会话",
        r"<ChangeType><![CDATA[customer_start_chat]]></ChangeType><UserID><![CDATA[wangfang]]></UserID><ExternalUserID><![CDATA[wmQ1w2E3r4{n}]]></ExternalUserID><LinkId><![CDATA[cawc01]]></LinkId>",
    ),
    acquisition(
        "customer_acquisition/message_from_customer",
        "微信客户发送消息",
        r"<ChangeType><![CDATA[message_from_customer]]></ChangeType><LinkId><![CDATA[cawc01{n}]]></LinkId><ChatKey><![CDATA[ck_3]]></ChatKey>",
    ),
];

const fn contact(name: &'static str, title: &'static str, body: &'static str) -> Template {
    template("change_external_contact", name, title, body)
}

const fn chat(name: &'static str, title: &'static str, body: &'static str) -> Template {
    template("change_external_chat", name, title, body)
}

const fn tag(name: &'static str, title: &'static str, body: &'static str) -> Template {
    template("change_external_tag", name, title, body)
}

const fn acquisition(name: &'static str, title: &'static str, body: &'static str) -> Template {
    template("customer_acquisition", name, title, body)
}

const fn template(event: &'static str, name: &'static str, title: &'static str, body: &'static str) -> Template {
    Template {
        name,
        title,
        from: "sys",
        event,
        body,
    }
}
