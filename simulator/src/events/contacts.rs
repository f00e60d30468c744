//! Events of 通讯录同步: members, departments, tags, batch jobs.

use super::Template;

const SYSTEM: &str = "sys";
const CHANGE_CONTACT: &str = "change_contact";

pub(super) const TEMPLATES: &[Template] = &[
    change(
        "change_contact/create_user",
        "新增成员",
        r"<ChangeType>create_user</ChangeType><UserID><![CDATA[wangfang{n}]]></UserID><Department><![CDATA[3,12]]></Department>",
    ),
    change(
        "change_contact/create_user:full",
        "新增成员（完整字段，旧配置）",
        r"<ChangeType>create_user</ChangeType><UserID><![CDATA[wangfang{n}]]></UserID><Name><![CDATA[王芳]]></Name><Department><![CDATA[3,12]]></Department><MainDepartment>3</MainDepartment><IsLeaderInDept><![CDATA[0,1]]></IsLeaderInDept><DirectLeader><![CDATA[chenlei]]></DirectLeader><Position><![CDATA[顾问]]></Position><Mobile>13900001111</Mobile><Gender>2</Gender><Email><![CDATA[wf@example.com]]></Email><BizMail><![CDATA[wf@corp.example]]></BizMail><Status>1</Status><Avatar><![CDATA[https://example.com/a/0]]></Avatar><Alias><![CDATA[Fang]]></Alias><Telephone><![CDATA[0571-000]]></Telephone><Address><![CDATA[杭州]]></Address><ExtAttr><Item><Name><![CDATA[工号]]></Name><Type>0</Type><Text><Value><![CDATA[E77]]></Value></Text></Item><Item><Name><![CDATA[主页]]></Name><Type>1</Type><Web><Title><![CDATA[home]]></Title><Url><![CDATA[https://example.com]]></Url></Web></Item></ExtAttr>",
    ),
    change(
        "change_contact/update_user",
        "更新成员",
        r"<ChangeType>update_user</ChangeType><UserID><![CDATA[u_temp1{n}]]></UserID><NewUserID><![CDATA[wangfang{n}]]></NewUserID><Department><![CDATA[12]]></Department>",
    ),
    change(
        "change_contact/update_user:full",
        "更新成员（完整字段，旧配置）",
        r"<ChangeType>update_user</ChangeType><UserID><![CDATA[u_temp1{n}]]></UserID><NewUserID><![CDATA[wangfang{n}]]></NewUserID><Name><![CDATA[王芳]]></Name><Department><![CDATA[3,12]]></Department><MainDepartment>12</MainDepartment><IsLeaderInDept><![CDATA[1,0]]></IsLeaderInDept><DirectLeader><![CDATA[chenlei]]></DirectLeader><Position><![CDATA[经理]]></Position><Mobile>13900001111</Mobile><Gender>2</Gender><Email><![CDATA[wf@example.com]]></Email><BizMail><![CDATA[wf@corp.example]]></BizMail><Status>1</Status><Avatar><![CDATA[https://example.com/a/0]]></Avatar><Alias><![CDATA[Fang]]></Alias><Telephone><![CDATA[0571-000]]></Telephone><Address><![CDATA[杭州]]></Address><ExtAttr><Item><Name><![CDATA[工号]]></Name><Type>0</Type><Text><Value><![CDATA[E78]]></Value></Text></Item></ExtAttr>",
    ),
    change(
        "change_contact/delete_user",
        "删除成员",
        r"<ChangeType>delete_user</ChangeType><UserID><![CDATA[wangfang{n}]]></UserID>",
    ),
    change(
        "change_contact/create_party",
        "新增部门",
        r"<ChangeType>create_party</ChangeType><Id>31{i}</Id><ParentId><![CDATA[3]]></ParentId>",
    ),
    change(
        "change_contact/create_party:full",
        "新增部门（完整字段，旧配置）",
        r"<ChangeType>create_party</ChangeType><Id>31{i}</Id><Name><![CDATA[华东]]></Name><ParentId><![CDATA[3]]></ParentId><Order>100</Order>",
    ),
    change(
        "change_contact/update_party",
        "更新部门",
        r"<ChangeType>update_party</ChangeType><Id>31{i}</Id><ParentId><![CDATA[5]]></ParentId>",
    ),
    change(
        "change_contact/update_party:full",
        "更新部门（完整字段，旧配置）",
        r"<ChangeType>update_party</ChangeType><Id>31{i}</Id><Name><![CDATA[华东一区]]></Name><ParentId><![CDATA[5]]></ParentId>",
    ),
    change(
        "change_contact/delete_party",
        "删除部门",
        r"<ChangeType>delete_party</ChangeType><Id>31{i}</Id>",
    ),
    change(
        "change_contact/update_tag",
        "标签成员变更",
        r"<ChangeType><![CDATA[update_tag]]></ChangeType><TagId>8{i}</TagId><AddUserItems><![CDATA[wangfang,chenlei]]></AddUserItems><DelUserItems><![CDATA[liqiang]]></DelUserItems><AddPartyItems><![CDATA[31]]></AddPartyItems><DelPartyItems><![CDATA[9]]></DelPartyItems>",
    ),
    Template {
        name: "batch_job_result",
        title: "异步任务完成",
        from: "chenlei",
        event: "batch_job_result",
        body: r"<BatchJob><JobId><![CDATA[Jb_01{n}]]></JobId><JobType><![CDATA[sync_user]]></JobType><ErrCode>0</ErrCode><ErrMsg><![CDATA[ok]]></ErrMsg></BatchJob>",
    },
];

const fn change(name: &'static str, title: &'static str, body: &'static str) -> Template {
    Template {
        name,
        title,
        from: SYSTEM,
        event: CHANGE_CONTACT,
        body,
    }
}
