// Generated from catalogue/events.json by `cargo run -p catalogue`. Do not edit.
//! The payload of each of WeCom's events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::element::{ElementOrText, element, one_or_many};

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct BatchJob {
    /// `ErrCode`.
    #[serde(rename = "ErrCode")]
    pub err_code: Option<String>,
    /// `ErrMsg`.
    #[serde(rename = "ErrMsg")]
    pub err_msg: Option<String>,
    /// `JobId`.
    #[serde(rename = "JobId")]
    pub job_id: Option<String>,
    /// `JobType`.
    #[serde(rename = "JobType")]
    pub job_type: Option<String>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ExtAttr {
    /// `Item`.
    #[serde(rename = "Item", deserialize_with = "one_or_many")]
    pub item: Vec<ExtAttrItem>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ExtAttrItem {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: Option<String>,
    /// `Text`.
    #[serde(rename = "Text", deserialize_with = "element")]
    pub text: Option<ExtAttrText>,
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: Option<String>,
    /// `Web`.
    #[serde(rename = "Web", deserialize_with = "element")]
    pub web: Option<ExtAttrWeb>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ExtAttrText {
    /// `Value`.
    #[serde(rename = "Value")]
    pub value: Option<String>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ExtAttrWeb {
    /// `Title`.
    #[serde(rename = "Title")]
    pub title: Option<String>,
    /// `Url`.
    #[serde(rename = "Url")]
    pub url: Option<String>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct MemChangeList {
    /// `Item`.
    #[serde(rename = "Item", deserialize_with = "one_or_many")]
    pub item: Vec<String>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct PicList {
    /// `item`.
    #[serde(rename = "item", deserialize_with = "one_or_many")]
    pub item: Vec<Picture>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Picture {
    /// `PicMd5Sum`.
    #[serde(rename = "PicMd5Sum")]
    pub pic_md5_sum: Option<String>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ScanCodeInfo {
    /// `ScanResult`.
    #[serde(rename = "ScanResult")]
    pub scan_result: Option<String>,
    /// `ScanType`.
    #[serde(rename = "ScanType")]
    pub scan_type: Option<String>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct SendLocationInfo {
    /// `Label`.
    #[serde(rename = "Label")]
    pub label: Option<String>,
    /// `Location_X`.
    #[serde(rename = "Location_X")]
    pub location_x: Option<String>,
    /// `Location_Y`.
    #[serde(rename = "Location_Y")]
    pub location_y: Option<String>,
    /// `Poiname`.
    #[serde(rename = "Poiname")]
    pub poiname: Option<String>,
    /// `Scale`.
    #[serde(rename = "Scale")]
    pub scale: Option<String>,
}

/// An element of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct SendPicsInfo {
    /// `Count`.
    #[serde(rename = "Count")]
    pub count: Option<String>,
    /// `PicList`.
    #[serde(rename = "PicList", deserialize_with = "element")]
    pub pic_list: Option<PicList>,
}

/// 新增成员 · A member was added. A callback that was saved after 2022-08-15 gets ids only. Of these fields it gets UserID and Department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeContactCreateUser {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// Name.
    #[serde(rename = "Name", default)]
    pub name: Option<String>,
    /// Ids of departments, separated by commas.
    #[serde(rename = "Department", default)]
    pub department: Option<String>,
    /// Id of the main department.
    #[serde(rename = "MainDepartment", default)]
    pub main_department: Option<String>,
    /// `0` or `1` for each department, in the same order, separated by commas.
    #[serde(rename = "IsLeaderInDept", default)]
    pub is_leader_in_dept: Option<String>,
    /// The direct superior's UserID.
    #[serde(rename = "DirectLeader", default)]
    pub direct_leader: Option<String>,
    /// Job title.
    #[serde(rename = "Position", default)]
    pub position: Option<String>,
    /// Mobile number.
    #[serde(rename = "Mobile", default)]
    pub mobile: Option<String>,
    /// `0` unknown or hidden, `1` male, `2` female.
    #[serde(rename = "Gender", default)]
    pub gender: Option<String>,
    /// Mail address.
    #[serde(rename = "Email", default)]
    pub email: Option<String>,
    /// Mail address of the corporation's mailbox.
    #[serde(rename = "BizMail", default)]
    pub biz_mail: Option<String>,
    /// `1` active, `2` disabled, `4` not activated, `5` left.
    #[serde(rename = "Status", default)]
    pub status: Option<String>,
    /// URL of the picture.
    #[serde(rename = "Avatar", default)]
    pub avatar: Option<String>,
    /// Alias.
    #[serde(rename = "Alias", default)]
    pub alias: Option<String>,
    /// Landline number.
    #[serde(rename = "Telephone", default)]
    pub telephone: Option<String>,
    /// Address.
    #[serde(rename = "Address", default)]
    pub address: Option<String>,
    /// Attributes that the corporation has defined.
    #[serde(rename = "ExtAttr", default, deserialize_with = "element")]
    pub ext_attr: Option<ExtAttr>,
}

/// 更新成员 · A member was changed. A callback that was saved after 2022-08-15 gets ids only. It is sent only for a change of departments or of the id itself. NewUserID is there only when the id has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeContactUpdateUser {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The member's id from now on.
    #[serde(rename = "NewUserID", default)]
    pub new_user_id: Option<String>,
    /// Name.
    #[serde(rename = "Name", default)]
    pub name: Option<String>,
    /// Ids of departments, separated by commas.
    #[serde(rename = "Department", default)]
    pub department: Option<String>,
    /// Id of the main department.
    #[serde(rename = "MainDepartment", default)]
    pub main_department: Option<String>,
    /// `0` or `1` for each department, in the same order, separated by commas.
    #[serde(rename = "IsLeaderInDept", default)]
    pub is_leader_in_dept: Option<String>,
    /// The direct superior's UserID.
    #[serde(rename = "DirectLeader", default)]
    pub direct_leader: Option<String>,
    /// Job title.
    #[serde(rename = "Position", default)]
    pub position: Option<String>,
    /// Mobile number.
    #[serde(rename = "Mobile", default)]
    pub mobile: Option<String>,
    /// `0` unknown or hidden, `1` male, `2` female.
    #[serde(rename = "Gender", default)]
    pub gender: Option<String>,
    /// Mail address.
    #[serde(rename = "Email", default)]
    pub email: Option<String>,
    /// Mail address of the corporation's mailbox.
    #[serde(rename = "BizMail", default)]
    pub biz_mail: Option<String>,
    /// `1` active, `2` disabled, `4` not activated, `5` left.
    #[serde(rename = "Status", default)]
    pub status: Option<String>,
    /// URL of the picture.
    #[serde(rename = "Avatar", default)]
    pub avatar: Option<String>,
    /// Alias.
    #[serde(rename = "Alias", default)]
    pub alias: Option<String>,
    /// Landline number.
    #[serde(rename = "Telephone", default)]
    pub telephone: Option<String>,
    /// Address.
    #[serde(rename = "Address", default)]
    pub address: Option<String>,
    /// Attributes that the corporation has defined.
    #[serde(rename = "ExtAttr", default, deserialize_with = "element")]
    pub ext_attr: Option<ExtAttr>,
}

/// 删除成员 · A member was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeContactDeleteUser {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
}

/// 新增部门 · A department was added. A callback that was saved after 2022-08-15 gets ids only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeContactCreateParty {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the department, the tag or the group of tags.
    #[serde(rename = "Id")]
    pub id: String,
    /// Name.
    #[serde(rename = "Name", default)]
    pub name: Option<String>,
    /// Id of the parent department.
    #[serde(rename = "ParentId", default)]
    pub parent_id: Option<String>,
    /// Position among its siblings, highest first.
    #[serde(rename = "Order", default)]
    pub order: Option<String>,
}

/// 更新部门 · A department was changed. A callback that was saved after 2022-08-15 gets ids only. It is sent only for a change of the parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeContactUpdateParty {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the department, the tag or the group of tags.
    #[serde(rename = "Id")]
    pub id: String,
    /// Name.
    #[serde(rename = "Name", default)]
    pub name: Option<String>,
    /// Id of the parent department.
    #[serde(rename = "ParentId", default)]
    pub parent_id: Option<String>,
}

/// 删除部门 · A department was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeContactDeleteParty {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the department, the tag or the group of tags.
    #[serde(rename = "Id")]
    pub id: String,
}

/// 标签成员变更 · Members of a tag were changed. DelPartyItems may be missing although a department was deleted: read the tag again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeContactUpdateTag {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the tag.
    #[serde(rename = "TagId")]
    pub tag_id: String,
    /// UserIDs that were added, separated by commas.
    #[serde(rename = "AddUserItems", default)]
    pub add_user_items: Option<String>,
    /// UserIDs that were removed, separated by commas.
    #[serde(rename = "DelUserItems", default)]
    pub del_user_items: Option<String>,
    /// Ids of departments that were added, separated by commas.
    #[serde(rename = "AddPartyItems", default)]
    pub add_party_items: Option<String>,
    /// Ids of departments that were removed, separated by commas.
    #[serde(rename = "DelPartyItems", default)]
    pub del_party_items: Option<String>,
}

/// 异步任务完成 · A batch job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchJobResult {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The job.
    #[serde(rename = "BatchJob", default, deserialize_with = "element")]
    pub batch_job: Option<BatchJob>,
}

/// 添加客户 · A member added a customer. WelcomeCode is good for 20 seconds, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalContactAddExternalContact {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The customer's id.
    #[serde(rename = "ExternalUserID")]
    pub external_user_id: String,
    /// What the link or the contact way was made with.
    #[serde(rename = "State", default)]
    pub state: Option<String>,
    /// Code for a welcome message.
    #[serde(rename = "WelcomeCode", default)]
    pub welcome_code: Option<String>,
}

/// 编辑客户 · A member changed the remark, phone number or tags of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalContactEditExternalContact {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The customer's id.
    #[serde(rename = "ExternalUserID")]
    pub external_user_id: String,
}

/// 外部联系人免验证添加成员 · A customer added a member who needs no confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalContactAddHalfExternalContact {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The customer's id.
    #[serde(rename = "ExternalUserID")]
    pub external_user_id: String,
    /// What the link or the contact way was made with.
    #[serde(rename = "State", default)]
    pub state: Option<String>,
    /// Code for a welcome message.
    #[serde(rename = "WelcomeCode", default)]
    pub welcome_code: Option<String>,
}

/// 成员删除客户 · A member removed a customer. Source is DELETE_BY_TRANSFER when the customer was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalContactDelExternalContact {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The customer's id.
    #[serde(rename = "ExternalUserID")]
    pub external_user_id: String,
    /// `DELETE_BY_TRANSFER`, where the reason is known.
    #[serde(rename = "Source", default)]
    pub source: Option<String>,
}

/// 客户删除成员 · A customer removed a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalContactDelFollowUser {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The customer's id.
    #[serde(rename = "ExternalUserID")]
    pub external_user_id: String,
}

/// 客户接替失败 · A customer was not handed over. UserID is the member who should have taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalContactTransferFail {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// `customer_refused` or `customer_limit_exceed`.
    #[serde(rename = "FailReason")]
    pub fail_reason: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The customer's id.
    #[serde(rename = "ExternalUserID")]
    pub external_user_id: String,
}

/// 客户同意会话存档 · A customer consents to the archiving of the chat. Its fields are taken from SDKs; no page of WeCom's was read that lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalContactMsgAuditApproved {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID", default)]
    pub user_id: Option<String>,
    /// The customer's id.
    #[serde(rename = "ExternalUserID", default)]
    pub external_user_id: Option<String>,
    /// Code for a welcome message.
    #[serde(rename = "WelcomeCode", default)]
    pub welcome_code: Option<String>,
}

/// 客户群创建 · A customer group was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalChatCreate {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the customer group.
    #[serde(rename = "ChatId")]
    pub chat_id: String,
}

/// 客户群变更：成员入群 · A customer group was changed. The last five are there only for a change of members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalChatUpdate {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the customer group.
    #[serde(rename = "ChatId")]
    pub chat_id: String,
    /// `add_member`, `del_member`, `change_owner`, `change_name` or `change_notice`.
    #[serde(rename = "UpdateDetail", default)]
    pub update_detail: Option<String>,
    /// How they joined: `0` invited, `3` by code.
    #[serde(rename = "JoinScene", default)]
    pub join_scene: Option<String>,
    /// How they left: `0` by themselves, `1` removed.
    #[serde(rename = "QuitScene", default)]
    pub quit_scene: Option<String>,
    /// How many members.
    #[serde(rename = "MemChangeCnt", default)]
    pub mem_change_cnt: Option<String>,
    /// Which members; older deliveries have a text, separated by commas.
    #[serde(rename = "MemChangeList", default)]
    pub mem_change_list: Option<ElementOrText<MemChangeList>>,
    /// Version of the members before.
    #[serde(rename = "LastMemVer", default)]
    pub last_mem_ver: Option<String>,
    /// Version of the members now.
    #[serde(rename = "CurMemVer", default)]
    pub cur_mem_ver: Option<String>,
}

/// 客户群解散 · A customer group was dissolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalChatDismiss {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the customer group.
    #[serde(rename = "ChatId")]
    pub chat_id: String,
}

/// 企业客户标签创建 · A customer tag or group of tags was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalTagCreate {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the department, the tag or the group of tags.
    #[serde(rename = "Id")]
    pub id: String,
    /// `tag` or `tag_group`.
    #[serde(rename = "TagType")]
    pub tag_type: String,
    /// Id of the set of rules, if the tag belongs to one.
    #[serde(rename = "StrategyId", default)]
    pub strategy_id: Option<String>,
}

/// 企业客户标签变更 · A customer tag or group of tags was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalTagUpdate {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the department, the tag or the group of tags.
    #[serde(rename = "Id")]
    pub id: String,
    /// `tag` or `tag_group`.
    #[serde(rename = "TagType")]
    pub tag_type: String,
    /// Id of the set of rules, if the tag belongs to one.
    #[serde(rename = "StrategyId", default)]
    pub strategy_id: Option<String>,
}

/// 企业客户标签删除 · A customer tag or group of tags was deleted. The tags of a deleted group have no event of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalTagDelete {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the department, the tag or the group of tags.
    #[serde(rename = "Id")]
    pub id: String,
    /// `tag` or `tag_group`.
    #[serde(rename = "TagType")]
    pub tag_type: String,
    /// Id of the set of rules, if the tag belongs to one.
    #[serde(rename = "StrategyId", default)]
    pub strategy_id: Option<String>,
}

/// 企业客户标签重排 · Customer tags were put in another order. Id is the group; without it all groups are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeExternalTagShuffle {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the department, the tag or the group of tags.
    #[serde(rename = "Id", default)]
    pub id: Option<String>,
    /// Id of the set of rules, if the tag belongs to one.
    #[serde(rename = "StrategyId", default)]
    pub strategy_id: Option<String>,
}

/// 获客额度即将耗尽 · Fewer than 20 acquisitions are left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionBalanceLow {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
}

/// 获客额度已经耗尽 · No acquisition is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionBalanceExhausted {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
}

/// 获客额度增加 · Acquisitions were bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionBalanceIncreased {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
}

/// 获客额度即将过期 · Acquisitions expire soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionQuotaExpireSoon {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Unix seconds.
    #[serde(rename = "ExpireTime")]
    pub expire_time: String,
    /// How many expire.
    #[serde(rename = "ExpireQuotaNum")]
    pub expire_quota_num: String,
}

/// 获客链接不可用 · An acquisition link does not work any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionLinkUnavailable {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the acquisition link.
    #[serde(rename = "LinkId")]
    pub link_id: String,
}

/// 删除获客链接 · An acquisition link was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionDeleteLink {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the acquisition link.
    #[serde(rename = "LinkId")]
    pub link_id: String,
}

/// 通过获客链接打开成员资料页 · A customer opened a member's profile by an acquisition link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionOpenProfile {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the acquisition link.
    #[serde(rename = "LinkId")]
    pub link_id: String,
    /// What the link or the contact way was made with.
    #[serde(rename = "State", default)]
    pub state: Option<String>,
}

/// 通过获客链接申请好友 · A customer asks to be added by an acquisition link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionFriendRequest {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the acquisition link.
    #[serde(rename = "LinkId")]
    pub link_id: String,
    /// What the link or the contact way was made with.
    #[serde(rename = "State", default)]
    pub state: Option<String>,
}

/// 微信客户发起会话 · A customer began a chat by an acquisition link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionCustomerStartChat {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The customer's id.
    #[serde(rename = "ExternalUserID")]
    pub external_user_id: String,
    /// Id of the acquisition link.
    #[serde(rename = "LinkId")]
    pub link_id: String,
}

/// 微信客户发送消息 · A customer who came by an acquisition link wrote. UserID, ExternalUserID and ChatSeq are no longer sent since 2024-12-19.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAcquisitionMessageFromCustomer {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared.
    #[serde(rename = "ChangeType")]
    pub change_type: String,
    /// Id of the acquisition link.
    #[serde(rename = "LinkId")]
    pub link_id: String,
    /// Key for reading the chat.
    #[serde(rename = "ChatKey", default)]
    pub chat_key: Option<String>,
    /// The member's id, case-insensitive.
    #[serde(rename = "UserID", default)]
    pub user_id: Option<String>,
    /// The customer's id.
    #[serde(rename = "ExternalUserID", default)]
    pub external_user_id: Option<String>,
    /// Number of the message.
    #[serde(rename = "ChatSeq", default)]
    pub chat_seq: Option<String>,
}

/// 成员进入应用可见范围 · A member came into the app's visible range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribe {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
}

/// 成员离开应用可见范围 · A member left the app's visible range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsubscribe {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
}

/// 成员进入应用 · A member opened the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnterAgent {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Key or address of the menu's entry.
    #[serde(rename = "EventKey", default)]
    pub event_key: Option<String>,
}

/// 上报地理位置 · A member's position was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Degrees.
    #[serde(rename = "Latitude")]
    pub latitude: String,
    /// Degrees.
    #[serde(rename = "Longitude")]
    pub longitude: String,
    /// Metres.
    #[serde(rename = "Precision")]
    pub precision: String,
    /// `wxwork` for WeCom, else empty.
    #[serde(rename = "AppType", default)]
    pub app_type: Option<String>,
}

/// 点击菜单拉取消息 · A member chose an entry of the app's menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Click {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Key or address of the menu's entry.
    #[serde(rename = "EventKey")]
    pub event_key: String,
}

/// 点击菜单跳转链接 · A member opened a link of the app's menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Key or address of the menu's entry.
    #[serde(rename = "EventKey")]
    pub event_key: String,
}

/// 扫码推事件 · A member scanned a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScancodePush {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Key or address of the menu's entry.
    #[serde(rename = "EventKey")]
    pub event_key: String,
    /// What was scanned.
    #[serde(rename = "ScanCodeInfo", default, deserialize_with = "element")]
    pub scan_code_info: Option<ScanCodeInfo>,
}

/// 扫码推事件且弹出“消息接收中”提示框 · A member scanned a code and waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScancodeWaitmsg {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Key or address of the menu's entry.
    #[serde(rename = "EventKey")]
    pub event_key: String,
    /// What was scanned.
    #[serde(rename = "ScanCodeInfo", default, deserialize_with = "element")]
    pub scan_code_info: Option<ScanCodeInfo>,
}

/// 弹出系统拍照发图 · A member took a photo from the app's menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PicSysphoto {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Key or address of the menu's entry.
    #[serde(rename = "EventKey")]
    pub event_key: String,
    /// The pictures; they follow as messages.
    #[serde(rename = "SendPicsInfo", default, deserialize_with = "element")]
    pub send_pics_info: Option<SendPicsInfo>,
}

/// 弹出拍照或者相册发图 · A member sent a photo, taken or chosen, from the app's menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PicPhotoOrAlbum {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Key or address of the menu's entry.
    #[serde(rename = "EventKey")]
    pub event_key: String,
    /// The pictures; they follow as messages.
    #[serde(rename = "SendPicsInfo", default, deserialize_with = "element")]
    pub send_pics_info: Option<SendPicsInfo>,
}

/// 弹出微信相册发图器 · A member sent pictures from the app's menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PicWeixin {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Key or address of the menu's entry.
    #[serde(rename = "EventKey")]
    pub event_key: String,
    /// The pictures; they follow as messages.
    #[serde(rename = "SendPicsInfo", default, deserialize_with = "element")]
    pub send_pics_info: Option<SendPicsInfo>,
}

/// 弹出地理位置选择器 · A member chose a place from the app's menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationSelect {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
    /// Key or address of the menu's entry.
    #[serde(rename = "EventKey")]
    pub event_key: String,
    /// The place.
    #[serde(rename = "SendLocationInfo", default, deserialize_with = "element")]
    pub send_location_info: Option<SendLocationInfo>,
}

/// 微信客服：有新消息或事件 · A message or an event of 微信客服 waits to be read. Token is for kf/sync_msg, for ten minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KfMsgOrEvent {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// What happened.
    #[serde(rename = "Event")]
    pub event: String,
    /// A token for the call that reads what is new. It is a secret.
    #[serde(rename = "Token")]
    pub token: String,
    /// Id of the service account.
    #[serde(rename = "OpenKfId", default)]
    pub open_kf_id: Option<String>,
}

/// 文本消息 · A member wrote to the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextMessage {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// The text.
    #[serde(rename = "Content")]
    pub content: String,
    /// The message's id: the same each time it is delivered.
    #[serde(rename = "MsgId")]
    pub msg_id: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
}

/// 图片消息 · A member sent the app a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageMessage {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// URL of the picture.
    #[serde(rename = "PicUrl")]
    pub pic_url: String,
    /// Id of the file at WeCom, for three days.
    #[serde(rename = "MediaId")]
    pub media_id: String,
    /// The message's id: the same each time it is delivered.
    #[serde(rename = "MsgId")]
    pub msg_id: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
}

/// 语音消息 · A member spoke to the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceMessage {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// Id of the file at WeCom, for three days.
    #[serde(rename = "MediaId")]
    pub media_id: String,
    /// Format of the sound, such as `amr`.
    #[serde(rename = "Format")]
    pub format: String,
    /// The message's id: the same each time it is delivered.
    #[serde(rename = "MsgId")]
    pub msg_id: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
}

/// 视频消息 · A member sent the app a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoMessage {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// Id of the file at WeCom, for three days.
    #[serde(rename = "MediaId")]
    pub media_id: String,
    /// Id of the thumbnail at WeCom.
    #[serde(rename = "ThumbMediaId")]
    pub thumb_media_id: String,
    /// The message's id: the same each time it is delivered.
    #[serde(rename = "MsgId")]
    pub msg_id: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
}

/// 位置消息 · A member sent the app a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationMessage {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// Latitude, in degrees.
    #[serde(rename = "Location_X")]
    pub location_x: String,
    /// Longitude, in degrees.
    #[serde(rename = "Location_Y")]
    pub location_y: String,
    /// Zoom of the map.
    #[serde(rename = "Scale")]
    pub scale: String,
    /// The place in words.
    #[serde(rename = "Label")]
    pub label: String,
    /// `wxwork` for WeCom, else empty.
    #[serde(rename = "AppType", default)]
    pub app_type: Option<String>,
    /// The message's id: the same each time it is delivered.
    #[serde(rename = "MsgId")]
    pub msg_id: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
}

/// 链接消息 · A member sent the app a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkMessage {
    /// The corporation's id.
    #[serde(rename = "ToUserName")]
    pub to_user_name: String,
    /// `sys`, or the member who caused it.
    #[serde(rename = "FromUserName")]
    pub from_user_name: String,
    /// Unix seconds.
    #[serde(rename = "CreateTime")]
    pub create_time: String,
    /// `event`, or the kind of message.
    #[serde(rename = "MsgType")]
    pub msg_type: String,
    /// Title.
    #[serde(rename = "Title")]
    pub title: String,
    /// Description.
    #[serde(rename = "Description", default)]
    pub description: Option<String>,
    /// Address.
    #[serde(rename = "Url")]
    pub url: String,
    /// URL of the picture.
    #[serde(rename = "PicUrl", default)]
    pub pic_url: Option<String>,
    /// The message's id: the same each time it is delivered.
    #[serde(rename = "MsgId")]
    pub msg_id: String,
    /// The app's number.
    #[serde(rename = "AgentID")]
    pub agent_id: String,
}

/// What an event said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Payload {
    /// `change_contact/create_user`
    ChangeContactCreateUser(Box<ChangeContactCreateUser>),
    /// `change_contact/update_user`
    ChangeContactUpdateUser(Box<ChangeContactUpdateUser>),
    /// `change_contact/delete_user`
    ChangeContactDeleteUser(Box<ChangeContactDeleteUser>),
    /// `change_contact/create_party`
    ChangeContactCreateParty(Box<ChangeContactCreateParty>),
    /// `change_contact/update_party`
    ChangeContactUpdateParty(Box<ChangeContactUpdateParty>),
    /// `change_contact/delete_party`
    ChangeContactDeleteParty(Box<ChangeContactDeleteParty>),
    /// `change_contact/update_tag`
    ChangeContactUpdateTag(Box<ChangeContactUpdateTag>),
    /// `batch_job_result`
    BatchJobResult(Box<BatchJobResult>),
    /// `change_external_contact/add_external_contact`
    ChangeExternalContactAddExternalContact(Box<ChangeExternalContactAddExternalContact>),
    /// `change_external_contact/edit_external_contact`
    ChangeExternalContactEditExternalContact(Box<ChangeExternalContactEditExternalContact>),
    /// `change_external_contact/add_half_external_contact`
    ChangeExternalContactAddHalfExternalContact(Box<ChangeExternalContactAddHalfExternalContact>),
    /// `change_external_contact/del_external_contact`
    ChangeExternalContactDelExternalContact(Box<ChangeExternalContactDelExternalContact>),
    /// `change_external_contact/del_follow_user`
    ChangeExternalContactDelFollowUser(Box<ChangeExternalContactDelFollowUser>),
    /// `change_external_contact/transfer_fail`
    ChangeExternalContactTransferFail(Box<ChangeExternalContactTransferFail>),
    /// `change_external_contact/msg_audit_approved`
    ChangeExternalContactMsgAuditApproved(Box<ChangeExternalContactMsgAuditApproved>),
    /// `change_external_chat/create`
    ChangeExternalChatCreate(Box<ChangeExternalChatCreate>),
    /// `change_external_chat/update`
    ChangeExternalChatUpdate(Box<ChangeExternalChatUpdate>),
    /// `change_external_chat/dismiss`
    ChangeExternalChatDismiss(Box<ChangeExternalChatDismiss>),
    /// `change_external_tag/create`
    ChangeExternalTagCreate(Box<ChangeExternalTagCreate>),
    /// `change_external_tag/update`
    ChangeExternalTagUpdate(Box<ChangeExternalTagUpdate>),
    /// `change_external_tag/delete`
    ChangeExternalTagDelete(Box<ChangeExternalTagDelete>),
    /// `change_external_tag/shuffle`
    ChangeExternalTagShuffle(Box<ChangeExternalTagShuffle>),
    /// `customer_acquisition/balance_low`
    CustomerAcquisitionBalanceLow(Box<CustomerAcquisitionBalanceLow>),
    /// `customer_acquisition/balance_exhausted`
    CustomerAcquisitionBalanceExhausted(Box<CustomerAcquisitionBalanceExhausted>),
    /// `customer_acquisition/balance_increased`
    CustomerAcquisitionBalanceIncreased(Box<CustomerAcquisitionBalanceIncreased>),
    /// `customer_acquisition/quota_expire_soon`
    CustomerAcquisitionQuotaExpireSoon(Box<CustomerAcquisitionQuotaExpireSoon>),
    /// `customer_acquisition/link_unavailable`
    CustomerAcquisitionLinkUnavailable(Box<CustomerAcquisitionLinkUnavailable>),
    /// `customer_acquisition/delete_link`
    CustomerAcquisitionDeleteLink(Box<CustomerAcquisitionDeleteLink>),
    /// `customer_acquisition/open_profile`
    CustomerAcquisitionOpenProfile(Box<CustomerAcquisitionOpenProfile>),
    /// `customer_acquisition/friend_request`
    CustomerAcquisitionFriendRequest(Box<CustomerAcquisitionFriendRequest>),
    /// `customer_acquisition/customer_start_chat`
    CustomerAcquisitionCustomerStartChat(Box<CustomerAcquisitionCustomerStartChat>),
    /// `customer_acquisition/message_from_customer`
    CustomerAcquisitionMessageFromCustomer(Box<CustomerAcquisitionMessageFromCustomer>),
    /// `subscribe`
    Subscribe(Box<Subscribe>),
    /// `unsubscribe`
    Unsubscribe(Box<Unsubscribe>),
    /// `enter_agent`
    EnterAgent(Box<EnterAgent>),
    /// `LOCATION`
    Location(Box<Location>),
    /// `click`
    Click(Box<Click>),
    /// `view`
    View(Box<View>),
    /// `scancode_push`
    ScancodePush(Box<ScancodePush>),
    /// `scancode_waitmsg`
    ScancodeWaitmsg(Box<ScancodeWaitmsg>),
    /// `pic_sysphoto`
    PicSysphoto(Box<PicSysphoto>),
    /// `pic_photo_or_album`
    PicPhotoOrAlbum(Box<PicPhotoOrAlbum>),
    /// `pic_weixin`
    PicWeixin(Box<PicWeixin>),
    /// `location_select`
    LocationSelect(Box<LocationSelect>),
    /// `kf_msg_or_event`
    KfMsgOrEvent(Box<KfMsgOrEvent>),
    /// `message:text`
    TextMessage(Box<TextMessage>),
    /// `message:image`
    ImageMessage(Box<ImageMessage>),
    /// `message:voice`
    VoiceMessage(Box<VoiceMessage>),
    /// `message:video`
    VideoMessage(Box<VideoMessage>),
    /// `message:location`
    LocationMessage(Box<LocationMessage>),
    /// `message:link`
    LinkMessage(Box<LinkMessage>),
    /// An event that the catalogue does not know, or one that is not as it says.
    Other(Value),
}

impl Payload {
    /// Reads the payload of the event of this name: `Event/ChangeType`, `Event` or `message:MsgType`.
    #[must_use]
    pub fn read(name: &str, payload: Value) -> Self {
        let read = match name {
            "change_contact/create_user" => serde_json::from_value(payload.clone()).map(Self::ChangeContactCreateUser),
            "change_contact/update_user" => serde_json::from_value(payload.clone()).map(Self::ChangeContactUpdateUser),
            "change_contact/delete_user" => serde_json::from_value(payload.clone()).map(Self::ChangeContactDeleteUser),
            "change_contact/create_party" => serde_json::from_value(payload.clone()).map(Self::ChangeContactCreateParty),
            "change_contact/update_party" => serde_json::from_value(payload.clone()).map(Self::ChangeContactUpdateParty),
            "change_contact/delete_party" => serde_json::from_value(payload.clone()).map(Self::ChangeContactDeleteParty),
            "change_contact/update_tag" => serde_json::from_value(payload.clone()).map(Self::ChangeContactUpdateTag),
            "batch_job_result" => serde_json::from_value(payload.clone()).map(Self::BatchJobResult),
            "change_external_contact/add_external_contact" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalContactAddExternalContact),
            "change_external_contact/edit_external_contact" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalContactEditExternalContact),
            "change_external_contact/add_half_external_contact" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalContactAddHalfExternalContact),
            "change_external_contact/del_external_contact" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalContactDelExternalContact),
            "change_external_contact/del_follow_user" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalContactDelFollowUser),
            "change_external_contact/transfer_fail" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalContactTransferFail),
            "change_external_contact/msg_audit_approved" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalContactMsgAuditApproved),
            "change_external_chat/create" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalChatCreate),
            "change_external_chat/update" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalChatUpdate),
            "change_external_chat/dismiss" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalChatDismiss),
            "change_external_tag/create" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalTagCreate),
            "change_external_tag/update" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalTagUpdate),
            "change_external_tag/delete" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalTagDelete),
            "change_external_tag/shuffle" => serde_json::from_value(payload.clone()).map(Self::ChangeExternalTagShuffle),
            "customer_acquisition/balance_low" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionBalanceLow),
            "customer_acquisition/balance_exhausted" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionBalanceExhausted),
            "customer_acquisition/balance_increased" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionBalanceIncreased),
            "customer_acquisition/quota_expire_soon" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionQuotaExpireSoon),
            "customer_acquisition/link_unavailable" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionLinkUnavailable),
            "customer_acquisition/delete_link" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionDeleteLink),
            "customer_acquisition/open_profile" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionOpenProfile),
            "customer_acquisition/friend_request" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionFriendRequest),
            "customer_acquisition/customer_start_chat" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionCustomerStartChat),
            "customer_acquisition/message_from_customer" => serde_json::from_value(payload.clone()).map(Self::CustomerAcquisitionMessageFromCustomer),
            "subscribe" => serde_json::from_value(payload.clone()).map(Self::Subscribe),
            "unsubscribe" => serde_json::from_value(payload.clone()).map(Self::Unsubscribe),
            "enter_agent" => serde_json::from_value(payload.clone()).map(Self::EnterAgent),
            "LOCATION" => serde_json::from_value(payload.clone()).map(Self::Location),
            "click" => serde_json::from_value(payload.clone()).map(Self::Click),
            "view" => serde_json::from_value(payload.clone()).map(Self::View),
            "scancode_push" => serde_json::from_value(payload.clone()).map(Self::ScancodePush),
            "scancode_waitmsg" => serde_json::from_value(payload.clone()).map(Self::ScancodeWaitmsg),
            "pic_sysphoto" => serde_json::from_value(payload.clone()).map(Self::PicSysphoto),
            "pic_photo_or_album" => serde_json::from_value(payload.clone()).map(Self::PicPhotoOrAlbum),
            "pic_weixin" => serde_json::from_value(payload.clone()).map(Self::PicWeixin),
            "location_select" => serde_json::from_value(payload.clone()).map(Self::LocationSelect),
            "kf_msg_or_event" => serde_json::from_value(payload.clone()).map(Self::KfMsgOrEvent),
            "message:text" => serde_json::from_value(payload.clone()).map(Self::TextMessage),
            "message:image" => serde_json::from_value(payload.clone()).map(Self::ImageMessage),
            "message:voice" => serde_json::from_value(payload.clone()).map(Self::VoiceMessage),
            "message:video" => serde_json::from_value(payload.clone()).map(Self::VideoMessage),
            "message:location" => serde_json::from_value(payload.clone()).map(Self::LocationMessage),
            "message:link" => serde_json::from_value(payload.clone()).map(Self::LinkMessage),
            _ => return Self::Other(payload),
        };
        read.unwrap_or(Self::Other(payload))
    }
}
