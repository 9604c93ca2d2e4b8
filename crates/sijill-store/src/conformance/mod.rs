//! The tests every engine passes, each under its own name.
//!
//! An engine writes one function that opens a fresh database, or answers `None` when it has said loudly why it cannot,
//! and one line:
//!
//! ```text
//! async fn fresh() -> Option<impl sijill_store::conformance::Fixture> { … }
//! sijill_store::conformance!(fresh);
//! ```

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test suite: a panic is its way to report")]
#![expect(missing_docs, reason = "a test is named after what it shows")]

use std::sync::Arc;

use async_trait::async_trait;

use crate::{KeyStore, Store};

pub mod appending;
pub mod cases;
pub mod crash;
pub mod documents;
pub mod keys;
pub mod reading;
pub mod sample;
pub mod uploads;
pub mod vault;

/// A fresh, empty database and key database, for one test.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// Another handle on the same database, as another server would open it.
    async fn store(&self) -> Arc<dyn Store>;
    /// Another handle on the same key database.
    async fn keys(&self) -> Arc<dyn KeyStore>;
}

/// Declares every conformance test as a `#[tokio::test]` of the calling crate.
#[macro_export]
macro_rules! conformance {
    ($fresh:path) => {
        $crate::conformance! { @tests $fresh;
            appending::an_empty_store_has_the_empty_head,
            appending::what_was_appended_reads_back_byte_for_byte,
            appending::any_text_survives,
            appending::one_of_two_racing_committers_wins_each_swap,
            appending::many_committers_leave_no_gap,
            appending::a_head_with_another_root_is_not_the_expected_one,
            appending::a_batch_that_fails_leaves_nothing,
            appending::a_batch_waits_for_what_has_to_be_before_it,
            appending::a_refused_batch_never_reaches_the_database,
            appending::a_reader_never_sees_part_of_a_batch,
            appending::a_big_batch_is_one_commit,
            appending::a_stream_head_moves_without_an_entry,
            reading::pages_are_bounded_and_complete,
            reading::lookups_answer_once_and_leave_out_the_unknown,
            reading::long_lookups_are_answered_whole,
            reading::positions_beyond_the_end_are_empty,
            vault::disclosures_page_by_entry_and_digest,
            vault::erasure_keeps_the_digest_and_spares_the_survivors,
            vault::erasing_what_is_not_there_is_a_contradiction,
            vault::survivors_are_sealed_anew_all_or_none,
            vault::an_assertion_is_remembered_once,
            vault::one_of_two_servers_remembers_an_assertion_first,
            uploads::an_attachment_reads_back_byte_for_byte,
            uploads::uploads_are_refused_by_name,
            uploads::the_first_upload_of_a_digest_stays,
            uploads::an_erased_attachment_never_returns,
            uploads::what_no_entry_attaches_is_swept,
            uploads::uploads_are_listed_by_name,
            documents::a_document_reads_back_byte_for_byte,
            documents::documents_that_nobody_keeps_are_swept,
            cases::a_batch_replaces_the_rows_of_its_cases,
            cases::a_batch_that_fails_leaves_no_case_rows,
            cases::cases_fall_due_by_time_and_name,
            cases::waking_all_wakes_nobody_later,
            cases::a_desk_pages_in_its_order,
            cases::a_desk_is_counted_by_kind,
            cases::rows_derived_from_another_head_are_not_written,
            cases::writers_of_case_rows_never_block_each_other,
            cases::a_batch_of_many_cases_is_one_commit,
            cases::case_rows_are_cleared_and_match_keys_stay,
            cases::match_keys_find_their_cases_until_forgotten,
            keys::keys_are_added_and_destroyed,
            keys::keys_are_never_replaced,
            keys::many_keys_at_once,
        }
    };
    (@tests $fresh:path; $($group:ident::$case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(fixture) = $fresh().await {
                    $crate::conformance::$group::$case(&fixture).await;
                }
            }
        )*
    };
}
