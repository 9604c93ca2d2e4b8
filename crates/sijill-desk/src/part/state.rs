//! The states a page can be in when it has nothing to show, and notices. Each says what happened and what to do next.

use maud::{Markup, html};

use crate::text::texts;
use crate::{Text, View};

texts! {
    OFFLINE: "لا يوجد اتصال. ما تكتبه محفوظ على هذا الجهاز، ويمكنك التوقيع عند عودة الاتصال.", "You are offline. What you write is kept on this device; you can sign when the connection is back.";
    LOADING: "جارٍ التحميل…", "Loading…";
    NO_SCRIPT: "هذه الخطوة توقَّع بمفتاح في متصفحك، وتحتاج إلى تشغيل جافا سكربت.", "This step is signed with a key in your browser and needs JavaScript.";
}

/// How grave a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Good to know.
    Plain,
    /// It worked.
    Good,
    /// Take care.
    Warn,
    /// It did not work.
    Bad,
}

/// A box that speaks.
pub fn notice(tone: Tone, content: &Markup) -> Markup {
    let class = match tone {
        Tone::Plain => "notice",
        Tone::Good => "notice notice--good",
        Tone::Warn => "notice notice--warn",
        Tone::Bad => "notice notice--bad",
    };
    html! { div class=(class) { (content) } }
}

/// Nothing is here, or it cannot be shown: a heading, a sentence, and where to go from here.
pub fn nothing(view: &View, title: Text, sentence: Text, way: Option<(&str, Text)>) -> Markup {
    html! {
        section.state {
            h2 { (view.t(title)) }
            p { (view.t(sentence)) }
            @if let Some((href, text)) = way { p { a href=(href) { (view.t(text)) } } }
        }
    }
}

/// Something is on its way.
pub fn loading(view: &View) -> Markup {
    html! {
        div.loading role="status" {
            span.visually-hidden { (view.t(LOADING)) }
            i {} i {} i {}
        }
    }
}

/// For those whose browser runs no scripts, where a signature is needed.
pub fn no_script(view: &View) -> Markup {
    html! { noscript { (notice(Tone::Warn, &html! { p { (view.t(NO_SCRIPT)) } })) } }
}
