//! The command line: what a person typed, or one sentence about what is wrong with it.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use lexopt::prelude::*;

use crate::bench::Subject;

/// The page of `cargo xtask --help`.
pub(crate) const HELP: &str = include_str!("help.txt");

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// Print the page.
    Help,
    /// Measure, and write `target/bench.json` too if wanted.
    Bench {
        /// What to measure.
        subject: Subject,
        /// Whether to write it.
        json: bool,
    },
    /// Make the release artefacts.
    Build,
    /// Serve everything locally.
    Dev(DevOptions),
    /// Kill so many times.
    Soak {
        /// What.
        victims: Victims,
        /// How often.
        rounds: u32,
    },
    /// Run the named stages, or all if none is named.
    Test(Vec<String>),
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Victims {
    /// Filters and purges.
    Runs,
    /// Agents, their edge and Chroma.
    Agents,
    /// These and a service, while whole erasures go through every kind of store.
    Erasures,
}

/// How to serve.
#[derive(Debug, PartialEq)]
pub(crate) struct DevOptions {
    /// The port on 127.0.0.1.
    pub(crate) port: u16,
    /// Whether to start with an empty database.
    pub(crate) fresh: bool,
    /// The country that the visitor is said to come from, which decides the regime.
    pub(crate) country: String,
    /// Where the database is, if not in wrangler's usual place; what is told to other programs goes there too.
    pub(crate) state: Option<PathBuf>,
}

impl Default for DevOptions {
    fn default() -> Self {
        Self { port: 8787, fresh: false, country: "DE".into(), state: None }
    }
}

/// Reads a whole command line.
pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command> {
    match parser.next()? {
        None | Some(Long("help") | Short('h')) => Ok(Command::Help),
        Some(Value(name)) => match name.to_str() {
            Some("help") => Ok(Command::Help),
            Some("bench") => bench(parser),
            Some("build") => plain(parser, Command::Build),
            Some("dev") => dev(parser),
            Some("soak") => soak(parser),
            Some("test") => test(parser),
            _ => bail!("there is no command `{}`; `cargo xtask --help` lists them", name.display()),
        },
        Some(other) => Err(other.unexpected().into()),
    }
}

fn plain(mut parser: lexopt::Parser, command: Command) -> Result<Command> {
    match parser.next()? {
        None => Ok(command),
        Some(Long("help") | Short('h')) => Ok(Command::Help),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn bench(mut parser: lexopt::Parser) -> Result<Command> {
    let mut json = false;
    let mut subject = Subject::Everything;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("json") => json = true,
            Value(word) if word == "widget" => subject = Subject::Widget,
            Value(word) if word == "filter" => subject = Subject::Filter,
            Value(word) if word == "python" => subject = Subject::Python,
            Value(word) if word == "erasure" => subject = Subject::Erasure,
            Value(word) if word == "verify" => subject = Subject::Verify,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Bench { subject, json })
}

fn dev(mut parser: lexopt::Parser) -> Result<Command> {
    let mut options = DevOptions::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => {
                options.port =
                    parser.value()?.parse().map_err(|_| anyhow!("--port takes a number below 65536"))?;
            }
            Long("country") => options.country = parser.value()?.string()?,
            Long("state") => options.state = Some(parser.value()?.into()),
            Long("fresh") => options.fresh = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Dev(options))
}

fn soak(mut parser: lexopt::Parser) -> Result<Command> {
    let mut victims = Victims::Runs;
    let mut rounds = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Value(word) if word == "agent" => victims = Victims::Agents,
            Value(word) if word == "erasure" => victims = Victims::Erasures,
            Value(number) => {
                rounds = Some(number.parse().map_err(|_| anyhow!("soak takes a number of rounds"))?);
            }
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    let most = match victims {
        Victims::Runs => 200,
        Victims::Agents | Victims::Erasures => 50,
    };
    Ok(Command::Soak { victims, rounds: rounds.unwrap_or(most) })
}

fn test(mut parser: lexopt::Parser) -> Result<Command> {
    let mut stages = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Value(stage) => stages.push(stage.string()?),
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Test(stages))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command> {
        parse(lexopt::Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn nothing_asks_for_help() {
        assert_eq!(parsed("").unwrap(), Command::Help);
        assert_eq!(parsed("dev --help").unwrap(), Command::Help);
    }

    #[test]
    fn dev_takes_port_and_fresh() {
        let options = DevOptions { port: 9000, fresh: true, ..DevOptions::default() };
        assert_eq!(parsed("dev --port 9000 --fresh").unwrap(), Command::Dev(options));
        let options = DevOptions { state: Some("elsewhere".into()), ..DevOptions::default() };
        assert_eq!(parsed("dev --state elsewhere").unwrap(), Command::Dev(options));
        let options = DevOptions { country: "US".into(), ..DevOptions::default() };
        assert_eq!(parsed("dev --country US").unwrap(), Command::Dev(options));
        assert_eq!(parsed("dev").unwrap(), Command::Dev(DevOptions::default()));
    }

    #[test]
    fn bench_takes_a_subject_and_json() {
        let everything = |json| Command::Bench { subject: Subject::Everything, json };
        assert_eq!(parsed("bench --json").unwrap(), everything(true));
        assert_eq!(parsed("bench").unwrap(), everything(false));
        let widget = Command::Bench { subject: Subject::Widget, json: false };
        assert_eq!(parsed("bench widget").unwrap(), widget);
        let filter = Command::Bench { subject: Subject::Filter, json: false };
        assert_eq!(parsed("bench filter").unwrap(), filter);
        assert!(parsed("bench widgets").is_err());
    }

    #[test]
    fn test_takes_any_number_of_stages() {
        assert_eq!(parsed("test fmt api").unwrap(), Command::Test(vec!["fmt".into(), "api".into()]));
    }

    #[test]
    fn soak_takes_a_number_of_rounds() {
        let soak = |victims, rounds| Command::Soak { victims, rounds };
        assert_eq!(parsed("soak").unwrap(), soak(Victims::Runs, 200));
        assert_eq!(parsed("soak 20").unwrap(), soak(Victims::Runs, 20));
        assert_eq!(parsed("soak agent").unwrap(), soak(Victims::Agents, 50));
        assert_eq!(parsed("soak erasure").unwrap(), soak(Victims::Erasures, 50));
        assert_eq!(parsed("soak agent 7").unwrap(), soak(Victims::Agents, 7));
        assert!(parsed("soak long").is_err());
    }

    #[test]
    fn a_typing_error_is_told() {
        assert!(parsed("biuld").unwrap_err().to_string().contains("biuld"));
        assert!(parsed("dev --prot 1").is_err());
        assert!(parsed("dev --port 70000").is_err());
        assert!(parsed("build now").is_err());
    }
}
