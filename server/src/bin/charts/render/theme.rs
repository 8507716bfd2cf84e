//! The colours of a chart, light and dark.

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Theme {
    Light,
    Dark,
}

/// Colours by what they are for. Rising and falling differ in lightness too, for readers who cannot tell the hues.
pub(super) struct Palette {
    pub(super) paper: &'static str,
    pub(super) ink: &'static str,
    pub(super) faint: &'static str,
    pub(super) grid: &'static str,
    pub(super) rising: &'static str,
    pub(super) falling: &'static str,
    pub(super) zone: &'static str,
    pub(super) tag_ink: &'static str,
}

impl Theme {
    pub(super) fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

static LIGHT: Palette = Palette {
    paper: "#ffffff",
    ink: "#16202c",
    faint: "#66758a",
    grid: "#e9edf2",
    rising: "#12967f",
    falling: "#d8404f",
    zone: "#3867d6",
    tag_ink: "#ffffff",
};

static DARK: Palette = Palette {
    paper: "#0f151d",
    ink: "#e8edf3",
    faint: "#8595a8",
    grid: "#1e2833",
    rising: "#2fc4a8",
    falling: "#f0616d",
    zone: "#6d93ff",
    tag_ink: "#0b1016",
};
