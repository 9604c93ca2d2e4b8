//! Files: brought to the vault by a form, fetched from it by whoever was shown that they are there.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::{Value, json};
use sijill_domain::event::Role;
use sijill_event::{Digest, Json as Held, StreamKind};
use sijill_ledger::AttachmentError;

use super::case::Known;
use crate::desk::Office;
use crate::text::texts;
use crate::{DeskError, Session, View};

texts! {
    FETCH: "تنزيل الملف", "Download the file";
    SOON: "متاح ربع ساعة.", "For a quarter of an hour.";
}

/// What a browser may make of a file by its ending; of anything else, bytes.
const ENDINGS: &[(&str, &str)] = &[
    ("application/pdf", "pdf"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/webp", "webp"),
    ("image/heic", "heic"),
    ("audio/mpeg", "mp3"),
    ("audio/mp4", "m4a"),
    ("audio/ogg", "ogg"),
    ("video/mp4", "mp4"),
    ("text/plain", "txt"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
];

/// `PUT /desk/attachments`: as `PUT /v1/attachments`, by a session.
pub(crate) async fn put(
    State(office): State<Arc<Office>>,
    session: Session,
    body: Body,
) -> Result<(StatusCode, Json<Value>), DeskError> {
    session.must(Role::Casework)?;
    let held = office.desk.ledger.put_attachment(body.into_data_stream()).await;
    let held = held.map_err(|error| match error {
        AttachmentError::Erased => DeskError::AttachmentErased,
        AttachmentError::Ledger(_) => DeskError::Unavailable,
        AttachmentError::TooLarge | AttachmentError::Empty | AttachmentError::Broken(_) => DeskError::Body,
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "digest": held.digest.to_string(), "size": held.size }))))
}

/// `GET /desk/cases/{id}/files/{answer}/{digest}`: always a download, never a page.
pub(crate) async fn get(
    State(office): State<Arc<Office>>,
    session: Session,
    path: Result<Path<(String, u64, String)>, PathRejection>,
) -> Result<Response, DeskError> {
    let Path((id, answer, digest)) = path?;
    let known = Known::find(&office, &session, StreamKind::Case, &id).await?;
    let digest = Digest::parse(&digest).map_err(|_| DeskError::NotFound)?;
    let file = office.desk.ledger.released_file(&id, answer, &known.reader, &digest).await?;
    let file = file.ok_or(DeskError::FileClosed)?;
    let ending =
        ENDINGS.iter().find(|(kind, _)| *kind == file.media_type).map_or("bin", |(_, ending)| ending);
    // Not the name it had: that may tell who the child is.
    let name = HeaderValue::try_from(format!("attachment; filename=\"file-{answer}.{ending}\""));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_LENGTH, HeaderValue::from(file.size)),
        (header::CONTENT_DISPOSITION, name.map_err(|_| DeskError::Unavailable)?),
    ];
    Ok((headers, Body::from_stream(file.bytes)).into_response())
}

/// The way to a file from the page that shows it is there.
pub(crate) fn link(view: &View, case: &str, answer: u64, value: &Held) -> Markup {
    let digest = value.get("attachment").and_then(Held::as_str).unwrap_or_default();
    html! {
        br;
        a href=(format!("/desk/cases/{case}/files/{answer}/{digest}")) { (view.t(FETCH)) }
        " " span.quiet { (view.t(SOON)) }
    }
}
