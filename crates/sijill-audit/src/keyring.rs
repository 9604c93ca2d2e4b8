//! The keys that signatures are checked with.

use std::collections::HashMap;

use rayon::prelude::*;
use sijill_event::{Kid, PreparedKey, PublicKey};

/// Signatures after which a key is worth a table of its multiples, which costs some tens of them.
const WORTH_A_TABLE: u32 = 32;
/// Most tables, 60 KiB each: what an audit may spend of its memory on them.
const MOST_TABLES: usize = 640;
/// Chunks without a signature by a key after which its table makes room for another's.
const IDLE_CHUNKS: u64 = 8;

/// Every key that some entry *tried* to introduce, by its name. Whether it had been introduced where it was used is judged
/// later, in order; that a `kid` names one key and no other (it is the key's hash) lets the signatures be checked before.
#[derive(Default)]
pub(crate) struct Keyring {
    keys: HashMap<Kid, Slot>,
    tables: usize,
    chunk: u64,
}

struct Slot {
    key: PreparedKey,
    has_table: bool,
    /// Signatures since it last had no table.
    uses: u32,
    last_used: u64,
}

impl Keyring {
    pub(crate) fn add(&mut self, key: &PublicKey) {
        let plain = || Slot { key: PreparedKey::new(key), has_table: false, uses: 0, last_used: 0 };
        self.keys.entry(key.kid()).or_insert_with(plain);
    }

    pub(crate) fn get(&self, kid: &Kid) -> Option<&PreparedKey> {
        self.keys.get(kid).map(|slot| &slot.key)
    }

    /// Tells which keys signed a chunk, and gives those that sign much a table.
    pub(crate) fn count(&mut self, kids: impl Iterator<Item = Kid>) {
        self.chunk += 1;
        let mut worthy = Vec::new();
        for kid in kids {
            let Some(slot) = self.keys.get_mut(&kid) else { continue };
            slot.uses = slot.uses.saturating_add(1);
            slot.last_used = self.chunk;
            // Once: behind its table's worth it goes on counting.
            if slot.uses == WORTH_A_TABLE && !slot.has_table {
                worthy.push(kid);
            }
        }
        if self.tables + worthy.len() > MOST_TABLES {
            self.drop_idle();
        }
        let room = MOST_TABLES.saturating_sub(self.tables).min(worthy.len());
        for kid in worthy.split_off(room) {
            // There was no room: ask again, a table's worth later.
            if let Some(slot) = self.keys.get_mut(&kid) {
                slot.uses = 0;
            }
        }
        self.make_tables(&worthy);
    }

    fn make_tables(&mut self, kids: &[Kid]) {
        let publics: Vec<PublicKey> =
            kids.iter().filter_map(|kid| self.get(kid)).map(|key| key.public().clone()).collect();
        let made: Vec<PreparedKey> = publics.par_iter().map(PreparedKey::with_table).collect();
        for (kid, key) in kids.iter().zip(made) {
            if let Some(slot) = self.keys.get_mut(kid) {
                (slot.key, slot.has_table) = (key, true);
                self.tables += 1;
            }
        }
    }

    fn drop_idle(&mut self) {
        let idle_since = self.chunk.saturating_sub(IDLE_CHUNKS);
        for slot in self.keys.values_mut().filter(|slot| slot.has_table && slot.last_used < idle_since) {
            *slot = Slot {
                key: PreparedKey::new(slot.key.public()),
                has_table: false,
                uses: 0,
                last_used: slot.last_used,
            };
            self.tables -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use sijill_event::SigningKey;

    use super::*;

    fn key(seed: u16) -> PublicKey {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&seed.to_be_bytes());
        SigningKey::from_seed(&bytes).expect("a seed").public().clone()
    }

    fn tables(keyring: &Keyring) -> usize {
        keyring.keys.values().filter(|slot| slot.has_table).count()
    }

    #[test]
    fn tables_go_to_keys_that_sign_much() {
        let (busy, rare) = (key(1), key(2));
        let mut keyring = Keyring::default();
        keyring.add(&busy);
        keyring.add(&rare);
        let uses = WORTH_A_TABLE as usize;
        keyring.count(std::iter::repeat_n(busy.kid(), uses).chain(std::iter::repeat_n(rare.kid(), uses - 1)));
        assert_eq!((tables(&keyring), keyring.tables), (1, 1));
        assert!(format!("{:?}", keyring.get(&busy.kid())).contains("table: true"));
        keyring.count([rare.kid()].into_iter());
        assert_eq!((tables(&keyring), keyring.tables), (2, 2));
    }

    #[test]
    fn a_key_that_signs_all_of_a_chunk_takes_the_room_of_one_table() {
        let busy = key(1);
        let mut keyring = Keyring::default();
        keyring.add(&busy);
        for _ in 0..3 {
            keyring.count(std::iter::repeat_n(busy.kid(), 10 * WORTH_A_TABLE as usize));
            assert_eq!((tables(&keyring), keyring.tables), (1, 1));
        }
    }

    #[test]
    fn the_number_of_tables_is_bounded_and_idle_ones_make_room() {
        let keys: Vec<PublicKey> = (0..u16::try_from(MOST_TABLES).expect("small") + 20).map(key).collect();
        let mut keyring = Keyring::default();
        for key in &keys {
            keyring.add(key);
        }
        let (first, last) = keys.split_at(MOST_TABLES);
        let much = |key: &PublicKey| std::iter::repeat_n(key.kid(), WORTH_A_TABLE as usize);
        keyring.count(first.iter().flat_map(much));
        keyring.count(last.iter().flat_map(much));
        assert_eq!((tables(&keyring), keyring.tables), (MOST_TABLES, MOST_TABLES));
        assert!(!keyring.keys[&last[0].kid()].has_table);

        (0..=IDLE_CHUNKS).for_each(|_| keyring.count([first[0].kid()].into_iter()));
        keyring.count(last.iter().flat_map(much));
        keyring.count(last.iter().flat_map(much));
        assert!(last.iter().all(|key| keyring.keys[&key.kid()].has_table));
        assert!(keyring.keys[&first[0].kid()].has_table, "it was used all the time");
        assert_eq!(tables(&keyring), keyring.tables);
    }
}
