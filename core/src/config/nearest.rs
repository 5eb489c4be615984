/// The known key that was probably meant: a few letters away, or one that holds the other.
pub(super) fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    const LONGEST: usize = 40;
    if key.len() > LONGEST {
        return None;
    }
    let key = key.to_ascii_lowercase();
    let near = known.iter().map(|known| (distance(&key, known), *known));
    let near = near.filter(|(distance, known)| *distance <= (known.len() / 2).clamp(1, 3)).min();
    let holds = |known: &&&str| key.len() >= 4 && (known.contains(&key) || key.contains(**known));
    near.map(|(_, known)| known).or_else(|| known.iter().find(holds).copied())
}

/// How many letters to add, drop or change (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (n, x) in a.chars().enumerate() {
        let mut corner = n;
        let mut left = n + 1;
        for (y, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = (corner + usize::from(x != *y)).min(left + 1).min(*above + 1);
            corner = *above;
            *above = cost;
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = n + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
