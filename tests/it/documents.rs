//! Links of the documents, and mentions of documents in code, lead to a file and a heading that exist.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

#[test]
fn links_between_documents_lead_to_a_file_and_a_heading() {
    let mut checked = 0;
    let mut broken = Vec::new();
    for file in files(&["md"]) {
        let text = std::fs::read_to_string(&file).unwrap();
        for link in prose(&text)
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if link.starts_with("http") || link.starts_with("crate::") || !link.contains(['/', '.', '#']) {
                continue;
            }
            checked += 1;
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => file.clone(),
                _ => file.parent().unwrap().join(path),
            };
            if !leads_somewhere(&target, heading) {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(checked > 100, "{checked}");
}

#[test]
fn mentions_of_documents_in_code_lead_to_a_file_and_a_heading() {
    let mut checked = 0;
    let mut broken = Vec::new();
    for file in files(&["rs", "toml", "yaml", "js", "mjs"]) {
        let text = std::fs::read_to_string(&file).unwrap();
        for rest in text.split("docs/").skip(1) {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_/.#".contains(c)));
            let mention = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
            let (path, heading) = mention.split_once('#').unwrap_or((mention, ""));
            if Path::new(path).extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            checked += 1;
            if !leads_somewhere(&root().join("docs").join(path), heading) {
                broken.push(format!("{}: docs/{mention}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(checked > 20, "{checked}");
}

fn leads_somewhere(target: &Path, heading: &str) -> bool {
    if heading.is_empty() {
        return target.exists();
    }
    std::fs::read_to_string(target).is_ok_and(|text| headings(&text).contains(heading))
}

/// The anchors that GitHub gives a document's headings: lower case, punctuation dropped, spaces as hyphens.
fn headings(text: &str) -> BTreeSet<String> {
    let of = |heading: &str| {
        let kept = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .collect::<String>();
        kept.replace(' ', "-")
    };
    prose(text)
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| of(line.trim_start_matches('#').trim_start()))
        .collect()
}

/// A document without its blocks of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let hidden = name.starts_with('.') && name != ".github";
            if path.is_dir() && !hidden && !["target", "node_modules", "tmp"].contains(&name.as_str()) {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
            {
                found.push(path);
            }
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
