//! The desk as a whole: over HTTP, its scripts in Node, its pages in a browser.

mod browser;
mod enrolling;
mod foreign;
mod house;
mod javascript;
mod pages;
mod signing_in;
