//! Questions: a label, a hint, an error beside the field, and all errors in a summary on top.

use maud::{Markup, html};

use crate::text::texts;
use crate::{Text, View};

texts! {
    PROBLEM: "توجد مشكلة", "There is a problem";
    OPTIONAL: "(اختياري)", "(optional)";
    CHOOSE_FILE: "اختيار ملف", "Choose a file";
}

/// One question.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    /// The name its answer is sent under; its id too, with `-` for `.`.
    pub name: &'a str,
    /// The question.
    pub label: Text,
    /// What helps to answer it.
    pub hint: Option<Text>,
    /// What is wrong with the answer.
    pub wrong: Option<Text>,
    /// Whether it may be left out.
    pub optional: bool,
    /// What its value is (`static/js/form.js`, `data-kind`); a text if nothing is said.
    pub kind: Option<&'static str>,
    /// At most so many characters.
    pub longest: Option<usize>,
}

/// One of several answers.
pub struct Choice<'a> {
    /// What is sent.
    pub value: &'a str,
    /// What is read.
    pub label: Markup,
    /// A line of explanation.
    pub note: Option<Text>,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl<'a> Field<'a> {
    /// A question that must be answered.
    pub const fn new(name: &'a str, label: Text) -> Self {
        Self { name, label, hint: None, wrong: None, optional: false, kind: None, longest: None }
    }

    /// With a hint.
    #[must_use]
    pub const fn hint(mut self, hint: Text) -> Self {
        self.hint = Some(hint);
        self
    }

    /// With an error, if there is one.
    #[must_use]
    pub const fn wrong(mut self, wrong: Option<Text>) -> Self {
        self.wrong = wrong;
        self
    }

    /// May be left out.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Its value is no plain text: `data-kind` of `static/js/form.js`; of checkboxes, of each.
    #[must_use]
    pub const fn kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Takes at most so many characters.
    #[must_use]
    pub const fn longest(mut self, characters: usize) -> Self {
        self.longest = Some(characters);
        self
    }

    /// Where an error in the summary leads.
    pub fn id(&self) -> String {
        self.name.replace('.', "-")
    }

    /// A line of text. `dir` is `ltr` for identifiers and numbers, `auto` for words.
    pub fn line(&self, view: &View, value: &str, dir: &str) -> Markup {
        self.input(view, "text", value, dir)
    }

    /// A line of another type of HTML's: `date`, `datetime-local`.
    pub fn input(&self, view: &View, of: &str, value: &str, dir: &str) -> Markup {
        self.around(view, &html! {
            input type=(of) id=(self.id()) name=(self.name) value=(value) dir=(dir) autocomplete="off" spellcheck="false"
                data-kind=[self.kind] maxlength=[self.longest] aria-describedby=[self.described()] aria-invalid=[self.invalid()];
        })
    }

    /// Several lines of text.
    pub fn lines(&self, view: &View, value: &str) -> Markup {
        self.around(
            view,
            &html! {
                textarea id=(self.id()) name=(self.name) dir="auto" rows="5" maxlength=[self.longest]
                    aria-describedby=[self.described()] aria-invalid=[self.invalid()] { (value) }
            },
        )
    }

    /// A file (`static/js/file.js`): what is sent is what cites it. The browser's own control speaks the browser's language, not
    /// the page's: its label is pressed instead.
    pub fn file(&self, view: &View, label: Text) -> Markup {
        let held = format!("{}-held", self.id());
        self.around(view, &html! {
            input.visually-hidden type="file" id=(self.id()) data-file=(held) aria-describedby=[self.described()]
                aria-invalid=[self.invalid()];
            label.button.button--second for=(self.id()) { (view.t(CHOOSE_FILE)) }
            input type="hidden" id=(held) name=(self.name) value="" data-kind="json" data-at=(self.id());
            p.hint role="status" data-fact=(view.t(label)) data-file-state {}
        })
    }

    /// One of a list that is too long to read.
    pub fn select(&self, view: &View, choices: &[Choice<'_>]) -> Markup {
        self.around(view, &html! {
            select id=(self.id()) name=(self.name) data-kind=[self.kind] aria-describedby=[self.described()] aria-invalid=[self.invalid()] {
                @for choice in choices { option value=(choice.value) selected[choice.chosen] { (choice.label) } }
            }
        })
    }

    /// One of a few.
    pub fn radios(&self, view: &View, choices: &[Choice<'_>]) -> Markup {
        self.boxes(view, "radio", choices)
    }

    /// Any of a few.
    pub fn checks(&self, view: &View, choices: &[Choice<'_>]) -> Markup {
        self.boxes(view, "checkbox", choices)
    }

    fn around(&self, view: &View, control: &Markup) -> Markup {
        html! {
            div.field .field--wrong[self.wrong.is_some()] data-required[!self.optional] {
                label for=(self.id()) { (self.asked(view)) }
                (self.beside(view))
                (control)
            }
        }
    }

    fn boxes(&self, view: &View, kind: &str, choices: &[Choice<'_>]) -> Markup {
        let list = kind == "checkbox";
        let of = if list { Some("list") } else { self.kind };
        let each = self.kind.filter(|_| list);
        html! {
            fieldset.field .field--wrong[self.wrong.is_some()] data-required[!self.optional] aria-describedby=[self.described()] {
                legend { (self.asked(view)) }
                (self.beside(view))
                @for (place, choice) in choices.iter().enumerate() {
                    @let id = if place == 0 { self.id() } else { format!("{}-{place}", self.id()) };
                    div.choice {
                        input type=(kind) id=(id) name=(self.name) value=(choice.value) data-kind=[of] data-each=[each] checked[choice.chosen];
                        label for=(id) {
                            (choice.label)
                            @if let Some(note) = choice.note { small { (view.t(note)) } }
                        }
                    }
                }
            }
        }
    }

    fn asked(&self, view: &View) -> Markup {
        html! {
            (view.t(self.label))
            @if self.optional { " " span.optional { (view.t(OPTIONAL)) } }
        }
    }

    fn beside(&self, view: &View) -> Markup {
        html! {
            @if let Some(hint) = self.hint { p.hint id=(format!("{}-hint", self.id())) { (view.t(hint)) } }
            @if let Some(wrong) = self.wrong { p.wrong id=(format!("{}-wrong", self.id())) { (view.t(wrong)) } }
        }
    }

    fn described(&self) -> Option<String> {
        let id = self.id();
        let hint = self.hint.map(|_| format!("{id}-hint"));
        let wrong = self.wrong.map(|_| format!("{id}-wrong"));
        let ids: Vec<_> = hint.into_iter().chain(wrong).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.wrong.map(|_| "true")
    }
}

/// The summary on top: what is wrong, each leading to its field. Always there, so that scripts can fill it.
pub fn errors(view: &View, wrong: &[Field<'_>]) -> Markup {
    let wrong: Vec<_> = wrong.iter().filter_map(|field| Some((field.id(), field.wrong?))).collect();
    html! {
        div.wrongs data-errors role="alert" tabindex="-1" aria-labelledby="errors-title" hidden[wrong.is_empty()] autofocus[!wrong.is_empty()] {
            h2 #errors-title { (view.t(PROBLEM)) }
            ul { @for (id, text) in &wrong { li { a href=(format!("#{id}")) { (view.t(*text)) } } } }
        }
    }
}
