//! A file of events, batch by batch: read → sign → keep → send → settle. An earlier run that did not come to its end is
//! gone on with: what it had signed is sent as it was.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};

use sijill_event::{Digest, SdJwt};

use super::Tally;
use super::receipts::Receipts;
use super::unsettled::{Begun, Settled, Signed, Unsettled};
use crate::answer::Answer;
use crate::command::target::Opened;
use crate::error::{Error, Result};
use crate::gate::{BATCH, Desk, Told};
use crate::new_event::{NewEvent, read_line};
use crate::progress;

/// Appends every line of `file`, or of standard input if it is `-`.
pub(super) async fn append(
    opened: &Opened,
    file: &Path,
    receipts: Option<&Path>,
    witnessed: bool,
) -> Result<Answer> {
    let mut desk = Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?;
    let author = format!("{}/{}", opened.author.agency, opened.author.officer);
    let mut unsettled = Unsettled::beside(file, Begun::new(desk.origin(), author, receipts))?;
    let resumed = unsettled.as_ref().filter(|unsettled| unsettled.is_resumed());
    let Settled { line, of, mut tally, receipts: bytes } =
        resumed.map(|unsettled| unsettled.settled.clone()).unwrap_or_default();
    let open = |path| if resumed.is_some() { Receipts::resumed(path, bytes) } else { Receipts::new(path) };
    let mut receipts = receipts.map(open).transpose()?;
    let mut events = Events::open(file)?;
    events.skip(line, of)?;
    let progress = progress::spinner("appending");
    progress.set_position(line);

    while tally.stopped.is_none() {
        let earlier: Vec<Signed> = unsettled
            .as_mut()
            .map(|it| std::mem::take(&mut it.signed).into_values().collect())
            .unwrap_or_default();
        let batch = events.read(if earlier.is_empty() { BATCH } else { earlier.len() }, &tally)?;
        let Some(last) = batch.last() else { break };
        let all: Vec<NewEvent> = batch.iter().map(|line| line.event.clone()).collect();
        let signed = if earlier.is_empty() {
            match desk.sign_all(&all).await {
                Ok(signed) => signed,
                // Nothing of this batch was sent; what was before stands.
                Err(error) if error.is_passing() && tally.settled() > 0 => {
                    tally.stopped = Some(format!("line {}: {error}", tally.settled() + 1));
                    break;
                }
                Err(error) => return Err(error),
            }
        } else {
            same(file, &batch, &earlier)?
        };
        if let Some(unsettled) = unsettled.as_mut().filter(|_| earlier.is_empty()) {
            unsettled.keep(batch.iter().zip(&signed).map(|(line, signed)| line.signed(signed)))?;
        }
        let mut keep = |at: usize, signed: &SdJwt| match (unsettled.as_mut(), batch.get(at)) {
            (Some(unsettled), Some(line)) => unsettled.keep([line.signed(signed)]),
            _ => Ok(()),
        };
        let told = match desk.send_all(&all, signed, witnessed, &mut keep).await {
            Ok(told) => told,
            // Some of them may have been taken before.
            Err(error) if error.is_passing() || matches!(error, Error::Answer { .. }) => {
                let message = error.to_string();
                batch.iter().map(|_| Told::Unknown { message: message.clone() }).collect()
            }
            Err(error) => return Err(error),
        };
        for (line, told) in batch.iter().zip(&told) {
            tally.count(line.number, told);
            if let Some(receipts) = &mut receipts {
                receipts.write(line.number, told)?;
            }
            progress.inc(1);
        }
        let receipts = receipts.as_mut().map(Receipts::flush).transpose()?.unwrap_or_default();
        if let Some(unsettled) = unsettled.as_mut().filter(|_| tally.stopped.is_none()) {
            let (line, of) = (last.number, Some(last.of));
            unsettled.settle(Settled { line, of, tally: tally.clone(), receipts })?;
        }
    }
    progress.finish_and_clear();
    let kept = unsettled.is_some();
    if let Some(unsettled) = unsettled.filter(|_| tally.stopped.is_none()) {
        unsettled.remove()?;
    }
    Ok(tally.answer(kept))
}

/// What an earlier run signed for these lines, if they still say what they said.
fn same(file: &Path, batch: &[Line], earlier: &[Signed]) -> Result<Vec<SdJwt>> {
    let agree = |(line, signed): (&Line, &Signed)| (line.number, line.of) == (signed.line, signed.of);
    if batch.len() != earlier.len() || !batch.iter().zip(earlier).all(agree) {
        return Err(changed(file));
    }
    earlier.iter().map(|signed| signed.event(file)).collect()
}

fn changed(file: &Path) -> Error {
    let why = "it is not what it was when some of its events were sent: put it back and run the command again, then \
               append what is new from another file";
    Error::malformed(file, why)
}

/// A line of the file.
struct Line {
    number: u64,
    of: Digest,
    event: NewEvent,
}

impl Line {
    fn signed(&self, sd_jwt: &SdJwt) -> Signed {
        Signed { line: self.number, of: self.of, sd_jwt: sd_jwt.to_string() }
    }
}

/// The file, line by line.
struct Events {
    path: PathBuf,
    lines: Lines<Box<dyn BufRead + Send>>,
    number: u64,
}

impl Events {
    fn open(path: &Path) -> Result<Self> {
        let reader: Box<dyn BufRead + Send> = if path.as_os_str() == "-" {
            Box::new(BufReader::new(std::io::stdin()))
        } else {
            Box::new(BufReader::new(File::open(path).map_err(Error::unreadable(path))?))
        };
        Ok(Self { path: path.to_path_buf(), lines: reader.lines(), number: 0 })
    }

    /// Skips as many lines; the last one has to have this hash.
    fn skip(&mut self, lines: u64, of: Option<Digest>) -> Result<()> {
        let mut last = None;
        while self.number < lines {
            last = Some(Digest::of(self.next()?.ok_or_else(|| changed(&self.path))?));
        }
        if last == of { Ok(()) } else { Err(changed(&self.path)) }
    }

    fn next(&mut self) -> Result<Option<String>> {
        self.number += 1;
        self.lines.next().transpose().map_err(Error::unreadable(&self.path))
    }

    /// Up to as many lines.
    fn read(&mut self, lines: usize, tally: &Tally) -> Result<Vec<Line>> {
        let mut batch = Vec::with_capacity(lines);
        while batch.len() < lines
            && let Some(text) = self.next()?
        {
            let (number, settled) = (self.number, tally.settled());
            let wrong = |why| {
                let so_far = format!("line {number}: {why}; the {settled} lines before its batch were sent");
                Error::malformed(&self.path, so_far)
            };
            batch.push(Line { number, of: Digest::of(&text), event: read_line(&text).map_err(wrong)? });
        }
        Ok(batch)
    }
}
