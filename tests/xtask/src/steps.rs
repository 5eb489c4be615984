//! Named steps and how long each took.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// The steps done so far. Its text is one line a step.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<(String, Duration)>);

impl Steps {
    /// Runs one step between its name and its duration.
    ///
    /// # Errors
    ///
    /// What `work` says, behind the step's name.
    pub(crate) fn run(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<(), String>,
    ) -> Result<(), String> {
        println!("==> {name}");
        let begin = Instant::now();
        let done = work();
        let took = begin.elapsed();
        println!("<== {name}: {:.1} s", took.as_secs_f64());
        self.0.push((name.to_owned(), took));
        done.map_err(|problem| format!("{self}{name} failed: {problem}"))
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, took) in &self.0 {
            writeln!(f, "{:>8.1} s  {name}", took.as_secs_f64())?;
        }
        let total: Duration = self.0.iter().map(|(_, took)| *took).sum();
        writeln!(f, "{:>8.1} s  in all", total.as_secs_f64())
    }
}

#[cfg(test)]
mod test {
    use super::Steps;

    #[test]
    fn a_failed_step_is_named_and_counted() {
        let mut steps = Steps::default();
        assert_eq!(steps.run("first", || Ok(())), Ok(()));
        let problem = steps.run("second", || Err("no disk".to_owned())).unwrap_err();
        assert!(problem.ends_with("second failed: no disk"), "{problem}");
        assert_eq!(steps.to_string().lines().count(), 3);
    }
}
