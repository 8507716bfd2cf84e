//! What the tasks print: colours and a progress line on terminals, plain lines elsewhere.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

/// Standard output and standard error, with the user's wishes about them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    quiet: bool,
    colour: bool,
    live: bool,
}

/// The few colours in use, by meaning.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    Good,
    Bad,
    Caution,
    Faint,
    Strong,
}

impl Terminal {
    /// Colours and progress only where a person is watching; `NO_COLOR` is respected.
    pub(crate) fn new(quiet: bool) -> Self {
        let live = io::stdout().is_terminal();
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { quiet, colour: live && !refused, live: live && !quiet }
    }

    #[cfg(test)]
    pub(crate) fn silent() -> Self {
        Self { quiet: true, colour: false, live: false }
    }

    pub(crate) fn is_colourful(&self) -> bool {
        self.colour
    }

    /// Text in a colour, or as it is.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match style {
            Style::Good => "32",
            Style::Bad => "1;31",
            Style::Caution => "33",
            Style::Faint => "2",
            Style::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// A line that `--quiet` leaves out.
    pub(crate) fn line(&self, text: &str) {
        if !self.quiet {
            self.result(text);
        }
    }

    /// A line that is always printed.
    pub(crate) fn result(&self, text: &str) {
        self.clear();
        // A closed pipe (`| head`) is the reader's decision, not an error.
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// A failure of the task itself.
    pub(crate) fn error(&self, text: &str) {
        self.clear();
        let _ = writeln!(io::stderr(), "{} {text}", self.paint(Style::Bad, "error:"));
    }

    /// Replaces the progress line; nothing where nobody watches.
    pub(crate) fn progress(&self, text: &str) {
        if self.live {
            let shown: String = text.chars().take(99).collect();
            let _ = write!(io::stdout(), "\r\x1b[2K{shown}");
            let _ = io::stdout().flush();
        }
    }

    fn clear(&self) {
        if self.live {
            let _ = write!(io::stdout(), "\r\x1b[2K");
        }
    }
}

/// `0.42 s`, `12.3 s`, `3 min 05 s`.
pub(crate) fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 10.0 => format!("{s:.2} s"),
        s if s < 60.0 => format!("{s:.1} s"),
        _ => format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let cases = [(0.421, "0.42 s"), (12.34, "12.3 s"), (185.0, "3 min 05 s")];
        for (seconds, expected) in cases {
            assert_eq!(readable(Duration::from_secs_f64(seconds)), expected);
        }
    }

    #[test]
    fn no_colour_where_nobody_watches() {
        assert_eq!(Terminal::silent().paint(Style::Bad, "text"), "text");
    }
}
