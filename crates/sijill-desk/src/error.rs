//! Why the desk refuses, and how a refusal says so.

use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::page::refusal as said;
use crate::{Text, refused};

/// Why a request was not answered as asked. None of them repeats anything the request held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// There is no session, it has ended, or its key no longer speaks for an officer.
    #[error("nobody is signed in")]
    SignedOut,
    /// The page is for others.
    #[error("the officer has not the role")]
    NotYours,
    /// A POST that does not say that it comes from one of the desk's own pages.
    #[error("the request does not come from a page of this site")]
    Site,
    /// The challenge was not issued here, or not for this site.
    #[error("the challenge is none of this site's")]
    ChallengeUnknown,
    /// The challenge was answered too late.
    #[error("the challenge has expired")]
    ChallengeExpired,
    /// The challenge was answered before.
    #[error("the challenge was used before")]
    ChallengeUsed,
    /// The key is not registered, or did not sign this challenge.
    #[error("the challenge is not signed with a key that is registered")]
    SignInRefused,
    /// The key is registered and signed, but speaks for no officer now.
    #[error("the key speaks for no officer now")]
    KeyDead,
    /// The body is not what this call takes.
    #[error("the body is malformed")]
    Body,
    /// No such invitation, or it was withdrawn, or its time is over.
    #[error("there is no such invitation any more")]
    InvitationUnknown,
    /// Another key was shown for it already.
    #[error("the invitation was answered already")]
    InvitationAnswered,
    /// The agency has as many open invitations as it may.
    #[error("too many invitations are open")]
    InvitationsFull,
    /// An invitation from the command line is for an officer, a unit or roles that it cannot be for; which, the text says.
    #[error("nobody can be invited like this")]
    InvitationWrong(Text),
    /// The proof of possession does not hold.
    #[error("the proof of possession does not hold")]
    Possession,
    /// The key is on the ledger already.
    #[error("the key is registered already")]
    KeyKnown,
    /// The agency is no party to the stream.
    #[error("the agency is no party to the stream")]
    NotAParty,
    /// There is no such case, or none that the reader may know of: nobody is told which.
    #[error("there is no such case for this reader")]
    CaseUnknown,
    /// The file was not released to the reader, or not a little while ago, or may not be seen any more.
    #[error("no release opens this file now")]
    FileClosed,
    /// The file was erased by order before.
    #[error("the file was erased by order")]
    AttachmentErased,
    /// Nothing is here.
    #[error("nothing is here")]
    NotFound,
    /// Not with this method.
    #[error("not with this method")]
    Method,
    /// The ledger or the clock does not answer now.
    #[error("the ledger does not answer now")]
    Unavailable,
}

impl DeskError {
    /// Stable and kebab-case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::NotYours => "not-yours",
            Self::Site => "site",
            Self::ChallengeUnknown => "challenge-unknown",
            Self::ChallengeExpired => "challenge-expired",
            Self::ChallengeUsed => "challenge-used",
            Self::SignInRefused => "sign-in-refused",
            Self::KeyDead => "key-dead",
            Self::Body => "body",
            Self::InvitationUnknown => "invitation-unknown",
            Self::InvitationAnswered => "invitation-answered",
            Self::InvitationsFull => "invitations-full",
            Self::InvitationWrong(_) => "invitation-wrong",
            Self::Possession => "possession",
            Self::KeyKnown => "key-known",
            Self::NotAParty => "not-a-party",
            Self::CaseUnknown => "case-unknown",
            Self::FileClosed => "attachment-not-released",
            Self::AttachmentErased => "attachment-erased",
            Self::NotFound => "not-found",
            Self::Method => "method-not-allowed",
            Self::Unavailable => "unavailable",
        }
    }

    /// Its HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Body => StatusCode::BAD_REQUEST,
            Self::InvitationUnknown | Self::CaseUnknown | Self::FileClosed | Self::NotFound => {
                StatusCode::NOT_FOUND
            }
            Self::AttachmentErased => StatusCode::GONE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvitationAnswered | Self::InvitationsFull | Self::KeyKnown => StatusCode::CONFLICT,
            Self::InvitationWrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// One of each, for tests that must miss none.
    #[cfg(test)]
    pub(crate) const ALL: &[Self] = &[
        Self::SignedOut,
        Self::NotYours,
        Self::Site,
        Self::ChallengeUnknown,
        Self::ChallengeExpired,
        Self::ChallengeUsed,
        Self::SignInRefused,
        Self::KeyDead,
        Self::Body,
        Self::InvitationUnknown,
        Self::InvitationAnswered,
        Self::InvitationsFull,
        Self::InvitationWrong(said::UNKNOWN),
        Self::Possession,
        Self::KeyKnown,
        Self::NotAParty,
        Self::CaseUnknown,
        Self::FileClosed,
        Self::AttachmentErased,
        Self::NotFound,
        Self::Method,
        Self::Unavailable,
    ];

    /// What a person is told.
    pub(crate) fn text(self) -> Text {
        match self {
            // Of a page, not of an act.
            Self::NotYours => said::NOT_YOURS,
            Self::InvitationWrong(why) => why,
            _ => refused::text(self.code()).unwrap_or(said::UNKNOWN),
        }
    }

    /// What stands behind a bare refusal of the router.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::Method,
            _ if status.is_client_error() => Self::Body,
            _ => Self::Unavailable,
        }
    }
}

/// Only the status; `frame` knows the reader's language and gives it a face.
impl IntoResponse for DeskError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<JsonRejection> for DeskError {
    fn from(_: JsonRejection) -> Self {
        Self::Body
    }
}

impl From<FormRejection> for DeskError {
    fn from(_: FormRejection) -> Self {
        Self::Body
    }
}

impl From<PathRejection> for DeskError {
    fn from(_: PathRejection) -> Self {
        Self::NotFound
    }
}

impl From<sijill_ledger::LedgerError> for DeskError {
    fn from(_: sijill_ledger::LedgerError) -> Self {
        Self::Unavailable
    }
}

impl From<sijill_ledger::ClockJumped> for DeskError {
    fn from(_: sijill_ledger::ClockJumped) -> Self {
        Self::Unavailable
    }
}
