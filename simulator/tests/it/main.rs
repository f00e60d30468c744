//! WeCom's side over HTTP, as the product meets it. No test needs the network, and none waits longer than a limit it has set itself.

#[cfg(test)]
mod stage;

#[cfg(test)]
mod console_page;
#[cfg(test)]
mod control;
#[cfg(test)]
mod corp_api;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod install_page;
#[cfg(test)]
mod restart;

#[cfg(test)]
mod several_apps;
#[cfg(test)]
mod suite_api;
#[cfg(test)]
mod suite_callback;
#[cfg(test)]
mod url_check;
