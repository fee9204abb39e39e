//! Where on a screen a person decides. Owns [`Surface`]; what is shown there is left to the faces.

/// Where a decision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Surface {
    /// The banner.
    Banner,
    /// The dialog with a switch for each purpose.
    Dialog,
    /// A placeholder in the place of blocked content.
    Placeholder,
    /// A page or form of the site's or app's own.
    Page,
}

impl Surface {
    /// Every surface.
    pub const ALL: [Self; 4] = [Self::Banner, Self::Dialog, Self::Placeholder, Self::Page];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Banner => "banner",
            Self::Dialog => "dialog",
            Self::Placeholder => "placeholder",
            Self::Page => "page",
        }
    }
}
