//! SVG text as PNG bytes.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use super::{Chart, HEIGHT, Theme, WIDTH};

/// Why a picture could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PngError {
    #[error("the drawing cannot be read: {0}")]
    Svg(#[from] resvg::usvg::Error),
    #[error("there is no memory for the picture")]
    Memory,
    #[error("the picture cannot be encoded: {0}")]
    Encode(String),
}

/// Paints charts with the fonts it carries: the same picture on every machine.
#[derive(Clone)]
pub(crate) struct Painter {
    fonts: Arc<Database>,
}

impl Default for Painter {
    fn default() -> Self {
        let mut fonts = Database::new();
        fonts.load_font_data(include_bytes!("fonts/Inter-Regular.ttf").to_vec());
        fonts.load_font_data(include_bytes!("fonts/Inter-SemiBold.ttf").to_vec());
        Self { fonts: Arc::new(fonts) }
    }
}

impl Painter {
    /// A chart as PNG. Takes some tens of milliseconds: call it off the runtime's threads.
    pub(crate) fn png(&self, chart: &Chart, theme: Theme, scale: u32) -> Result<Vec<u8>, PngError> {
        let options = Options { fontdb: self.fonts.clone(), ..Options::default() };
        let tree = Tree::from_str(&chart.svg(theme), &options)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "constants")]
        let (width, height) = (WIDTH as u32 * scale, HEIGHT as u32 * scale);
        let mut picture = Pixmap::new(width, height).ok_or(PngError::Memory)?;
        #[expect(clippy::cast_precision_loss, reason = "1 or 2")]
        let factor = scale as f32;
        resvg::render(&tree, Transform::from_scale(factor, factor), &mut picture.as_mut());
        picture.encode_png().map_err(|error| PngError::Encode(error.to_string()))
    }
}

impl std::fmt::Debug for Painter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Painter").field("fonts", &self.fonts.len()).finish()
    }
}
