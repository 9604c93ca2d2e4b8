//! A witness from the outside: what it answers, what it never signs, what it keeps.

mod answers;
mod concurrent;
mod evidence;
mod history;
mod keys;
mod log;
