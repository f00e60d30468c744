# Generated from catalogue/events.json by `cargo run -p catalogue`. Do not edit.
"""The payload of each of WeCom's events."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class BatchJob(TypedDict, total=False):
    """An element of an event."""

    ErrCode: str
    ErrMsg: str
    JobId: str
    JobType: str


class ExtAttr(TypedDict, total=False):
    """An element of an event."""

    Item: ExtAttrItem | Literal[""] | list[ExtAttrItem | Literal[""]]


class ExtAttrItem(TypedDict, total=False):
    """An element of an event."""

    Name: str
    Text: ExtAttrText | Literal[""]
    Type: str
    Web: ExtAttrWeb | Literal[""]


class ExtAttrText(TypedDict, total=False):
    """An element of an event."""

    Value: str


class ExtAttrWeb(TypedDict, total=False):
    """An element of an event."""

    Title: str
    Url: str


class MemChangeList(TypedDict, total=False):
    """An element of an event."""

    Item: str | list[str]


class PicList(TypedDict, total=False):
    """An element of an event."""

    item: Picture | Literal[""] | list[Picture | Literal[""]]


class Picture(TypedDict, total=False):
    """An element of an event."""

    PicMd5Sum: str


class ScanCodeInfo(TypedDict, total=False):
    """An element of an event."""

    ScanResult: str
    ScanType: str


class SendLocationInfo(TypedDict, total=False):
    """An element of an event."""

    Label: str
    Location_X: str
    Location_Y: str
    Poiname: str
    Scale: str


class SendPicsInfo(TypedDict, total=False):
    """An element of an event."""

    Count: str
    PicList: PicList | Literal[""]


class ChangeContactCreateUser(TypedDict):
    """新增成员 · A member was added. A callback that was saved after 2022-08-15 gets ids only. Of these fields it gets UserID and Department."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_contact"]
    """What happened."""
    ChangeType: Literal["create_user"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: str
    """The member's id, case-insensitive."""
    Name: NotRequired[str]
    """Name."""
    Department: NotRequired[str]
    """Ids of departments, separated by commas."""
    MainDepartment: NotRequired[str]
    """Id of the main department."""
    IsLeaderInDept: NotRequired[str]
    """`0` or `1` for each department, in the same order, separated by commas."""
    DirectLeader: NotRequired[str]
    """The direct superior's UserID."""
    Position: NotRequired[str]
    """Job title."""
    Mobile: NotRequired[str]
    """Mobile number."""
    Gender: NotRequired[str]
    """`0` unknown or hidden, `1` male, `2` female."""
    Email: NotRequired[str]
    """Mail address."""
    BizMail: NotRequired[str]
    """Mail address of the corporation's mailbox."""
    Status: NotRequired[str]
    """`1` active, `2` disabled, `4` not activated, `5` left."""
    Avatar: NotRequired[str]
    """URL of the picture."""
    Alias: NotRequired[str]
    """Alias."""
    Telephone: NotRequired[str]
    """Landline number."""
    Address: NotRequired[str]
    """Address."""
    ExtAttr: NotRequired[ExtAttr | Literal[""]]
    """Attributes that the corporation has defined."""


class ChangeContactUpdateUser(TypedDict):
    """更新成员 · A member was changed. A callback that was saved after 2022-08-15 gets ids only. It is sent only for a change of departments or of the id itself. NewUserID is there only when the id has changed."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_contact"]
    """What happened."""
    ChangeType: Literal["update_user"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: str
    """The member's id, case-insensitive."""
    NewUserID: NotRequired[str]
    """The member's id from now on."""
    Name: NotRequired[str]
    """Name."""
    Department: NotRequired[str]
    """Ids of departments, separated by commas."""
    MainDepartment: NotRequired[str]
    """Id of the main department."""
    IsLeaderInDept: NotRequired[str]
    """`0` or `1` for each department, in the same order, separated by commas."""
    DirectLeader: NotRequired[str]
    """The direct superior's UserID."""
    Position: NotRequired[str]
    """Job title."""
    Mobile: NotRequired[str]
    """Mobile number."""
    Gender: NotRequired[str]
    """`0` unknown or hidden, `1` male, `2` female."""
    Email: NotRequired[str]
    """Mail address."""
    BizMail: NotRequired[str]
    """Mail address of the corporation's mailbox."""
    Status: NotRequired[str]
    """`1` active, `2` disabled, `4` not activated, `5` left."""
    Avatar: NotRequired[str]
    """URL of the picture."""
    Alias: NotRequired[str]
    """Alias."""
    Telephone: NotRequired[str]
    """Landline number."""
    Address: NotRequired[str]
    """Address."""
    ExtAttr: NotRequired[ExtAttr | Literal[""]]
    """Attributes that the corporation has defined."""


class ChangeContactDeleteUser(TypedDict):
    """删除成员 · A member was removed."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_contact"]
    """What happened."""
    ChangeType: Literal["delete_user"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: str
    """The member's id, case-insensitive."""


class ChangeContactCreateParty(TypedDict):
    """新增部门 · A department was added. A callback that was saved after 2022-08-15 gets ids only."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_contact"]
    """What happened."""
    ChangeType: Literal["create_party"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    Id: str
    """Id of the department, the tag or the group of tags."""
    Name: NotRequired[str]
    """Name."""
    ParentId: NotRequired[str]
    """Id of the parent department."""
    Order: NotRequired[str]
    """Position among its siblings, highest first."""


class ChangeContactUpdateParty(TypedDict):
    """更新部门 · A department was changed. A callback that was saved after 2022-08-15 gets ids only. It is sent only for a change of the parent."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_contact"]
    """What happened."""
    ChangeType: Literal["update_party"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    Id: str
    """Id of the department, the tag or the group of tags."""
    Name: NotRequired[str]
    """Name."""
    ParentId: NotRequired[str]
    """Id of the parent department."""


class ChangeContactDeleteParty(TypedDict):
    """删除部门 · A department was removed."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_contact"]
    """What happened."""
    ChangeType: Literal["delete_party"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    Id: str
    """Id of the department, the tag or the group of tags."""


class ChangeContactUpdateTag(TypedDict):
    """标签成员变更 · Members of a tag were changed. DelPartyItems may be missing although a department was deleted: read the tag again."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_contact"]
    """What happened."""
    ChangeType: Literal["update_tag"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    TagId: str
    """Id of the tag."""
    AddUserItems: NotRequired[str]
    """UserIDs that were added, separated by commas."""
    DelUserItems: NotRequired[str]
    """UserIDs that were removed, separated by commas."""
    AddPartyItems: NotRequired[str]
    """Ids of departments that were added, separated by commas."""
    DelPartyItems: NotRequired[str]
    """Ids of departments that were removed, separated by commas."""


class BatchJobResult(TypedDict):
    """异步任务完成 · A batch job ended."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["batch_job_result"]
    """What happened."""
    BatchJob: BatchJob | Literal[""]
    """The job."""


class ChangeExternalContactAddExternalContact(TypedDict):
    """添加客户 · A member added a customer. WelcomeCode is good for 20 seconds, once."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_contact"]
    """What happened."""
    ChangeType: Literal["add_external_contact"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: str
    """The member's id, case-insensitive."""
    ExternalUserID: str
    """The customer's id."""
    State: NotRequired[str]
    """What the link or the contact way was made with."""
    WelcomeCode: NotRequired[str]
    """Code for a welcome message."""


class ChangeExternalContactEditExternalContact(TypedDict):
    """编辑客户 · A member changed the remark, phone number or tags of a customer."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_contact"]
    """What happened."""
    ChangeType: Literal["edit_external_contact"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: str
    """The member's id, case-insensitive."""
    ExternalUserID: str
    """The customer's id."""


class ChangeExternalContactAddHalfExternalContact(TypedDict):
    """外部联系人免验证添加成员 · A customer added a member who needs no confirmation."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_contact"]
    """What happened."""
    ChangeType: Literal["add_half_external_contact"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: str
    """The member's id, case-insensitive."""
    ExternalUserID: str
    """The customer's id."""
    State: NotRequired[str]
    """What the link or the contact way was made with."""
    WelcomeCode: NotRequired[str]
    """Code for a welcome message."""


class ChangeExternalContactDelExternalContact(TypedDict):
    """成员删除客户 · A member removed a customer. Source is DELETE_BY_TRANSFER when the customer was handed over."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_contact"]
    """What happened."""
    ChangeType: Literal["del_external_contact"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: str
    """The member's id, case-insensitive."""
    ExternalUserID: str
    """The customer's id."""
    Source: NotRequired[str]
    """`DELETE_BY_TRANSFER`, where the reason is known."""


class ChangeExternalContactDelFollowUser(TypedDict):
    """客户删除成员 · A customer removed a member."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_contact"]
    """What happened."""
    ChangeType: Literal["del_follow_user"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: str
    """The member's id, case-insensitive."""
    ExternalUserID: str
    """The customer's id."""


class ChangeExternalContactTransferFail(TypedDict):
    """客户接替失败 · A customer was not handed over. UserID is the member who should have taken over."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_contact"]
    """What happened."""
    ChangeType: Literal["transfer_fail"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    FailReason: str
    """`customer_refused` or `customer_limit_exceed`."""
    UserID: str
    """The member's id, case-insensitive."""
    ExternalUserID: str
    """The customer's id."""


class ChangeExternalContactMsgAuditApproved(TypedDict):
    """客户同意会话存档 · A customer consents to the archiving of the chat. Its fields are taken from SDKs; no page of WeCom's was read that lists them."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_contact"]
    """What happened."""
    ChangeType: Literal["msg_audit_approved"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: NotRequired[str]
    """The member's id, case-insensitive."""
    ExternalUserID: NotRequired[str]
    """The customer's id."""
    WelcomeCode: NotRequired[str]
    """Code for a welcome message."""


class ChangeExternalChatCreate(TypedDict):
    """客户群创建 · A customer group was created."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_chat"]
    """What happened."""
    ChangeType: Literal["create"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    ChatId: str
    """Id of the customer group."""


class ChangeExternalChatUpdate(TypedDict):
    """客户群变更：成员入群 · A customer group was changed. The last five are there only for a change of members."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_chat"]
    """What happened."""
    ChangeType: Literal["update"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    ChatId: str
    """Id of the customer group."""
    UpdateDetail: NotRequired[str]
    """`add_member`, `del_member`, `change_owner`, `change_name` or `change_notice`."""
    JoinScene: NotRequired[str]
    """How they joined: `0` invited, `3` by code."""
    QuitScene: NotRequired[str]
    """How they left: `0` by themselves, `1` removed."""
    MemChangeCnt: NotRequired[str]
    """How many members."""
    MemChangeList: NotRequired[MemChangeList | str]
    """Which members; older deliveries have a text, separated by commas."""
    LastMemVer: NotRequired[str]
    """Version of the members before."""
    CurMemVer: NotRequired[str]
    """Version of the members now."""


class ChangeExternalChatDismiss(TypedDict):
    """客户群解散 · A customer group was dissolved."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_chat"]
    """What happened."""
    ChangeType: Literal["dismiss"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    ChatId: str
    """Id of the customer group."""


class ChangeExternalTagCreate(TypedDict):
    """企业客户标签创建 · A customer tag or group of tags was created."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_tag"]
    """What happened."""
    ChangeType: Literal["create"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    Id: str
    """Id of the department, the tag or the group of tags."""
    TagType: str
    """`tag` or `tag_group`."""
    StrategyId: NotRequired[str]
    """Id of the set of rules, if the tag belongs to one."""


class ChangeExternalTagUpdate(TypedDict):
    """企业客户标签变更 · A customer tag or group of tags was changed."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_tag"]
    """What happened."""
    ChangeType: Literal["update"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    Id: str
    """Id of the department, the tag or the group of tags."""
    TagType: str
    """`tag` or `tag_group`."""
    StrategyId: NotRequired[str]
    """Id of the set of rules, if the tag belongs to one."""


class ChangeExternalTagDelete(TypedDict):
    """企业客户标签删除 · A customer tag or group of tags was deleted. The tags of a deleted group have no event of their own."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_tag"]
    """What happened."""
    ChangeType: Literal["delete"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    Id: str
    """Id of the department, the tag or the group of tags."""
    TagType: str
    """`tag` or `tag_group`."""
    StrategyId: NotRequired[str]
    """Id of the set of rules, if the tag belongs to one."""


class ChangeExternalTagShuffle(TypedDict):
    """企业客户标签重排 · Customer tags were put in another order. Id is the group; without it all groups are meant."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["change_external_tag"]
    """What happened."""
    ChangeType: Literal["shuffle"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    Id: NotRequired[str]
    """Id of the department, the tag or the group of tags."""
    StrategyId: NotRequired[str]
    """Id of the set of rules, if the tag belongs to one."""


class CustomerAcquisitionBalanceLow(TypedDict):
    """获客额度即将耗尽 · Fewer than 20 acquisitions are left."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["balance_low"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""


class CustomerAcquisitionBalanceExhausted(TypedDict):
    """获客额度已经耗尽 · No acquisition is left."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["balance_exhausted"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""


class CustomerAcquisitionBalanceIncreased(TypedDict):
    """获客额度增加 · Acquisitions were bought."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["balance_increased"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""


class CustomerAcquisitionQuotaExpireSoon(TypedDict):
    """获客额度即将过期 · Acquisitions expire soon."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["quota_expire_soon"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    ExpireTime: str
    """Unix seconds."""
    ExpireQuotaNum: str
    """How many expire."""


class CustomerAcquisitionLinkUnavailable(TypedDict):
    """获客链接不可用 · An acquisition link does not work any more."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["link_unavailable"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    LinkId: str
    """Id of the acquisition link."""


class CustomerAcquisitionDeleteLink(TypedDict):
    """删除获客链接 · An acquisition link was deleted."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["delete_link"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    LinkId: str
    """Id of the acquisition link."""


class CustomerAcquisitionOpenProfile(TypedDict):
    """通过获客链接打开成员资料页 · A customer opened a member's profile by an acquisition link."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["open_profile"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    LinkId: str
    """Id of the acquisition link."""
    State: NotRequired[str]
    """What the link or the contact way was made with."""


class CustomerAcquisitionFriendRequest(TypedDict):
    """通过获客链接申请好友 · A customer asks to be added by an acquisition link."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["friend_request"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    LinkId: str
    """Id of the acquisition link."""
    State: NotRequired[str]
    """What the link or the contact way was made with."""


class CustomerAcquisitionCustomerStartChat(TypedDict):
    """微信客户发起会话 · A customer began a chat by an acquisition link."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["customer_start_chat"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    UserID: str
    """The member's id, case-insensitive."""
    ExternalUserID: str
    """The customer's id."""
    LinkId: str
    """Id of the acquisition link."""


class CustomerAcquisitionMessageFromCustomer(TypedDict):
    """微信客户发送消息 · A customer who came by an acquisition link wrote. UserID, ExternalUserID and ChatSeq are no longer sent since 2024-12-19."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["customer_acquisition"]
    """What happened."""
    ChangeType: Literal["message_from_customer"]
    """What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared."""
    LinkId: str
    """Id of the acquisition link."""
    ChatKey: NotRequired[str]
    """Key for reading the chat."""
    UserID: NotRequired[str]
    """The member's id, case-insensitive."""
    ExternalUserID: NotRequired[str]
    """The customer's id."""
    ChatSeq: NotRequired[str]
    """Number of the message."""


class Subscribe(TypedDict):
    """成员进入应用可见范围 · A member came into the app's visible range."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["subscribe"]
    """What happened."""
    AgentID: str
    """The app's number."""


class Unsubscribe(TypedDict):
    """成员离开应用可见范围 · A member left the app's visible range."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["unsubscribe"]
    """What happened."""
    AgentID: str
    """The app's number."""


class EnterAgent(TypedDict):
    """成员进入应用 · A member opened the app."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["enter_agent"]
    """What happened."""
    AgentID: str
    """The app's number."""
    EventKey: NotRequired[str]
    """Key or address of the menu's entry."""


class Location(TypedDict):
    """上报地理位置 · A member's position was reported."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["LOCATION"]
    """What happened."""
    AgentID: str
    """The app's number."""
    Latitude: str
    """Degrees."""
    Longitude: str
    """Degrees."""
    Precision: str
    """Metres."""
    AppType: NotRequired[str]
    """`wxwork` for WeCom, else empty."""


class Click(TypedDict):
    """点击菜单拉取消息 · A member chose an entry of the app's menu."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["click"]
    """What happened."""
    AgentID: str
    """The app's number."""
    EventKey: str
    """Key or address of the menu's entry."""


class View(TypedDict):
    """点击菜单跳转链接 · A member opened a link of the app's menu."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["view"]
    """What happened."""
    AgentID: str
    """The app's number."""
    EventKey: str
    """Key or address of the menu's entry."""


class ScancodePush(TypedDict):
    """扫码推事件 · A member scanned a code."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["scancode_push"]
    """What happened."""
    AgentID: str
    """The app's number."""
    EventKey: str
    """Key or address of the menu's entry."""
    ScanCodeInfo: ScanCodeInfo | Literal[""]
    """What was scanned."""


class ScancodeWaitmsg(TypedDict):
    """扫码推事件且弹出“消息接收中”提示框 · A member scanned a code and waits for an answer."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["scancode_waitmsg"]
    """What happened."""
    AgentID: str
    """The app's number."""
    EventKey: str
    """Key or address of the menu's entry."""
    ScanCodeInfo: ScanCodeInfo | Literal[""]
    """What was scanned."""


class PicSysphoto(TypedDict):
    """弹出系统拍照发图 · A member took a photo from the app's menu."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["pic_sysphoto"]
    """What happened."""
    AgentID: str
    """The app's number."""
    EventKey: str
    """Key or address of the menu's entry."""
    SendPicsInfo: SendPicsInfo | Literal[""]
    """The pictures; they follow as messages."""


class PicPhotoOrAlbum(TypedDict):
    """弹出拍照或者相册发图 · A member sent a photo, taken or chosen, from the app's menu."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["pic_photo_or_album"]
    """What happened."""
    AgentID: str
    """The app's number."""
    EventKey: str
    """Key or address of the menu's entry."""
    SendPicsInfo: SendPicsInfo | Literal[""]
    """The pictures; they follow as messages."""


class PicWeixin(TypedDict):
    """弹出微信相册发图器 · A member sent pictures from the app's menu."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["pic_weixin"]
    """What happened."""
    AgentID: str
    """The app's number."""
    EventKey: str
    """Key or address of the menu's entry."""
    SendPicsInfo: SendPicsInfo | Literal[""]
    """The pictures; they follow as messages."""


class LocationSelect(TypedDict):
    """弹出地理位置选择器 · A member chose a place from the app's menu."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["location_select"]
    """What happened."""
    AgentID: str
    """The app's number."""
    EventKey: str
    """Key or address of the menu's entry."""
    SendLocationInfo: SendLocationInfo | Literal[""]
    """The place."""


class KfMsgOrEvent(TypedDict):
    """微信客服：有新消息或事件 · A message or an event of 微信客服 waits to be read. Token is for kf/sync_msg, for ten minutes."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["event"]
    """`event`, or the kind of message."""
    Event: Literal["kf_msg_or_event"]
    """What happened."""
    Token: str
    """A token for the call that reads what is new. It is a secret."""
    OpenKfId: NotRequired[str]
    """Id of the service account."""


class TextMessage(TypedDict):
    """文本消息 · A member wrote to the app."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["text"]
    """`event`, or the kind of message."""
    Content: str
    """The text."""
    MsgId: str
    """The message's id: the same each time it is delivered."""
    AgentID: str
    """The app's number."""


class ImageMessage(TypedDict):
    """图片消息 · A member sent the app a picture."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["image"]
    """`event`, or the kind of message."""
    PicUrl: str
    """URL of the picture."""
    MediaId: str
    """Id of the file at WeCom, for three days."""
    MsgId: str
    """The message's id: the same each time it is delivered."""
    AgentID: str
    """The app's number."""


class VoiceMessage(TypedDict):
    """语音消息 · A member spoke to the app."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["voice"]
    """`event`, or the kind of message."""
    MediaId: str
    """Id of the file at WeCom, for three days."""
    Format: str
    """Format of the sound, such as `amr`."""
    MsgId: str
    """The message's id: the same each time it is delivered."""
    AgentID: str
    """The app's number."""


class VideoMessage(TypedDict):
    """视频消息 · A member sent the app a video."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["video"]
    """`event`, or the kind of message."""
    MediaId: str
    """Id of the file at WeCom, for three days."""
    ThumbMediaId: str
    """Id of the thumbnail at WeCom."""
    MsgId: str
    """The message's id: the same each time it is delivered."""
    AgentID: str
    """The app's number."""


class LocationMessage(TypedDict):
    """位置消息 · A member sent the app a place."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["location"]
    """`event`, or the kind of message."""
    Location_X: str
    """Latitude, in degrees."""
    Location_Y: str
    """Longitude, in degrees."""
    Scale: str
    """Zoom of the map."""
    Label: str
    """The place in words."""
    AppType: NotRequired[str]
    """`wxwork` for WeCom, else empty."""
    MsgId: str
    """The message's id: the same each time it is delivered."""
    AgentID: str
    """The app's number."""


class LinkMessage(TypedDict):
    """链接消息 · A member sent the app a link."""

    ToUserName: str
    """The corporation's id."""
    FromUserName: str
    """`sys`, or the member who caused it."""
    CreateTime: str
    """Unix seconds."""
    MsgType: Literal["link"]
    """`event`, or the kind of message."""
    Title: str
    """Title."""
    Description: NotRequired[str]
    """Description."""
    Url: str
    """Address."""
    PicUrl: NotRequired[str]
    """URL of the picture."""
    MsgId: str
    """The message's id: the same each time it is delivered."""
    AgentID: str
    """The app's number."""


Payload = (
    ChangeContactCreateUser
    | ChangeContactUpdateUser
    | ChangeContactDeleteUser
    | ChangeContactCreateParty
    | ChangeContactUpdateParty
    | ChangeContactDeleteParty
    | ChangeContactUpdateTag
    | BatchJobResult
    | ChangeExternalContactAddExternalContact
    | ChangeExternalContactEditExternalContact
    | ChangeExternalContactAddHalfExternalContact
    | ChangeExternalContactDelExternalContact
    | ChangeExternalContactDelFollowUser
    | ChangeExternalContactTransferFail
    | ChangeExternalContactMsgAuditApproved
    | ChangeExternalChatCreate
    | ChangeExternalChatUpdate
    | ChangeExternalChatDismiss
    | ChangeExternalTagCreate
    | ChangeExternalTagUpdate
    | ChangeExternalTagDelete
    | ChangeExternalTagShuffle
    | CustomerAcquisitionBalanceLow
    | CustomerAcquisitionBalanceExhausted
    | CustomerAcquisitionBalanceIncreased
    | CustomerAcquisitionQuotaExpireSoon
    | CustomerAcquisitionLinkUnavailable
    | CustomerAcquisitionDeleteLink
    | CustomerAcquisitionOpenProfile
    | CustomerAcquisitionFriendRequest
    | CustomerAcquisitionCustomerStartChat
    | CustomerAcquisitionMessageFromCustomer
    | Subscribe
    | Unsubscribe
    | EnterAgent
    | Location
    | Click
    | View
    | ScancodePush
    | ScancodeWaitmsg
    | PicSysphoto
    | PicPhotoOrAlbum
    | PicWeixin
    | LocationSelect
    | KfMsgOrEvent
    | TextMessage
    | ImageMessage
    | VoiceMessage
    | VideoMessage
    | LocationMessage
    | LinkMessage
)

#: The type of each event's payload, by `Event/ChangeType`, `Event` or `message:MsgType`.
PAYLOADS: dict[str, type] = {
    "change_contact/create_user": ChangeContactCreateUser,
    "change_contact/update_user": ChangeContactUpdateUser,
    "change_contact/delete_user": ChangeContactDeleteUser,
    "change_contact/create_party": ChangeContactCreateParty,
    "change_contact/update_party": ChangeContactUpdateParty,
    "change_contact/delete_party": ChangeContactDeleteParty,
    "change_contact/update_tag": ChangeContactUpdateTag,
    "batch_job_result": BatchJobResult,
    "change_external_contact/add_external_contact": ChangeExternalContactAddExternalContact,
    "change_external_contact/edit_external_contact": ChangeExternalContactEditExternalContact,
    "change_external_contact/add_half_external_contact": ChangeExternalContactAddHalfExternalContact,
    "change_external_contact/del_external_contact": ChangeExternalContactDelExternalContact,
    "change_external_contact/del_follow_user": ChangeExternalContactDelFollowUser,
    "change_external_contact/transfer_fail": ChangeExternalContactTransferFail,
    "change_external_contact/msg_audit_approved": ChangeExternalContactMsgAuditApproved,
    "change_external_chat/create": ChangeExternalChatCreate,
    "change_external_chat/update": ChangeExternalChatUpdate,
    "change_external_chat/dismiss": ChangeExternalChatDismiss,
    "change_external_tag/create": ChangeExternalTagCreate,
    "change_external_tag/update": ChangeExternalTagUpdate,
    "change_external_tag/delete": ChangeExternalTagDelete,
    "change_external_tag/shuffle": ChangeExternalTagShuffle,
    "customer_acquisition/balance_low": CustomerAcquisitionBalanceLow,
    "customer_acquisition/balance_exhausted": CustomerAcquisitionBalanceExhausted,
    "customer_acquisition/balance_increased": CustomerAcquisitionBalanceIncreased,
    "customer_acquisition/quota_expire_soon": CustomerAcquisitionQuotaExpireSoon,
    "customer_acquisition/link_unavailable": CustomerAcquisitionLinkUnavailable,
    "customer_acquisition/delete_link": CustomerAcquisitionDeleteLink,
    "customer_acquisition/open_profile": CustomerAcquisitionOpenProfile,
    "customer_acquisition/friend_request": CustomerAcquisitionFriendRequest,
    "customer_acquisition/customer_start_chat": CustomerAcquisitionCustomerStartChat,
    "customer_acquisition/message_from_customer": CustomerAcquisitionMessageFromCustomer,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "enter_agent": EnterAgent,
    "LOCATION": Location,
    "click": Click,
    "view": View,
    "scancode_push": ScancodePush,
    "scancode_waitmsg": ScancodeWaitmsg,
    "pic_sysphoto": PicSysphoto,
    "pic_photo_or_album": PicPhotoOrAlbum,
    "pic_weixin": PicWeixin,
    "location_select": LocationSelect,
    "kf_msg_or_event": KfMsgOrEvent,
    "message:text": TextMessage,
    "message:image": ImageMessage,
    "message:voice": VoiceMessage,
    "message:video": VideoMessage,
    "message:location": LocationMessage,
    "message:link": LinkMessage,
}
