//! How modules use each other: without circles in any crate, in one direction in `shared`, and no step through another.
//!
//! Every path that begins with `crate`, `self` or `super` is followed through re-exports to the module that defines the name.
//! Code that is compiled for tests or to generate the contract only does not count, nor does use between a module and the
//! modules inside it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{
    Attribute, Item, UseTree,
    visit::{self, Visit},
};

/// The modules of `shared`, each of which uses only those after it.
const LAYERS: [&str; 24] = [
    "entry",
    "http",
    "platform",
    "steps",
    "lifecycle",
    "callbacks",
    "suite",
    "context",
    "error",
    "sealing",
    "store",
    "event_bus",
    "queue",
    "webhook",
    "probe",
    "authorization",
    "audit",
    "config",
    "position",
    "binding_line",
    "ids",
    "pasted",
    "entropy",
    "clock",
];

/// The most lines that a step may have, without its tests.
const MAX_STEP: usize = 260;

#[test]
fn no_module_depends_on_itself_through_others() {
    let mut circles = Vec::new();
    for root in crate_roots() {
        let found = Crate::parse(&root).circles();
        circles.extend(found.into_iter().map(|circle| format!("{}: {circle}", root.display())));
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn modules_of_shared_use_only_what_is_below_them() {
    let rank = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let edges = shared().edges();
    let upwards: Vec<_> = edges[&Vec::new()]
        .iter()
        .filter(|(from, to)| rank(from).unwrap_or_else(|| panic!("{from} is in no layer")) > rank(to).unwrap())
        .collect();
    assert!(upwards.is_empty(), "{upwards:?}");
}

#[test]
fn no_step_uses_another() {
    let edges = shared().edges();
    let between = edges.get(&vec!["steps".to_owned()]);
    assert!(between.is_none(), "{between:?}");
}

#[test]
fn no_step_is_longer_than_a_reader_can_hold() {
    for file in fs::read_dir(workspace().join("shared/src/steps")).unwrap() {
        let file = file.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.split("#[cfg(test)]").next().unwrap().lines().count();
        assert!(lines <= MAX_STEP, "{} has {lines} lines", file.display());
    }
}

#[test]
fn a_circle_is_found_through_a_re_export() {
    let root = std::env::temp_dir().join(format!("modules-{}", std::process::id()));
    fs::create_dir_all(&root).unwrap();
    for (file, text) in [
        ("lib.rs", "mod a; mod b; pub use b::B;"),
        ("a.rs", "use crate::B; pub struct A;"),
        ("b.rs", "pub struct B(super::a::A);"),
    ] {
        fs::write(root.join(file), text).unwrap();
    }
    assert_eq!(Crate::parse(&root.join("lib.rs")).circles(), ["a → b → a"]);
    fs::write(
        root.join("a.rs"),
        "#[cfg(test)] mod tests { use crate::B; } pub struct A;",
    )
    .unwrap();
    assert!(Crate::parse(&root.join("lib.rs")).circles().is_empty());
    fs::remove_dir_all(root).unwrap();
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn shared() -> Crate {
    Crate::parse(&workspace().join("shared/src/lib.rs"))
}

/// `lib.rs` and `main.rs` of every package of the workspace.
fn crate_roots() -> Vec<PathBuf> {
    let mut roots = Vec::new();
    let mut folders = vec![workspace()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
                folders.push(path);
            } else if path.parent().unwrap().ends_with("src") && ["lib.rs", "main.rs"].contains(&name.as_str()) {
                roots.push(path);
            }
        }
    }
    assert!(roots.len() > 20, "{roots:?}");
    roots
}

/// The segments of a path below the crate's root.
type ModulePath = Vec<String>;

#[derive(Default)]
struct Module {
    /// What its names stand for: paths below the crate's root, or `None` for another crate's.
    names: BTreeMap<String, Option<ModulePath>>,
    /// The paths that it uses.
    paths: BTreeSet<ModulePath>,
}

struct Crate(BTreeMap<ModulePath, Module>);

impl Crate {
    fn parse(root: &Path) -> Self {
        let mut modules = Self(BTreeMap::new());
        modules.read(root, root.parent().unwrap(), &[]);
        modules
    }

    fn read(&mut self, file: &Path, folder: &Path, path: &[String]) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut reader = Reader {
            module: Module::default(),
            path: path.to_vec(),
            children: Vec::new(),
        };
        reader.visit_file(&syn::parse_file(&text).unwrap());
        self.0.insert(path.to_vec(), reader.module);
        for child in reader.children {
            let below = folder.join(&child);
            self.read(&below.with_extension("rs"), &below, &[path, &[child]].concat());
        }
    }

    /// The module that defines what a path names; `None` for another crate's.
    fn defining(&self, path: &[String]) -> Option<ModulePath> {
        let mut at = ModulePath::new();
        for (index, segment) in path.iter().enumerate() {
            at.push(segment.clone());
            if self.0.contains_key(&at) {
                continue;
            }
            at.pop();
            return match self.0[&at].names.get(segment) {
                None => Some(at),
                Some(None) => None,
                // `use self::x::x`: an item of the same name.
                Some(Some(target)) if target[..] == path[..=index] => Some(at),
                Some(Some(target)) => self.defining(&[target, &path[index + 1..]].concat()),
            };
        }
        Some(at)
    }

    /// Which modules use which, by the module that both are in.
    fn edges(&self) -> BTreeMap<ModulePath, BTreeSet<(String, String)>> {
        let mut edges: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (from, module) in &self.0 {
            for to in module.paths.iter().filter_map(|path| self.defining(path)) {
                let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
                if let (Some(one), Some(other)) = (from.get(common), to.get(common)) {
                    let pair = (one.clone(), other.clone());
                    edges.entry(from[..common].to_vec()).or_default().insert(pair);
                }
            }
        }
        edges
    }

    fn circles(&self) -> Vec<String> {
        let mut circles = Vec::new();
        for (parent, edges) in self.edges() {
            let starts: BTreeSet<_> = edges.iter().map(|(from, _)| from.clone()).collect();
            let mut known = BTreeSet::new();
            for start in starts {
                if let Some(circle) = circle_from(&start, &edges).filter(|circle| known.is_disjoint(&members(circle))) {
                    known.extend(members(&circle));
                    circles.push(
                        [parent.join("::"), circle.join(" → ")]
                            .join(" ")
                            .trim_start()
                            .to_owned(),
                    );
                }
            }
        }
        circles
    }
}

fn members(circle: &[String]) -> BTreeSet<String> {
    circle.iter().cloned().collect()
}

/// The shortest way from a module back to itself.
fn circle_from(start: &str, edges: &BTreeSet<(String, String)>) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().unwrap();
            for (_, to) in edges.iter().filter(|(from, _)| from == last) {
                let way = [way.clone(), vec![to.clone()]].concat();
                if to == start {
                    return Some(way);
                }
                if seen.insert(to.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

/// Reads one file.
struct Reader {
    module: Module,
    path: ModulePath,
    children: Vec<String>,
}

impl Reader {
    /// The path below the crate's root; `None` for one that begins with the name of another crate, or with a name in scope.
    fn absolute(&self, segments: &[String]) -> Option<ModulePath> {
        let (first, rest) = segments.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.path.clone(),
            "super" => self.path.split_last()?.1.to_vec(),
            _ if self.children.contains(first) => [self.path.clone(), vec![first.clone()]].concat(),
            _ => return None,
        };
        for segment in rest {
            if segment == "super" {
                at.pop();
            } else {
                at.push(segment.clone());
            }
        }
        Some(at)
    }

    fn read_use(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(part) => self.read_use(&part.tree, &with(&part.ident)),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.read_use(tree, before)),
            UseTree::Name(name) if name.ident == "self" => {
                let name = before.last().unwrap().clone();
                self.bind(name, before);
            }
            UseTree::Name(name) => self.bind(name.ident.to_string(), &with(&name.ident)),
            UseTree::Rename(name) => self.bind(name.rename.to_string(), &with(&name.ident)),
            UseTree::Glob(_) => {
                let target = self.absolute(before);
                self.module.paths.extend(target);
            }
        }
    }

    fn bind(&mut self, name: String, segments: &[String]) {
        let target = self.absolute(segments);
        self.module.paths.extend(target.clone());
        self.module.names.insert(name, target);
    }
}

/// Whether an item is compiled for tests, or to generate the contract, only.
fn is_optional(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string());
        let is_off = condition.is_ok_and(|text| ["test", "feature = \"contract\""].contains(&text.as_str()));
        attribute.path().is_ident("cfg") && is_off
    })
}

impl Visit<'_> for Reader {
    fn visit_file(&mut self, file: &syn::File) {
        for item in &file.items {
            if let Item::Mod(module) = item
                && module.content.is_none()
                && !is_optional(&module.attrs)
            {
                self.children.push(module.ident.to_string());
            }
        }
        visit::visit_file(self, file);
    }

    fn visit_item_mod(&mut self, module: &syn::ItemMod) {
        if !is_optional(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        if !is_optional(&item.attrs) {
            self.read_use(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            let target = self.absolute(&segments);
            self.module.paths.extend(target);
        }
        visit::visit_path(self, path);
    }
}
