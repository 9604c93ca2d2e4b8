//! The referral's machine as a Petri net in PNML (ISO/IEC 15909-2), to compare the real paths with.
//!
//! A place for each stage, a transition for each step, one token: the stage. A log may be cut at any stage, so from each an
//! invisible transition leads to the place `end`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use sijill_casework::case::{Stage, pathway};
use sijill_casework::catalogue::ReferralState;

const NAMESPACE: &str = "http://www.pnml.org/version-2009/grammar/pnml";
const PLACE_TRANSITION: &str = "http://www.pnml.org/version-2009/grammar/ptnet";

/// The net of `sijill-casework`'s [`pathway`], the same bytes for the same rules.
pub fn referral() -> io::Result<Vec<u8>> {
    let passages = pathway();
    let stages: BTreeSet<Stage> = passages.iter().map(|passage| passage.to).collect();
    let stages: BTreeMap<Stage, String> =
        stages.into_iter().zip(1_u32..).map(|(stage, number)| (stage, format!("p{number}"))).collect();
    let place = |stage: &Stage| stages.get(stage).map(String::as_str).unwrap_or_default();
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("pnml").with_attribute(("xmlns", NAMESPACE)).write_inner_content(|xml| {
        let net = xml.create_element("net").with_attributes([("id", "referral"), ("type", PLACE_TRANSITION)]);
        net.write_inner_content(|xml| {
            text(xml, "name", "sijill: the referral, rule-set 2")?;
            xml.create_element("page").with_attribute(("id", "page")).write_inner_content(|xml| {
                places(xml, &stages)?;
                for (passage, number) in passages.iter().zip(1_u32..) {
                    let from = passage.from.as_ref().map_or("begin", place);
                    transition(xml, &format!("t{number}"), Some(passage.event), from, place(&passage.to))?;
                }
                for at in stages.values() {
                    transition(xml, &format!("{at}-end"), None, at, "end")?;
                }
                Ok(())
            })?;
            xml.create_element("finalmarkings").write_inner_content(|xml| {
                xml.create_element("marking").write_inner_content(|xml| {
                    let end = xml.create_element("place").with_attribute(("idref", "end"));
                    end.write_inner_content(|xml| plain(xml, "1")).map(drop)
                })?;
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn places(xml: &mut Writer<Vec<u8>>, stages: &BTreeMap<Stage, String>) -> io::Result<()> {
    xml.create_element("place").with_attribute(("id", "begin")).write_inner_content(|xml| {
        text(xml, "name", "begin")?;
        text(xml, "initialMarking", "1")
    })?;
    let end = xml.create_element("place").with_attribute(("id", "end"));
    end.write_inner_content(|xml| text(xml, "name", "end"))?;
    for (stage, id) in stages {
        let place = xml.create_element("place").with_attribute(("id", id.as_str()));
        place.write_inner_content(|xml| text(xml, "name", &name(*stage)))?;
    }
    Ok(())
}

/// A transition and its two arcs; without an event it is invisible.
fn transition(
    xml: &mut Writer<Vec<u8>>,
    id: &str,
    event: Option<&str>,
    from: &str,
    to: &str,
) -> io::Result<()> {
    xml.create_element("transition").with_attribute(("id", id)).write_inner_content(|xml| {
        text(xml, "name", event.unwrap_or(id))?;
        if event.is_none() {
            // As ProM writes it, and other tools read it: PNML itself has no word for it.
            let silent = [("tool", "ProM"), ("version", "6.4"), ("activity", "$invisible$")];
            xml.create_element("toolspecific").with_attributes(silent).write_empty()?;
        }
        Ok(())
    })?;
    for (arc, source, target) in [("in", from, id), ("out", id, to)] {
        let arc = format!("{id}-{arc}");
        let ends = [("id", arc.as_str()), ("source", source), ("target", target)];
        xml.create_element("arc")
            .with_attributes(ends)
            .write_inner_content(|xml| text(xml, "inscription", "1"))?;
    }
    Ok(())
}

/// The stage in words: `on_hold (accepted), breached, disposed`.
fn name(stage: Stage) -> String {
    let waits = matches!(stage.state, ReferralState::OnHold | ReferralState::InfoRequested);
    let mut name = stage.state.to_string();
    if waits {
        // Writing to a string cannot fail.
        let _ = write!(name, " ({})", stage.resumes);
    }
    for (mark, word) in [(stage.breached, ", breached"), (stage.disposed, ", disposed")] {
        name += if mark { word } else { "" };
    }
    name
}

fn text(xml: &mut Writer<Vec<u8>>, element: &str, content: &str) -> io::Result<()> {
    xml.create_element(element).write_inner_content(|xml| plain(xml, content)).map(drop)
}

fn plain(xml: &mut Writer<Vec<u8>>, content: &str) -> io::Result<()> {
    xml.create_element("text").write_text_content(BytesText::new(content)).map(drop)
}
