//! The desk as a whole: over HTTP, its scripts in Node, its pages in a browser.

mod access;
mod acting;
mod audited;
mod auditing;
mod browser;
mod cases;
mod enrolling;
mod files;
mod foreign;
mod glass;
mod house;
mod javascript;
mod known;
mod land;
mod live;
mod mail;
mod night;
mod oversight;
mod pages;
mod planning;
mod queue;
mod signing_in;
mod watch;
