//! The desk: what it runs on, and its addresses.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use sijill_ledger::{Clock, Ledger, SystemClock};
use sijill_projections::engine::Base;
use sijill_projections::forecast::Latest;

use crate::challenge::Challenges;
use crate::invitation::Invitations;
use crate::session::Sessions;
use crate::{DeskError, files, frame, page};

/// The largest body any page of the desk sends. Events do not come here but to the API.
const BODY_LIMIT: usize = 16 << 10;

/// What the pages run on.
#[derive(Clone)]
pub struct Desk {
    /// The ledger they show, and whose API is at `/v1` of the same site.
    pub ledger: Ledger,
    /// The origins the pages are reached at, e.g. `https://desk.example`: scheme, host, and port if unusual. If all are
    /// HTTPS, cookies are bound to that. Plain HTTP is for one's own machine: browsers sign in secure contexts only.
    pub sites: Vec<String>,
    /// The ledger's read models, which the dashboards show; without them there are none.
    pub read_models: Option<Arc<dyn Base>>,
    /// By which challenges, sessions and invitations end: the system's, also where the ledger's is simulated.
    pub clock: Arc<dyn Clock>,
}

impl Desk {
    /// The desk of a ledger, reached at these origins.
    pub fn new(ledger: Ledger, sites: Vec<String>) -> Self {
        Self { ledger, sites, read_models: None, clock: Arc::new(SystemClock::new()) }
    }
}

/// What all pages share.
pub(crate) struct Office {
    pub(crate) desk: Desk,
    pub(crate) sessions: Sessions,
    pub(crate) invitations: Invitations,
    /// What units have to expect, as made last.
    pub(crate) forecasts: Latest,
    /// Or why there can be none: the random source failed when the desk opened.
    pub(crate) challenges: Result<Challenges, DeskError>,
}

impl Office {
    /// Unix milliseconds.
    pub(crate) fn now(&self) -> Result<u64, DeskError> {
        Ok(self.desk.clock.now()?)
    }

    /// Whether the pages are reached by HTTPS only.
    pub(crate) fn secure(&self) -> bool {
        self.desk.sites.iter().all(|site| site.starts_with("https://"))
    }
}

/// The pages as one router, all under `/desk`; to be merged beside the API of the same ledger.
pub fn router(desk: Desk) -> Router {
    let office = Arc::new(Office {
        desk,
        sessions: Sessions::default(),
        invitations: Invitations::default(),
        forecasts: Latest::default(),
        challenges: Challenges::new(),
    });
    let router = Router::new()
        .route("/desk", get(page::home::home))
        .route("/desk/sign-in", get(page::sign_in::sign_in))
        .route("/desk/session/challenge", post(page::sign_in::challenge))
        .route("/desk/session", post(page::sign_in::open))
        .route("/desk/session/end", post(page::sign_in::end))
        .route("/desk/streams/{stream}/next", get(page::stream::next))
        .route("/desk/officers", get(page::officers::officers))
        .route("/desk/officers/{officer}", get(page::officers::officer))
        .route("/desk/invite", get(page::invite::form).post(page::invite::make))
        .route("/desk/invitations", post(page::invite::signed::make))
        .route("/desk/invitations/{id}", get(page::invite::answered).post(page::invite::withdraw))
        .route("/desk/enrol", get(page::enrol::enrol))
        .route("/desk/enrol/open", post(page::enrol::open))
        .route("/desk/enrol/answer", post(page::enrol::answer))
        .route("/desk/keys", get(page::keys::keys))
        .route("/desk/keys/{kid}/revoke", get(page::keys::revoke))
        .route("/desk/queue", get(page::queue::queue))
        .route("/desk/notices", get(page::notices::notices))
        .route("/desk/cases", get(page::home::by_number))
        .route("/desk/cases/new", get(page::contact::open_case))
        .route("/desk/cases/{id}", get(page::case::show::case))
        .route("/desk/cases/{id}/act/{type}", get(page::case::act::in_case))
        .route(
            "/desk/cases/{id}/access",
            get(page::case::access::ask_case).post(page::case::access::open_case),
        )
        .route("/desk/cases/{id}/break-glass", get(page::case::glass::break_glass))
        .route("/desk/cases/{id}/proof/{index}", get(page::case::history::proof_in_case))
        .route("/desk/refused/{code}", get(crate::refused::told))
        .route("/desk/attachments", axum::routing::put(page::attachment::put))
        .route("/desk/cases/{id}/files/{answer}/{digest}", get(page::attachment::get))
        .route("/desk/contacts/new", get(page::contact::new))
        .route("/desk/contacts/{id}", get(page::contact::contact))
        .route("/desk/contacts/{id}/known", get(page::known::ask).post(page::known::answer))
        .route("/desk/contacts/{id}/act/{type}", get(page::case::act::in_contact))
        .route(
            "/desk/contacts/{id}/access",
            get(page::case::access::ask_contact).post(page::case::access::open_contact),
        )
        .route("/desk/contacts/{id}/proof/{index}", get(page::case::history::proof_in_contact))
        .route("/desk/audit", get(page::audit::audit))
        .route("/desk/audit/checkpoint", get(page::audit::note))
        .route("/desk/audit/event", get(page::audit::event::event))
        .route("/desk/audit/entries/{index}/evidence", get(page::audit::event::evidence))
        .route("/desk/audit/entries/{index}/receipt", get(page::audit::event::receipt))
        .route("/desk/audit/accesses", get(page::audit::accesses::accesses))
        .route("/desk/audit/registry", get(page::audit::registry::registry))
        .route("/desk/audit/registry/{agency}", get(page::audit::registry::agency))
        .route("/desk/oversight", get(page::oversight::overview))
        .route("/desk/oversight/live", get(page::oversight::live::live))
        .route("/desk/oversight/events", get(page::oversight::events::events))
        .route("/desk/oversight/{section}", get(page::oversight::one))
        .route("/desk/planning", get(page::planning::planning))
        .route("/desk/planning/review", get(page::planning::review::form))
        .route("/desk/static/{version}/{*file}", get(files::file));
    #[cfg(feature = "testing")]
    let router = router
        .route("/desk/patterns", get(page::patterns::patterns))
        .route("/desk/patterns/charts", get(page::charts::charts));
    router
        // Not the router's fallback: the API beside it has one of its own.
        .route("/desk/{*elsewhere}", axum::routing::any(async || DeskError::NotFound))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(Arc::clone(&office), frame::frame))
        .with_state(office)
}
