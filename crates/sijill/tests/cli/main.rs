//! The binary itself, as an operator, an agency and an auditor meet it: processes, files, HTTP, exit statuses.

mod audits;
mod begins;
mod cases;
mod copies;
mod liar;
mod lost;
mod postgres;
mod serves;
mod shapes;
mod town;
