// Generated from catalogue/events.json by `cargo run -p catalogue`. Do not edit.

/** An element of an event. */
export interface BatchJob {
  ErrCode?: string;
  ErrMsg?: string;
  JobId?: string;
  JobType?: string;
}

/** An element of an event. */
export interface ExtAttr {
  Item?: ExtAttrItem | "" | (ExtAttrItem | "")[];
}

/** An element of an event. */
export interface ExtAttrItem {
  Name?: string;
  Text?: ExtAttrText | "";
  Type?: string;
  Web?: ExtAttrWeb | "";
}

/** An element of an event. */
export interface ExtAttrText {
  Value?: string;
}

/** An element of an event. */
export interface ExtAttrWeb {
  Title?: string;
  Url?: string;
}

/** An element of an event. */
export interface MemChangeList {
  Item?: string | (string)[];
}

/** An element of an event. */
export interface PicList {
  item?: Picture | "" | (Picture | "")[];
}

/** An element of an event. */
export interface Picture {
  PicMd5Sum?: string;
}

/** An element of an event. */
export interface ScanCodeInfo {
  ScanResult?: string;
  ScanType?: string;
}

/** An element of an event. */
export interface SendLocationInfo {
  Label?: string;
  Location_X?: string;
  Location_Y?: string;
  Poiname?: string;
  Scale?: string;
}

/** An element of an event. */
export interface SendPicsInfo {
  Count?: string;
  PicList?: PicList | "";
}

/** 新增成员 · A member was added. A callback that was saved after 2022-08-15 gets ids only. Of these fields it gets UserID and Department. */
export interface ChangeContactCreateUser {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "create_user";
  /** The member's id, case-insensitive. */
  UserID: string;
  /** Name. */
  Name?: string;
  /** Ids of departments, separated by commas. */
  Department?: string;
  /** Id of the main department. */
  MainDepartment?: string;
  /** `0` or `1` for each department, in the same order, separated by commas. */
  IsLeaderInDept?: string;
  /** The direct superior's UserID. */
  DirectLeader?: string;
  /** Job title. */
  Position?: string;
  /** Mobile number. */
  Mobile?: string;
  /** `0` unknown or hidden, `1` male, `2` female. */
  Gender?: string;
  /** Mail address. */
  Email?: string;
  /** Mail address of the corporation's mailbox. */
  BizMail?: string;
  /** `1` active, `2` disabled, `4` not activated, `5` left. */
  Status?: string;
  /** URL of the picture. */
  Avatar?: string;
  /** Alias. */
  Alias?: string;
  /** Landline number. */
  Telephone?: string;
  /** Address. */
  Address?: string;
  /** Attributes that the corporation has defined. */
  ExtAttr?: ExtAttr | "";
}

/** 更新成员 · A member was changed. A callback that was saved after 2022-08-15 gets ids only. It is sent only for a change of departments or of the id itself. NewUserID is there only when the id has changed. */
export interface ChangeContactUpdateUser {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "update_user";
  /** The member's id, case-insensitive. */
  UserID: string;
  /** The member's id from now on. */
  NewUserID?: string;
  /** Name. */
  Name?: string;
  /** Ids of departments, separated by commas. */
  Department?: string;
  /** Id of the main department. */
  MainDepartment?: string;
  /** `0` or `1` for each department, in the same order, separated by commas. */
  IsLeaderInDept?: string;
  /** The direct superior's UserID. */
  DirectLeader?: string;
  /** Job title. */
  Position?: string;
  /** Mobile number. */
  Mobile?: string;
  /** `0` unknown or hidden, `1` male, `2` female. */
  Gender?: string;
  /** Mail address. */
  Email?: string;
  /** Mail address of the corporation's mailbox. */
  BizMail?: string;
  /** `1` active, `2` disabled, `4` not activated, `5` left. */
  Status?: string;
  /** URL of the picture. */
  Avatar?: string;
  /** Alias. */
  Alias?: string;
  /** Landline number. */
  Telephone?: string;
  /** Address. */
  Address?: string;
  /** Attributes that the corporation has defined. */
  ExtAttr?: ExtAttr | "";
}

/** 删除成员 · A member was removed. */
export interface ChangeContactDeleteUser {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "delete_user";
  /** The member's id, case-insensitive. */
  UserID: string;
}

/** 新增部门 · A department was added. A callback that was saved after 2022-08-15 gets ids only. */
export interface ChangeContactCreateParty {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "create_party";
  /** Id of the department, the tag or the group of tags. */
  Id: string;
  /** Name. */
  Name?: string;
  /** Id of the parent department. */
  ParentId?: string;
  /** Position among its siblings, highest first. */
  Order?: string;
}

/** 更新部门 · A department was changed. A callback that was saved after 2022-08-15 gets ids only. It is sent only for a change of the parent. */
export interface ChangeContactUpdateParty {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "update_party";
  /** Id of the department, the tag or the group of tags. */
  Id: string;
  /** Name. */
  Name?: string;
  /** Id of the parent department. */
  ParentId?: string;
}

/** 删除部门 · A department was removed. */
export interface ChangeContactDeleteParty {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "delete_party";
  /** Id of the department, the tag or the group of tags. */
  Id: string;
}

/** 标签成员变更 · Members of a tag were changed. DelPartyItems may be missing although a department was deleted: read the tag again. */
export interface ChangeContactUpdateTag {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "update_tag";
  /** Id of the tag. */
  TagId: string;
  /** UserIDs that were added, separated by commas. */
  AddUserItems?: string;
  /** UserIDs that were removed, separated by commas. */
  DelUserItems?: string;
  /** Ids of departments that were added, separated by commas. */
  AddPartyItems?: string;
  /** Ids of departments that were removed, separated by commas. */
  DelPartyItems?: string;
}

/** 异步任务完成 · A batch job ended. */
export interface BatchJobResult {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "batch_job_result";
  /** The job. */
  BatchJob: BatchJob | "";
}

/** 添加客户 · A member added a customer. WelcomeCode is good for 20 seconds, once. */
export interface ChangeExternalContactAddExternalContact {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "add_external_contact";
  /** The member's id, case-insensitive. */
  UserID: string;
  /** The customer's id. */
  ExternalUserID: string;
  /** What the link or the contact way was made with. */
  State?: string;
  /** Code for a welcome message. */
  WelcomeCode?: string;
}

/** 编辑客户 · A member changed the remark, phone number or tags of a customer. */
export interface ChangeExternalContactEditExternalContact {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "edit_external_contact";
  /** The member's id, case-insensitive. */
  UserID: string;
  /** The customer's id. */
  ExternalUserID: string;
}

/** 外部联系人免验证添加成员 · A customer added a member who needs no confirmation. */
export interface ChangeExternalContactAddHalfExternalContact {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "add_half_external_contact";
  /** The member's id, case-insensitive. */
  UserID: string;
  /** The customer's id. */
  ExternalUserID: string;
  /** What the link or the contact way was made with. */
  State?: string;
  /** Code for a welcome message. */
  WelcomeCode?: string;
}

/** 成员删除客户 · A member removed a customer. Source is DELETE_BY_TRANSFER when the customer was handed over. */
export interface ChangeExternalContactDelExternalContact {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "del_external_contact";
  /** The member's id, case-insensitive. */
  UserID: string;
  /** The customer's id. */
  ExternalUserID: string;
  /** `DELETE_BY_TRANSFER`, where the reason is known. */
  Source?: string;
}

/** 客户删除成员 · A customer removed a member. */
export interface ChangeExternalContactDelFollowUser {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "del_follow_user";
  /** The member's id, case-insensitive. */
  UserID: string;
  /** The customer's id. */
  ExternalUserID: string;
}

/** 客户接替失败 · A customer was not handed over. UserID is the member who should have taken over. */
export interface ChangeExternalContactTransferFail {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "transfer_fail";
  /** `customer_refused` or `customer_limit_exceed`. */
  FailReason: string;
  /** The member's id, case-insensitive. */
  UserID: string;
  /** The customer's id. */
  ExternalUserID: string;
}

/** 客户同意会话存档 · A customer consents to the archiving of the chat. Its fields are taken from SDKs; no page of WeCom's was read that lists them. */
export interface ChangeExternalContactMsgAuditApproved {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_contact";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "msg_audit_approved";
  /** The member's id, case-insensitive. */
  UserID?: string;
  /** The customer's id. */
  ExternalUserID?: string;
  /** Code for a welcome message. */
  WelcomeCode?: string;
}

/** 客户群创建 · A customer group was created. */
export interface ChangeExternalChatCreate {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_chat";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "create";
  /** Id of the customer group. */
  ChatId: string;
}

/** 客户群变更：成员入群 · A customer group was changed. The last five are there only for a change of members. */
export interface ChangeExternalChatUpdate {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_chat";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "update";
  /** Id of the customer group. */
  ChatId: string;
  /** `add_member`, `del_member`, `change_owner`, `change_name` or `change_notice`. */
  UpdateDetail?: string;
  /** How they joined: `0` invited, `3` by code. */
  JoinScene?: string;
  /** How they left: `0` by themselves, `1` removed. */
  QuitScene?: string;
  /** How many members. */
  MemChangeCnt?: string;
  /** Which members; older deliveries have a text, separated by commas. */
  MemChangeList?: MemChangeList | string;
  /** Version of the members before. */
  LastMemVer?: string;
  /** Version of the members now. */
  CurMemVer?: string;
}

/** 客户群解散 · A customer group was dissolved. */
export interface ChangeExternalChatDismiss {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_chat";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "dismiss";
  /** Id of the customer group. */
  ChatId: string;
}

/** 企业客户标签创建 · A customer tag or group of tags was created. */
export interface ChangeExternalTagCreate {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_tag";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "create";
  /** Id of the department, the tag or the group of tags. */
  Id: string;
  /** `tag` or `tag_group`. */
  TagType: string;
  /** Id of the set of rules, if the tag belongs to one. */
  StrategyId?: string;
}

/** 企业客户标签变更 · A customer tag or group of tags was changed. */
export interface ChangeExternalTagUpdate {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_tag";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "update";
  /** Id of the department, the tag or the group of tags. */
  Id: string;
  /** `tag` or `tag_group`. */
  TagType: string;
  /** Id of the set of rules, if the tag belongs to one. */
  StrategyId?: string;
}

/** 企业客户标签删除 · A customer tag or group of tags was deleted. The tags of a deleted group have no event of their own. */
export interface ChangeExternalTagDelete {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_tag";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "delete";
  /** Id of the department, the tag or the group of tags. */
  Id: string;
  /** `tag` or `tag_group`. */
  TagType: string;
  /** Id of the set of rules, if the tag belongs to one. */
  StrategyId?: string;
}

/** 企业客户标签重排 · Customer tags were put in another order. Id is the group; without it all groups are meant. */
export interface ChangeExternalTagShuffle {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "change_external_tag";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "shuffle";
  /** Id of the department, the tag or the group of tags. */
  Id?: string;
  /** Id of the set of rules, if the tag belongs to one. */
  StrategyId?: string;
}

/** 获客额度即将耗尽 · Fewer than 20 acquisitions are left. */
export interface CustomerAcquisitionBalanceLow {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "balance_low";
}

/** 获客额度已经耗尽 · No acquisition is left. */
export interface CustomerAcquisitionBalanceExhausted {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "balance_exhausted";
}

/** 获客额度增加 · Acquisitions were bought. */
export interface CustomerAcquisitionBalanceIncreased {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "balance_increased";
}

/** 获客额度即将过期 · Acquisitions expire soon. */
export interface CustomerAcquisitionQuotaExpireSoon {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "quota_expire_soon";
  /** Unix seconds. */
  ExpireTime: string;
  /** How many expire. */
  ExpireQuotaNum: string;
}

/** 获客链接不可用 · An acquisition link does not work any more. */
export interface CustomerAcquisitionLinkUnavailable {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "link_unavailable";
  /** Id of the acquisition link. */
  LinkId: string;
}

/** 删除获客链接 · An acquisition link was deleted. */
export interface CustomerAcquisitionDeleteLink {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "delete_link";
  /** Id of the acquisition link. */
  LinkId: string;
}

/** 通过获客链接打开成员资料页 · A customer opened a member's profile by an acquisition link. */
export interface CustomerAcquisitionOpenProfile {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "open_profile";
  /** Id of the acquisition link. */
  LinkId: string;
  /** What the link or the contact way was made with. */
  State?: string;
}

/** 通过获客链接申请好友 · A customer asks to be added by an acquisition link. */
export interface CustomerAcquisitionFriendRequest {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "friend_request";
  /** Id of the acquisition link. */
  LinkId: string;
  /** What the link or the contact way was made with. */
  State?: string;
}

/** 微信客户发起会话 · A customer began a chat by an acquisition link. */
export interface CustomerAcquisitionCustomerStartChat {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "customer_start_chat";
  /** The member's id, case-insensitive. */
  UserID: string;
  /** The customer's id. */
  ExternalUserID: string;
  /** Id of the acquisition link. */
  LinkId: string;
}

/** 微信客户发送消息 · A customer who came by an acquisition link wrote. UserID, ExternalUserID and ChatSeq are no longer sent since 2024-12-19. */
export interface CustomerAcquisitionMessageFromCustomer {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "customer_acquisition";
  /** What was changed. Dispatch on the pair with Event: `create`, `update` and `delete` are shared. */
  ChangeType: "message_from_customer";
  /** Id of the acquisition link. */
  LinkId: string;
  /** Key for reading the chat. */
  ChatKey?: string;
  /** The member's id, case-insensitive. */
  UserID?: string;
  /** The customer's id. */
  ExternalUserID?: string;
  /** Number of the message. */
  ChatSeq?: string;
}

/** 成员进入应用可见范围 · A member came into the app's visible range. */
export interface Subscribe {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "subscribe";
  /** The app's number. */
  AgentID: string;
}

/** 成员离开应用可见范围 · A member left the app's visible range. */
export interface Unsubscribe {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "unsubscribe";
  /** The app's number. */
  AgentID: string;
}

/** 成员进入应用 · A member opened the app. */
export interface EnterAgent {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "enter_agent";
  /** The app's number. */
  AgentID: string;
  /** Key or address of the menu's entry. */
  EventKey?: string;
}

/** 上报地理位置 · A member's position was reported. */
export interface Location {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "LOCATION";
  /** The app's number. */
  AgentID: string;
  /** Degrees. */
  Latitude: string;
  /** Degrees. */
  Longitude: string;
  /** Metres. */
  Precision: string;
  /** `wxwork` for WeCom, else empty. */
  AppType?: string;
}

/** 点击菜单拉取消息 · A member chose an entry of the app's menu. */
export interface Click {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "click";
  /** The app's number. */
  AgentID: string;
  /** Key or address of the menu's entry. */
  EventKey: string;
}

/** 点击菜单跳转链接 · A member opened a link of the app's menu. */
export interface View {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "view";
  /** The app's number. */
  AgentID: string;
  /** Key or address of the menu's entry. */
  EventKey: string;
}

/** 扫码推事件 · A member scanned a code. */
export interface ScancodePush {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "scancode_push";
  /** The app's number. */
  AgentID: string;
  /** Key or address of the menu's entry. */
  EventKey: string;
  /** What was scanned. */
  ScanCodeInfo: ScanCodeInfo | "";
}

/** 扫码推事件且弹出“消息接收中”提示框 · A member scanned a code and waits for an answer. */
export interface ScancodeWaitmsg {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "scancode_waitmsg";
  /** The app's number. */
  AgentID: string;
  /** Key or address of the menu's entry. */
  EventKey: string;
  /** What was scanned. */
  ScanCodeInfo: ScanCodeInfo | "";
}

/** 弹出系统拍照发图 · A member took a photo from the app's menu. */
export interface PicSysphoto {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "pic_sysphoto";
  /** The app's number. */
  AgentID: string;
  /** Key or address of the menu's entry. */
  EventKey: string;
  /** The pictures; they follow as messages. */
  SendPicsInfo: SendPicsInfo | "";
}

/** 弹出拍照或者相册发图 · A member sent a photo, taken or chosen, from the app's menu. */
export interface PicPhotoOrAlbum {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "pic_photo_or_album";
  /** The app's number. */
  AgentID: string;
  /** Key or address of the menu's entry. */
  EventKey: string;
  /** The pictures; they follow as messages. */
  SendPicsInfo: SendPicsInfo | "";
}

/** 弹出微信相册发图器 · A member sent pictures from the app's menu. */
export interface PicWeixin {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "pic_weixin";
  /** The app's number. */
  AgentID: string;
  /** Key or address of the menu's entry. */
  EventKey: string;
  /** The pictures; they follow as messages. */
  SendPicsInfo: SendPicsInfo | "";
}

/** 弹出地理位置选择器 · A member chose a place from the app's menu. */
export interface LocationSelect {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "location_select";
  /** The app's number. */
  AgentID: string;
  /** Key or address of the menu's entry. */
  EventKey: string;
  /** The place. */
  SendLocationInfo: SendLocationInfo | "";
}

/** 微信客服：有新消息或事件 · A message or an event of 微信客服 waits to be read. Token is for kf/sync_msg, for ten minutes. */
export interface KfMsgOrEvent {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "event";
  /** What happened. */
  Event: "kf_msg_or_event";
  /** A token for the call that reads what is new. It is a secret. */
  Token: string;
  /** Id of the service account. */
  OpenKfId?: string;
}

/** 文本消息 · A member wrote to the app. */
export interface TextMessage {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "text";
  /** The text. */
  Content: string;
  /** The message's id: the same each time it is delivered. */
  MsgId: string;
  /** The app's number. */
  AgentID: string;
}

/** 图片消息 · A member sent the app a picture. */
export interface ImageMessage {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "image";
  /** URL of the picture. */
  PicUrl: string;
  /** Id of the file at WeCom, for three days. */
  MediaId: string;
  /** The message's id: the same each time it is delivered. */
  MsgId: string;
  /** The app's number. */
  AgentID: string;
}

/** 语音消息 · A member spoke to the app. */
export interface VoiceMessage {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "voice";
  /** Id of the file at WeCom, for three days. */
  MediaId: string;
  /** Format of the sound, such as `amr`. */
  Format: string;
  /** The message's id: the same each time it is delivered. */
  MsgId: string;
  /** The app's number. */
  AgentID: string;
}

/** 视频消息 · A member sent the app a video. */
export interface VideoMessage {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "video";
  /** Id of the file at WeCom, for three days. */
  MediaId: string;
  /** Id of the thumbnail at WeCom. */
  ThumbMediaId: string;
  /** The message's id: the same each time it is delivered. */
  MsgId: string;
  /** The app's number. */
  AgentID: string;
}

/** 位置消息 · A member sent the app a place. */
export interface LocationMessage {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "location";
  /** Latitude, in degrees. */
  Location_X: string;
  /** Longitude, in degrees. */
  Location_Y: string;
  /** Zoom of the map. */
  Scale: string;
  /** The place in words. */
  Label: string;
  /** `wxwork` for WeCom, else empty. */
  AppType?: string;
  /** The message's id: the same each time it is delivered. */
  MsgId: string;
  /** The app's number. */
  AgentID: string;
}

/** 链接消息 · A member sent the app a link. */
export interface LinkMessage {
  /** The corporation's id. */
  ToUserName: string;
  /** `sys`, or the member who caused it. */
  FromUserName: string;
  /** Unix seconds. */
  CreateTime: string;
  /** `event`, or the kind of message. */
  MsgType: "link";
  /** Title. */
  Title: string;
  /** Description. */
  Description?: string;
  /** Address. */
  Url: string;
  /** URL of the picture. */
  PicUrl?: string;
  /** The message's id: the same each time it is delivered. */
  MsgId: string;
  /** The app's number. */
  AgentID: string;
}

/** The payload of each event, by `Event/ChangeType`, `Event` or `message:MsgType`. */
export interface Payloads {
  "change_contact/create_user": ChangeContactCreateUser;
  "change_contact/update_user": ChangeContactUpdateUser;
  "change_contact/delete_user": ChangeContactDeleteUser;
  "change_contact/create_party": ChangeContactCreateParty;
  "change_contact/update_party": ChangeContactUpdateParty;
  "change_contact/delete_party": ChangeContactDeleteParty;
  "change_contact/update_tag": ChangeContactUpdateTag;
  "batch_job_result": BatchJobResult;
  "change_external_contact/add_external_contact": ChangeExternalContactAddExternalContact;
  "change_external_contact/edit_external_contact": ChangeExternalContactEditExternalContact;
  "change_external_contact/add_half_external_contact": ChangeExternalContactAddHalfExternalContact;
  "change_external_contact/del_external_contact": ChangeExternalContactDelExternalContact;
  "change_external_contact/del_follow_user": ChangeExternalContactDelFollowUser;
  "change_external_contact/transfer_fail": ChangeExternalContactTransferFail;
  "change_external_contact/msg_audit_approved": ChangeExternalContactMsgAuditApproved;
  "change_external_chat/create": ChangeExternalChatCreate;
  "change_external_chat/update": ChangeExternalChatUpdate;
  "change_external_chat/dismiss": ChangeExternalChatDismiss;
  "change_external_tag/create": ChangeExternalTagCreate;
  "change_external_tag/update": ChangeExternalTagUpdate;
  "change_external_tag/delete": ChangeExternalTagDelete;
  "change_external_tag/shuffle": ChangeExternalTagShuffle;
  "customer_acquisition/balance_low": CustomerAcquisitionBalanceLow;
  "customer_acquisition/balance_exhausted": CustomerAcquisitionBalanceExhausted;
  "customer_acquisition/balance_increased": CustomerAcquisitionBalanceIncreased;
  "customer_acquisition/quota_expire_soon": CustomerAcquisitionQuotaExpireSoon;
  "customer_acquisition/link_unavailable": CustomerAcquisitionLinkUnavailable;
  "customer_acquisition/delete_link": CustomerAcquisitionDeleteLink;
  "customer_acquisition/open_profile": CustomerAcquisitionOpenProfile;
  "customer_acquisition/friend_request": CustomerAcquisitionFriendRequest;
  "customer_acquisition/customer_start_chat": CustomerAcquisitionCustomerStartChat;
  "customer_acquisition/message_from_customer": CustomerAcquisitionMessageFromCustomer;
  "subscribe": Subscribe;
  "unsubscribe": Unsubscribe;
  "enter_agent": EnterAgent;
  "LOCATION": Location;
  "click": Click;
  "view": View;
  "scancode_push": ScancodePush;
  "scancode_waitmsg": ScancodeWaitmsg;
  "pic_sysphoto": PicSysphoto;
  "pic_photo_or_album": PicPhotoOrAlbum;
  "pic_weixin": PicWeixin;
  "location_select": LocationSelect;
  "kf_msg_or_event": KfMsgOrEvent;
  "message:text": TextMessage;
  "message:image": ImageMessage;
  "message:voice": VoiceMessage;
  "message:video": VideoMessage;
  "message:location": LocationMessage;
  "message:link": LinkMessage;
}
