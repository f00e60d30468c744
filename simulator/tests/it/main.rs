//! WeCom's side over HTTP, as the product meets it. No test needs the network, and none waits longer than a limit it has set itself.

mod stage;

mod console_page;
mod control;
mod corp_api;
mod deliveries;
mod faults;
mod install_page;
mod restart;
mod suite_api;
mod suite_callback;
mod url_check;
