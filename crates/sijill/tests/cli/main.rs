//! The binary itself, as an operator, an agency and an auditor meet it: processes, files, HTTP, exit statuses.

mod audits;
mod begins;
mod cases;
mod copies;
mod erases;
mod invites;
mod liar;
mod lost;
mod newcomers;
mod postgres;
mod records;
mod restored;
mod serves;
mod shapes;
mod town;
mod views;
