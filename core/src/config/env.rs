//! The environment's layer: `TRACKSIDE__VISITOR__IDENTITY`, lists by index.

use std::cmp::Ordering;

use super::{
    error::Report,
    tree::{Tree, join, quoted, shown_key},
};

const PREFIX: &str = "TRACKSIDE__";
/// Deeper than any key; a bound for names from outside.
const MAX_DEPTH: usize = 8;

/// One variable whose name begins with the prefix.
pub(super) struct Variable {
    name: String,
    keys: Vec<String>,
    value: String,
}

impl Variable {
    /// The variable, if it is one of ours.
    pub(super) fn new(name: String, value: String) -> Option<Self> {
        let keys = name.strip_prefix(PREFIX)?.split("__").map(str::to_ascii_lowercase).collect();
        Some(Self { name, keys, value })
    }

    fn order(&self, other: &Self) -> Ordering {
        let keys = self.keys.iter().map(|key| (index(key), key));
        keys.cmp(other.keys.iter().map(|key| (index(key), key)))
    }

    /// The variable's name as an error's path.
    fn path(&self) -> String {
        shown_key(&self.name)
    }
}

/// Lays the variables on top of `tree`. Their order does not matter.
pub(super) fn apply(mut variables: Vec<Variable>, tree: &mut Tree, report: &Report) {
    variables.sort_by(Variable::order);
    // In this order a variable stands right before those that go on where it ends.
    let mut last: Option<Variable> = None;
    for variable in variables {
        let rival = last.take().filter(|last| variable.keys.starts_with(&last.keys));
        if let Some(rival) = rival {
            let message = if rival.keys == variable.keys {
                format!("means the same key as {}; leave one of them out", rival.path())
            } else {
                format!("goes on where {} already gives a value; leave one of them out", rival.path())
            };
            report.add(variable.path(), message);
            last = Some(rival);
            continue;
        }
        if let Err(message) = set(tree, &variable) {
            report.add(variable.path(), message);
        }
        last = Some(variable);
    }
}

fn set(tree: &mut Tree, variable: &Variable) -> Result<(), String> {
    if variable.keys.iter().any(String::is_empty) {
        return Err("names an empty key; write two underscores between keys and one inside a key".to_owned());
    }
    if variable.keys.len() > MAX_DEPTH {
        return Err("names more keys inside each other than there are".to_owned());
    }
    let mut path = String::new();
    let mut place = tree;
    for key in &variable.keys {
        place = step(place, key, &path)?;
        path = if index(key).is_some() { format!("{path}[{key}]") } else { join(&path, &shown_key(key)) };
    }
    *place = Tree::Raw(variable.value.clone());
    Ok(())
}

/// One key further: an index into a list or where nothing stands yet, else a key of a table.
fn step<'a>(place: &'a mut Tree, key: &str, path: &str) -> Result<&'a mut Tree, String> {
    let index = index(key);
    let fresh = match &*place {
        Tree::List(_) => false,
        Tree::Table(table) => table.is_empty() && !path.is_empty(),
        _ => true,
    };
    if index.is_some() && fresh {
        *place = Tree::List(Vec::new());
    }
    match (place, index) {
        (Tree::List(list), Some(index)) => {
            let len = list.len();
            if index == len {
                list.push(Tree::table());
            }
            list.get_mut(index).ok_or_else(|| {
                format!(
                    "leaves a gap: {path} has {len} entries so far, so the next index is {len}, not {index}"
                )
            })
        }
        (Tree::List(_), None) => {
            Err(format!("{path} is a list: write an index, such as 0, in place of or before {}", quoted(key)))
        }
        (place, _) => Ok(place.entry(key)),
    }
}

/// A place in a list, in the one way to write it: `0`, not `00` or `+0`.
fn index(key: &str) -> Option<usize> {
    key.parse().ok().filter(|index: &usize| index.to_string() == key)
}
