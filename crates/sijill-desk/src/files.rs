//! The stylesheet, the scripts and the typefaces: part of the program, so that a page never meets another's.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sijill_event::Digest;

use crate::DeskError;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const WOFF2: &str = "font/woff2";

macro_rules! files {
    ($($name:literal: $kind:expr,)*) => {
        /// Name, media type, content.
        pub(crate) const ALL: &[(&str, &str, &[u8])] =
            &[$(($name, $kind, include_bytes!(concat!("../static/", $name))),)*];
    };
}

files! {
    "audit.css": CSS,
    "chart.css": CSS,
    "desk.css": CSS,
    "seal.svg": SVG,
    "font/arabic-400.woff2": WOFF2,
    "font/arabic-600.woff2": WOFF2,
    "font/latin-400.woff2": WOFF2,
    "font/latin-600.woff2": WOFF2,
    "js/bytes.js": JS,
    "js/enrol.js": JS,
    "js/file.js": JS,
    "js/form.js": JS,
    "js/key.js": JS,
    "js/ledger.js": JS,
    "js/live.js": JS,
    "js/morph.js": JS,
    "js/page.js": JS,
    "js/queue.js": JS,
    "js/sd_jwt.js": JS,
    "js/session.js": JS,
    "js/sign.js": JS,
    "js/sign-in.js": JS,
    "js/sign-out.js": JS,
    "js/vault.js": JS,
}

/// What all files together are, as part of their address: they can be kept for ever, and a new release's are others.
/// Modules import each other by relative address, so one release's never meet another's.
pub(crate) fn version() -> &'static str {
    static VERSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    VERSION.get_or_init(|| {
        let mut all = Vec::new();
        for (name, _, content) in ALL {
            all.extend_from_slice(&Digest::of(name).0);
            all.extend_from_slice(&Digest::of(content).0);
        }
        let mut digest = Digest::of(all).to_string();
        digest.truncate(12);
        digest
    })
}

/// Where a file is.
pub(crate) fn url(name: &str) -> String {
    format!("/desk/static/{}/{name}", version())
}

pub(crate) async fn file(Path((asked, name)): Path<(String, String)>) -> Result<Response, DeskError> {
    let (_, kind, content) =
        ALL.iter().find(|(known, ..)| *known == name && asked == version()).ok_or(DeskError::NotFound)?;
    let forever = "public, max-age=31536000, immutable";
    Ok(([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, forever)], *content).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> &'static str {
        let (.., content) = ALL.iter().find(|(known, ..)| *known == name).expect(name);
        std::str::from_utf8(content).expect("UTF-8")
    }

    #[test]
    fn every_module_is_served() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("static/js");
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let name = format!("js/{}", entry.expect("an entry").file_name().to_string_lossy());
            assert!(ALL.iter().any(|(known, ..)| *known == name), "{name} is not in the list");
        }
        for (name, kind, _) in ALL.iter().filter(|(_, kind, _)| *kind == JS) {
            for import in text(name).split("from \"./").skip(1) {
                let module = format!("js/{}", import.split('"').next().expect("a name"));
                assert!(ALL.iter().any(|(known, ..)| *known == module), "{name} ({kind}) imports {module}");
            }
        }
    }

    #[test]
    fn a_first_view_is_small() {
        const ELSEWHERE: &[&str] = &[
            "audit.css",
            "chart.css",
            "js/enrol.js",
            "js/live.js",
            "js/morph.js",
            "js/queue.js",
            "js/session.js",
            "js/sign-in.js",
        ];
        let bytes = |wanted: fn(&str) -> bool| -> usize {
            ALL.iter().filter(|(name, ..)| wanted(name)).map(|(.., content)| content.len()).sum()
        };
        // A page of forms: neither enrolling nor the queue nor charts. The largest of them is a few kB when compressed.
        let form = bytes(|name| !ELSEWHERE.contains(&name));
        assert!(form < 90_000, "{form} bytes");
        assert!(bytes(|name| name.ends_with("woff2")) < 45_000);
    }

    /// `margin-left` would be wrong in one of the two languages.
    #[test]
    fn the_stylesheets_know_no_left_and_right() {
        for line in ["desk.css", "audit.css", "chart.css"].into_iter().flat_map(|name| text(name).lines()) {
            for physical in [
                "left",
                "right",
                "margin-top",
                "margin-bottom",
                "padding-top",
                "padding-bottom",
                "border-top",
                "border-bottom",
                " top:",
                " bottom:",
                " width:",
                " height:",
                "max-width:",
                "min-height:",
                "max-height:",
            ] {
                // What a media query asks is the window.
                let allowed = line.contains("right to left") || line.starts_with("@media (max-width");
                assert!(allowed || !line.contains(physical), "{physical} in: {line}");
            }
        }
    }

    /// As WCAG 2.2 asks of parts of a picture that one must see to understand it (1.4.11).
    #[test]
    fn every_colour_of_a_chart_is_seen_on_the_paper() {
        let luminance = |hex: &str| {
            let channel = |at: usize| {
                let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("a colour")) / 255.0;
                if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
        };
        let six: Vec<_> = text("chart.css").lines().filter(|line| line.contains("--c1: #")).collect();
        assert_eq!(six.len(), 3, "light, dark, print");
        for (line, paper) in six.into_iter().zip(["ffffff", "12181b", "ffffff"]) {
            let colours: Vec<_> = line.split(": #").skip(1).map(|rest| &rest[..6]).collect();
            assert_eq!(colours.len(), 6, "{line}");
            for colour in colours {
                let (a, b) = (luminance(colour), luminance(paper));
                assert!((a.max(b) + 0.05) / (a.min(b) + 0.05) >= 3.0, "{colour} on {paper}");
            }
        }
        let papers = text("desk.css").matches("--paper: #fff;").count()
            + text("desk.css").matches("--paper: #12181b;").count();
        assert_eq!(papers, 3, "the papers are those of desk.css");
    }

    #[test]
    fn no_script_writes_markup_or_runs_text() {
        for (name, ..) in ALL.iter().filter(|(_, kind, _)| *kind == JS) {
            for danger in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "localStorage",
                "sessionStorage.",
            ] {
                assert!(!text(name).contains(danger), "{danger} in {name}");
            }
        }
    }
}
