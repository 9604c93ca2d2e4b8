//! Fork evidence: two checkpoints that one log signed and that cannot both be true (`docs/ledger-format.md`, Annex D).

use sijill_event::{Json, parse_json};
use sijill_log::tree::verify_consistency;
use sijill_log::{Checkpoint, Hash, Note, NoteVerifier};

use crate::trust::{exactly, text};
use crate::{Trust, Unreadable};

/// Two checkpoints of one log, and the root that the larger one has at the size of the smaller. That this is another root
/// than the smaller one's is proved with the two checkpoints and the log's key alone: nobody's word is needed for it, and no
/// entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    smaller: Note,
    larger: Note,
    /// The root of the larger one's tree at the smaller one's size.
    root: Hash,
    /// Consistency proof from there to the larger one.
    proof: Vec<Hash>,
}

impl Fork {
    /// Puts evidence together, if it proves what it says. For two checkpoints of one size `root` is that of `larger`, and
    /// `proof` is empty. Refused: `fork-unproven`.
    pub fn prove(
        smaller: Note,
        larger: Note,
        root: Hash,
        proof: Vec<Hash>,
        log_key: &NoteVerifier,
    ) -> Result<Self, Unreadable> {
        let fork = Self { smaller, larger, root, proof };
        fork.check_with(log_key)?;
        Ok(fork.in_order())
    }

    /// Of two checkpoints of one size either could stand first: the one with the smaller root does, so that whoever finds the
    /// same fork writes the same file.
    fn in_order(self) -> Self {
        let root = |note: &Note| Checkpoint::parse(note.text()).map(|checkpoint| checkpoint.root);
        let (one, other) = self.sizes();
        match (root(&self.smaller), root(&self.larger)) {
            (Ok(first), Ok(second)) if one == other && first > second => {
                Self { smaller: self.larger, larger: self.smaller, root: first, proof: self.proof }
            }
            _ => self,
        }
    }

    /// Reads evidence: strict JSON, no other members. What it proves, [`Fork::check`] says. Refused: `fork-malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::read(bytes).map_err(Unreadable::Fork)
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let json = parse_json(bytes).map_err(|error| error.to_string())?;
        exactly(&json, &["sijill", "origin", "smaller", "larger", "root", "proof", "why"])?;
        if text(&json, "sijill")? != "fork/1" {
            return Err("`sijill` is not `fork/1`".to_owned());
        }
        let note = |name| {
            let note = Note::parse(text(&json, name)?.as_bytes());
            note.map_err(|error| format!("`{name}`: {error}"))
        };
        let (smaller, larger) = (note("smaller")?, note("larger")?);
        let hash = |text: &str| Hash::from_base64(text).map_err(|error| error.to_string());
        let listed = json.get("proof").and_then(Json::as_array).ok_or("`proof` is not an array")?;
        let proof = listed.iter().map(|one| hash(one.as_str().ok_or("`proof` holds something else")?));
        let fork = Self {
            root: hash(text(&json, "root")?)?,
            proof: proof.collect::<Result<_, String>>()?,
            smaller,
            larger,
        };
        let origin = fork.origin()?;
        if text(&json, "origin")? != origin {
            return Err("`origin` is not that of its checkpoints".to_owned());
        }
        Ok(fork)
    }

    /// The origin of both checkpoints.
    fn origin(&self) -> Result<String, String> {
        let of = |note: &Note| Checkpoint::parse(note.text()).map(|checkpoint| checkpoint.origin.to_string());
        match (of(&self.smaller), of(&self.larger)) {
            (Ok(one), Ok(other)) if one == other => Ok(one),
            (Ok(_), Ok(_)) => Err("its checkpoints are of two logs".to_owned()),
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        }
    }

    /// Whether it proves that the trusted ledger has two histories. Refused, if it does not: `fork-unproven`.
    pub fn check(&self, trust: &Trust) -> Result<(), Unreadable> {
        self.check_with(&trust.log_key)
    }

    /// [`Fork::check`] with the log's key alone.
    pub fn check_with(&self, log_key: &NoteVerifier) -> Result<(), Unreadable> {
        let unproven = |why: String| Unreadable::ForkUnproven(why);
        let open = |note: &Note, which| {
            let checkpoint = Checkpoint::of_note(note, log_key);
            checkpoint.map_err(|error| unproven(format!("the {which} checkpoint does not hold: {error}")))
        };
        let (smaller, larger) = (open(&self.smaller, "smaller")?, open(&self.larger, "larger")?);
        if self.root == smaller.root {
            return Err(unproven("the larger checkpoint extends the smaller one".to_owned()));
        }
        verify_consistency(smaller.size, &self.root, larger.size, &larger.root, &self.proof).map_err(
            |error| unproven(format!("what the larger checkpoint had at that size is not proved: {error}")),
        )
    }

    /// Sizes of the two checkpoints, the smaller first.
    pub fn sizes(&self) -> (u64, u64) {
        let size = |note: &Note| Checkpoint::parse(note.text()).map_or(0, |checkpoint| checkpoint.size);
        (size(&self.smaller), size(&self.larger))
    }

    /// In words, why both cannot be true.
    pub fn why(&self) -> String {
        match self.sizes() {
            (one, other) if one == other => {
                format!("the log signed two roots for one size, {one}: it has two histories")
            }
            (smaller, larger) => format!(
                "the log signed a root for {smaller} entries that the tree it signed for {larger} entries never had: it has two \
                 histories"
            ),
        }
    }

    /// The evidence file.
    pub fn to_json(&self) -> String {
        let proof = self.proof.iter().map(|hash| hash.to_base64().into()).collect();
        Json::object([
            ("sijill", "fork/1".into()),
            ("origin", self.origin().unwrap_or_default().into()),
            ("why", self.why().into()),
            ("smaller", self.smaller.to_string().into()),
            ("larger", self.larger.to_string().into()),
            ("root", self.root.to_base64().into()),
            ("proof", Json::Array(proof)),
        ])
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use sijill_log::tree::{consistency_proof, root_at};
    use sijill_log::{HashReader, LogError, NoteSigner, leaf_hash, node_hash};

    use super::*;

    struct Leaves(Vec<Hash>);

    impl Leaves {
        /// `size` leaves, of which those from `other` on are another history's.
        fn new(size: u64, other: u64) -> Self {
            Self((0..size).map(|i| leaf_hash(&[u8::from(i >= other), i.to_be_bytes()[7]])).collect())
        }

        fn note(&self, key: &NoteSigner) -> Note {
            let size = self.0.len() as u64;
            let root = root_at(size, self).expect("it has the leaves");
            Checkpoint { origin: key.name().clone(), size, root }.sign(key).expect("signed")
        }
    }

    impl HashReader for Leaves {
        fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
            let Some(below) = level.checked_sub(1) else {
                let leaf = usize::try_from(index).ok().and_then(|index| self.0.get(index)).copied();
                return leaf.ok_or(LogError::TileMissing { level, index });
            };
            Ok(node_hash(&self.subtree(below, 2 * index)?, &self.subtree(below, 2 * index + 1)?))
        }
    }

    fn key(seed: u8) -> NoteSigner {
        NoteSigner::new("log.example/1".parse().expect("a name"), &[seed; 32])
    }

    fn fork(smaller: &Leaves, larger: &Leaves, signer: &NoteSigner) -> Result<Fork, Unreadable> {
        let (old, new) = (smaller.0.len() as u64, larger.0.len() as u64);
        let root = root_at(old, larger).expect("it has the leaves");
        let proof = consistency_proof(old, new, larger).expect("it has the leaves");
        Fork::prove(smaller.note(signer), larger.note(signer), root, proof, key(1).verifier())
    }

    #[test]
    fn two_histories_are_proved_whatever_their_sizes() {
        for (small, large, parted) in [(5, 5, 3), (5, 9, 0), (7, 300, 6), (256, 257, 255)] {
            let evidence = fork(&Leaves::new(small, small), &Leaves::new(large, parted), &key(1));
            let evidence = evidence.expect("a fork");
            assert_eq!(evidence.sizes(), (small, large));
            if small == large {
                let turned = fork(&Leaves::new(large, parted), &Leaves::new(small, small), &key(1));
                assert_eq!(turned.expect("a fork"), evidence, "whoever finds it");
            }
            let read = Fork::parse(evidence.to_json().as_bytes()).expect("it reads what it writes");
            assert_eq!(read, evidence);
            read.check_with(key(1).verifier()).expect("it still proves it");
        }
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        let code = |evidence: Result<Fork, Unreadable>| evidence.expect_err("refused").code();
        let (small, large) = (Leaves::new(5, 5), Leaves::new(9, 9));
        assert_eq!(code(fork(&small, &large, &key(1))), "fork-unproven", "it was extended");
        let other = Leaves::new(9, 2);
        assert_eq!(code(fork(&small, &other, &key(2))), "fork-unproven", "somebody else signed");
        let notes = || (small.note(&key(1)), other.note(&key(1)));
        let (smaller, larger) = notes();
        let made_up = Fork::prove(smaller, larger, Hash([7; 32]), Vec::new(), key(1).verifier());
        assert_eq!(code(made_up), "fork-unproven", "the root is made up");
        let evidence = fork(&small, &other, &key(1)).expect("a fork").to_json();
        for (from, to) in [
            ("fork/1", "fork/2"),
            ("\"origin\":\"log.example/1\"", "\"origin\":\"log.example/2\""),
            ("\"why\":", "\"because\":"),
        ] {
            let altered = evidence.replace(from, to);
            assert_ne!(altered, evidence);
            assert_eq!(code(Fork::parse(altered.as_bytes())), "fork-malformed", "{to}");
        }
    }
}
