//! The desk as a whole: over HTTP, its scripts in Node, its pages in a browser.

mod access;
mod acting;
mod browser;
mod cases;
mod enrolling;
mod foreign;
mod house;
mod javascript;
mod land;
mod pages;
mod queue;
mod signing_in;
