//! Acts that nobody had the authority for, rightly signed and covered.

use serde_json::json;
use sijill_event::jws;
use sijill_tests::made::{Actor, ORIGIN, enrolment};
use sqlx::Row;

use crate::alterations::{Alteration, By, one, payload_of, row};
use crate::operator::Operator;

pub(crate) const ALTERATIONS: &[Alteration] = &[
    row("an agency acts that too few have admitted", By::Trust, |o| {
        let i = acts_of_ngo(o);
        vec![("key-not-valid", Some(i))]
    }),
    row("an approval with the operator's signature", By::Trust, |o| {
        let root =
            Actor { key: o.made.actor("ledger/operator").key.clone(), ..o.made.actor("moh/root").clone() };
        let i = approval(o, &root);
        acts_of_ngo(o);
        vec![("key-not-valid", Some(i)), ("key-not-valid", Some(i + 1))]
    }),
    row("the same approval twice", By::Trust, |o| {
        let root = o.made.actor("mosd/root").clone();
        let i = approval(o, &root);
        acts_of_ngo(o);
        vec![("not-authorised", Some(i)), ("key-not-valid", Some(i + 1))]
    }),
    row("an officer enrolled by another agency's registrar", By::Trust, |o| {
        let spy = Actor::new(5, "moh/spy");
        let data = enrolment(&spy, ORIGIN, &["casework"]);
        let registrar = o.made.actor("mosd/registrar");
        let signed = o.writer.write(registrar, "agency/moh", "officer.enrolled", &data);
        let i = o.append(&signed);
        let signed = o.writer.write(&spy, "case/spied", "case.noted", &json!({}));
        o.append(&signed);
        o.cover();
        vec![("not-authorised", Some(i)), ("key-not-valid", Some(i + 1))]
    }),
    row("an agency writes in a case it is no party to", By::Trust, |o| {
        let all = ["moh", "mosd", "rop", "mol"];
        let rows = o.rows(
            "SELECT stream, parties FROM stream_head WHERE stream LIKE 'case/%' AND parties LIKE '%,%'",
        );
        let (stream, parties): (String, String) = (rows[0].get(0), rows[0].get(1));
        let other =
            all.iter().find(|agency| !parties.split(',').any(|party| party == **agency)).expect("a third");
        let worker = o.made.actor(&format!("{other}/worker-1"));
        let signed = o.writer.write(worker, &stream, "case.noted", &json!({}));
        one(o, &signed, "not-authorised")
    }),
    row("a revoked key signs on", By::Trust, |o| {
        let worker = o.made.actor("moh/worker-2");
        let signed = o.writer.write(worker, "case/revoked", "case.noted", &json!({}));
        one(o, &signed, "key-not-valid")
    }),
    row("an auditor does casework", By::Trust, |o| {
        let auditor = o.made.actor("mosd/auditor");
        let signed = o.writer.write(auditor, "case/audited", "case.noted", &json!({}));
        one(o, &signed, "not-authorised")
    }),
    row("the ledger signs what its rules do not know", By::Trust, |o| {
        let log = o.made.actor("ledger/log");
        let signed = o.writer.write(log, "log", "log.witnessed", &json!({}));
        one(o, &signed, "not-authorised")
    }),
    row("entry 0 signed anew by the operator", By::Trust, |o| {
        let entry = o.made.entries[0].clone();
        let mut payload = payload_of(&entry);
        payload["iat"] = json!(entry.event.iat - 1);
        let jwt = jws::sign(
            payload.to_string().as_bytes(),
            sijill_event::TYP,
            &o.made.actor("ledger/operator").key,
        );
        o.put(0, &format!("{} {jwt}", entry.received));
        o.cover();
        vec![
            ("genesis", Some(0)),
            ("stream-fork", Some(1)),
            ("seen-mismatch", Some(1)),
            ("not-authorised", Some(1)),
            ("key-not-valid", Some(6)),
        ]
    }),
];

fn approval(o: &mut Operator<'_>, root: &Actor) -> u64 {
    let data = json!({"proposal": o.made.open_proposal.to_string()});
    let signed = o.writer.write(root, "ledger", "proposal.approved", &data);
    o.append(&signed)
}

/// `ngo`, proposed and not admitted, opens a unit; the tracks are covered.
fn acts_of_ngo(o: &mut Operator<'_>) -> u64 {
    let unit = json!({"unit": "desk", "name": {"ar": "جهة", "en": "desk"}});
    let root = o.made.actor("ngo/root");
    let signed = o.writer.write(root, "agency/ngo", "unit.opened", &unit);
    let i = o.append(&signed);
    o.cover();
    i
}
