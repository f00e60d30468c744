//! The rest of the console: settings and clock, faults, deliveries, calls.

use super::{
    super::{both, escaped},
    suite::{TIME, button},
};
use crate::{
    control::views::StateView,
    delivery::{Delivery, Outcome},
    faults::Fault,
    journal::CallRecord,
};

/// Number of entries shown; the control interface has all.
const SHOWN: usize = 30;

pub(super) fn sections(state: &StateView, calls: &[CallRecord]) -> String {
    [
        deliveries(&state.deliveries),
        settings(state),
        faults(&state.faults),
        journal(calls),
    ]
    .concat()
}

fn deliveries(deliveries: &[Delivery]) -> String {
    let rows = deliveries
        .iter()
        .take(SHOWN)
        .map(|delivery| {
            format!(
                "<tr class=\"{class}\"><td>{at}</td><td>{corp} {to}</td><td>{event}</td><td>{outcome}</td><td>{status}</td>\
                 <td>{attempts}</td><td>{ms} ms</td><td><code>{answer}</code></td></tr>\n",
                class = if delivery.outcome == Outcome::Accepted { "good" } else { "bad" },
                at = delivery.at.strftime("%H:%M:%S"),
                corp = escaped(delivery.corp_id.as_deref().unwrap_or_default()),
                to = escaped(&delivery.to),
                event = escaped(&delivery.event),
                outcome = delivery.outcome.as_str(),
                status = delivery.status.map_or_else(|| "–".to_owned(), |status| status.to_string()),
                attempts = delivery.attempts,
                ms = delivery.elapsed_ms,
                answer = escaped(&delivery.answer),
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let heads = [
        both("时间", "Time (UTC)"),
        both("接收方", "To"),
        both("事件", "Event"),
        both("结果", "Outcome"),
        "HTTP".to_owned(),
        both("次数", "Attempts"),
        both("耗时", "Took"),
        both("应答", "Answer"),
    ];
    section("deliveries", &both("推送记录", "Deliveries"), &table(&heads, &rows))
}

fn settings(state: &StateView) -> String {
    let current = state.settings;
    let choice = |value: i64, chosen: i64| {
        format!(
            "<option{}>{value}</option>",
            if value == chosen { " selected" } else { "" }
        )
    };
    let ban = state.banned_until.map_or_else(String::new, |until| {
        let until = until.strftime(TIME);
        format!(
            "<p class=\"bad\">{} {until}</p>{}",
            both("调用方IP被限制（45009）至", "The caller is banned until"),
            button("/console/ban/lift", "解除限制", "Lift the ban")
        )
    });
    let body = format!(
        "<form method=\"post\" action=\"/console/settings\">\n\
         <label>{limit}<input type=\"number\" name=\"wrong_secret_limit\" min=\"1\" value=\"{limit_value}\"></label>\n\
         <label>{foreign}<select name=\"foreign_secret_errcode\">{f1}{f2}</select></label>\n\
         <label>{removed}<select name=\"removed_app_errcode\">{r1}{r2}</select></label>\n\
         <label class=\"choice\"><input type=\"checkbox\" name=\"tickets_paused\"{paused}> {pause}</label>\n\
         <button>{apply}</button></form>\n{ban}\
         <form method=\"post\" action=\"/console/clock\"><p>{now} {time}</p>\
         <label>{advance}<input type=\"number\" name=\"minutes\" min=\"1\" max=\"5000000\" value=\"30\"></label>\n<button>{go}</button></form>\n",
        limit = both(
            "一小时内多少次错误Secret后限制IP",
            "Wrong Secrets within an hour until the ban"
        ),
        limit_value = current.wrong_secret_limit,
        foreign = both("其他企业的Secret返回", "Another corporation's Secret answers"),
        f1 = choice(40001, current.foreign_secret_errcode),
        f2 = choice(40091, current.foreign_secret_errcode),
        removed = both("应用被删除后返回", "A removed app answers"),
        r1 = choice(48004, current.removed_app_errcode),
        r2 = choice(40084, current.removed_app_errcode),
        paused = if current.tickets_paused { " checked" } else { "" },
        pause = both("暂停推送 suite_ticket", "Push no tickets"),
        apply = both("应用", "Apply"),
        now = both("企业微信时间", "WeCom's time"),
        time = state.now.strftime(TIME),
        advance = both("把时钟拨快（分钟）", "Move the clock on, minutes"),
        go = both("拨快", "Move on"),
    );
    section("settings", &both("设置与时钟", "Settings and clock"), &body)
}

fn faults(faults: &[Fault]) -> String {
    let rows = faults
        .iter()
        .map(|fault| {
            let kinds = [
                fault.delay_ms.map(|ms| format!("delay {ms} ms")),
                fault.errcode.map(|errcode| format!("errcode {errcode}")),
                fault.http_status.map(|status| format!("HTTP {status}")),
                fault.drop.then(|| "drop".to_owned()),
            ];
            let path = fault.path.as_deref().unwrap_or("/cgi-bin/…");
            let kinds: Vec<String> = kinds.into_iter().flatten().collect();
            format!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                escaped(path),
                kinds.join(", "),
                fault.times
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let heads = [
        both("接口", "API"),
        both("故障", "Fault"),
        both("剩余次数", "Times left"),
    ];
    let form = format!(
        "<form method=\"post\" action=\"/console/faults\">\n\
         <label>{path}<input name=\"path\" value=\"/cgi-bin/gettoken\"></label>\n\
         <label>{kind}<select name=\"kind\"><option>errcode</option><option>delay_ms</option><option>http_status</option><option>drop</option></select></label>\n\
         <label>{value}<input type=\"number\" name=\"value\" value=\"-1\"></label>\n\
         <label>{times}<input type=\"number\" name=\"times\" min=\"1\" value=\"1\"></label>\n\
         <button>{add}</button></form>\n{clear}",
        path = both("接口路径（空为全部）", "API path, empty for all"),
        kind = both("故障", "Fault"),
        value = both("值", "Value"),
        times = both("次数", "Times"),
        add = both("添加", "Add"),
        clear = button("/console/faults/clear", "全部清除", "Clear all"),
    );
    section("faults", &both("故障", "Faults"), &(form + &table(&heads, &rows)))
}

fn journal(calls: &[CallRecord]) -> String {
    let rows = calls
        .iter()
        .rev()
        .take(SHOWN)
        .map(|call| {
            format!(
                "<tr class=\"{class}\"><td>{at}</td><td>{method}</td><td><code>{path}</code></td><td>{status}</td><td>{errcode}</td></tr>\n",
                class = if call.errcode == Some(0) { "good" } else { "bad" },
                at = call.at.strftime("%H:%M:%S"),
                method = escaped(&call.method),
                path = escaped(&call.path),
                status = call.status.map_or_else(|| "–".to_owned(), |status| status.to_string()),
                errcode = call.errcode.map_or_else(|| "–".to_owned(), |errcode| errcode.to_string()),
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let heads = [
        both("时间", "Time (UTC)"),
        both("方法", "Method"),
        both("接口", "API"),
        "HTTP".to_owned(),
        "errcode".to_owned(),
    ];
    section("calls", &both("接口调用", "API calls"), &table(&heads, &rows))
}

fn section(id: &str, title: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{body}</section>\n")
}

fn table(heads: &[String], rows: &str) -> String {
    let heads = heads
        .iter()
        .map(|head| format!("<th>{head}</th>"))
        .collect::<Vec<_>>()
        .concat();
    format!("<div class=\"wide\"><table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n")
}
