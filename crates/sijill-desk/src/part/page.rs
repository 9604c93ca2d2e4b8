//! A page: header, content, footer.

use maud::{DOCTYPE, Markup, html};
use sijill_domain::event::Role;

use super::state;
use crate::page::planning;
use crate::text::texts;
use crate::{Digits, Lang, Session, Text, View, files};

texts! {
    PRODUCT: "سجل", "Sijill";
    SERVICE: "حماية الطفل", "Child protection";
    SKIP: "انتقل إلى المحتوى", "Skip to content";
    MENU: "القائمة", "Menu";
    DESK: "مكتبي", "My desk";
    QUEUE: "قائمة العمل", "Queue";
    CONTACT: "اتصال جديد", "New contact";
    OFFICERS: "الموظفون", "Officers";
    DASHBOARDS: "لوحات المتابعة", "Dashboards";
    PLANNING: "التخطيط", "Planning";
    AUDIT: "التدقيق", "Audit";
    KEYS: "مفاتيحي", "My keys";
    SIGN_OUT: "تسجيل الخروج", "Sign out";
    LATIN_DIGITS: "الأرقام: 123", "Digits: 123";
    ARABIC_DIGITS: "الأرقام: ١٢٣", "Digits: Arabic-Indic";
    WRONG: "خطأ", "Error";
}

/// A page being put together.
pub struct Page<'a> {
    view: &'a View,
    title: String,
    session: Option<&'a Session>,
    styles: Vec<&'static str>,
    scripts: Vec<&'static str>,
    said: Vec<(&'static str, Text)>,
    wrong: bool,
}

impl<'a> Page<'a> {
    /// A page of this title.
    pub fn new(view: &'a View, title: impl Into<String>) -> Self {
        let (title, scripts) = (title.into(), vec!["js/page.js"]);
        Self { view, title, session: None, styles: vec!["desk.css"], scripts, said: Vec::new(), wrong: false }
    }

    /// Who is looking at it.
    #[must_use]
    pub fn of(mut self, session: &'a Session) -> Self {
        self.session = Some(session);
        self.script("js/sign-out.js")
    }

    /// A stylesheet it needs, beside that of every page.
    #[must_use]
    pub fn style(mut self, name: &'static str) -> Self {
        self.styles.push(name);
        self
    }

    /// A script it needs, beside those of every page.
    #[must_use]
    pub fn script(mut self, name: &'static str) -> Self {
        self.scripts.push(name);
        self
    }

    /// Texts its scripts need, by the name they ask for.
    #[must_use]
    pub fn says(mut self, texts: &[(&'static str, Text)]) -> Self {
        self.said.extend_from_slice(texts);
        self
    }

    /// It has errors: the title says so first, which is what a screen reader reads first.
    #[must_use]
    pub fn wrong(mut self, wrong: bool) -> Self {
        self.wrong = wrong;
        self
    }

    /// The page around this content.
    pub fn with(self, content: &Markup) -> Markup {
        let Self { view, title, session, styles, scripts, said, wrong } = self;
        let wrong = if wrong { format!("{}: ", view.t(WRONG)) } else { String::new() };
        html! {
            (DOCTYPE)
            html lang=(view.lang.tag()) dir=(view.lang.dir()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (wrong) (title) " – " (view.t(PRODUCT)) }
                    link rel="icon" href=(files::url("seal.svg"));
                    @if view.lang == Lang::Ar {
                        link rel="preload" as="font" type="font/woff2" crossorigin href=(files::url("font/arabic-400.woff2"));
                    }
                    @for style in &styles { link rel="stylesheet" href=(files::url(style)); }
                    @for script in &scripts { script type="module" src=(files::url(script)) {} }
                }
                body data-kid=[session.map(|session| session.kid.to_string())] {
                    a.skip href="#content" { (view.t(SKIP)) }
                    (header(view, session))
                    div.bar role="status" data-offline hidden { div.frame { (view.t(state::OFFLINE)) } }
                    main #content .frame tabindex="-1" { (content) }
                    (footer(view))
                    @for (name, text) in &said { template data-text=(name) { (view.t(*text)) } }
                }
            }
        }
    }
}

fn header(view: &View, session: Option<&Session>) -> Markup {
    let other = view.lang.other();
    html! {
        header.head {
            div.frame {
                // The space keeps Arabic letters from joining across the two.
                a.brand href="/desk" { (view.t(PRODUCT)) " " span { (view.t(SERVICE)) } }
                @if let Some(session) = session {
                    nav aria-label=(view.t(MENU)) {
                        ul.nav {
                            (entry(view, "/desk", DESK))
                            @if session.may(Role::Casework) {
                                (entry(view, "/desk/queue", QUEUE))
                                (entry(view, "/desk/contacts/new", CONTACT))
                            }
                            @if session.may(Role::Registrar) { (entry(view, "/desk/officers", OFFICERS)) }
                            @if planning::is_for(session) { (entry(view, "/desk/planning", PLANNING)) }
                            @if session.watches() { (entry(view, "/desk/oversight", DASHBOARDS)) }
                            @if session.audits() { (entry(view, "/desk/audit", AUDIT)) }
                            (entry(view, "/desk/keys", KEYS))
                        }
                    }
                }
                div.tools {
                    @if let Some(session) = session {
                        bdi.who dir="ltr" { (session.agency) " / " (session.officer) }
                        form method="post" action="/desk/session/end" data-sign-out {
                            button.button--plain type="submit" { (view.t(SIGN_OUT)) }
                        }
                    }
                    a data-here href=(view.with("lang", other.tag())) lang=(other.tag()) dir=(other.dir()) hreflang=(other.tag()) {
                        (other.name())
                    }
                }
            }
        }
    }
}

fn entry(view: &View, path: &str, text: Text) -> Markup {
    let here = if path == "/desk" { view.path == path } else { view.path.starts_with(path) };
    html! { li { a href=(path) aria-current=[here.then_some("page")] { (view.t(text)) } } }
}

fn footer(view: &View) -> Markup {
    html! {
        footer.foot {
            div.frame {
                span { (view.t(PRODUCT)) " · " (view.t(SERVICE)) }
                // English has one set of digits.
                @if view.lang == Lang::Ar {
                    @if view.digits == Digits::Latin {
                        a data-here href=(view.with("digits", Digits::ArabicIndic.tag())) { (view.t(ARABIC_DIGITS)) }
                    } @else {
                        a data-here href=(view.with("digits", Digits::Latin.tag())) { (view.t(LATIN_DIGITS)) }
                    }
                }
            }
        }
    }
}
