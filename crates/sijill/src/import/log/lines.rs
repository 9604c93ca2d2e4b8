//! A reader that knows in which line it is.

use std::io::{self, BufRead, Read};

/// Counts the lines and bytes that were consumed.
#[derive(Debug)]
pub struct Lines<R> {
    inner: R,
    line: u64,
    bytes: u64,
}

impl<R> Lines<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, line: 1, bytes: 0 }
    }

    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes consumed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let held = self.inner.fill_buf()?;
        let length = held.len().min(buf.len());
        let (Some(from), Some(to)) = (held.get(..length), buf.get_mut(..length)) else { return Ok(0) };
        to.copy_from_slice(from);
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed is still in the buffer: asking again reads nothing.
        if let Ok(held) = self.inner.fill_buf() {
            let newlines = held.iter().take(amount).filter(|byte| **byte == b'\n').count();
            self.line += newlines as u64;
        }
        self.bytes += amount as u64;
        self.inner.consume(amount);
    }
}
