//! A file of events, batch by batch: read → sign → keep → send → settle. A line that is no event is refused by itself. An
//! earlier run that did not come to its end is gone on with: what it had signed is sent as it was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Split};
use std::path::{Path, PathBuf};

use sijill_event::{Digest, SdJwt};

use super::receipts::Receipts;
use super::unsettled::{Begun, Settled, Signed, Unsettled};
use crate::answer::Answer;
use crate::command::target::Opened;
use crate::error::{Error, Result};
use crate::gate::{BATCH, Desk, Keep, Told};
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
        let earlier = unsettled.as_mut().map(|it| std::mem::take(&mut it.signed)).unwrap_or_default();
        let end = earlier.keys().next_back().copied().unwrap_or(events.number + BATCH as u64);
        let batch = events.read_to(end)?;
        let Prepared { ready, mut told } = match prepare(&mut desk, file, &batch, earlier).await {
            Ok(prepared) => prepared,
            // Nothing of this batch was sent; what was before stands.
            Err(error) if error.is_passing() && tally.settled() > 0 => {
                tally.stopped = Some(format!("line {}: {error}", tally.settled() + 1));
                break;
            }
            Err(error) => return Err(error),
        };
        let Some(last) = batch.last() else { break };
        if let Some(unsettled) = &mut unsettled {
            let fresh = ready.iter().filter(|one| one.fresh);
            unsettled.keep(fresh.map(|one| one.line.signed(&one.sd_jwt)))?;
        }
        let mut keep = |at: usize, signed: &SdJwt| match (unsettled.as_mut(), ready.get(at)) {
            (Some(unsettled), Some(one)) => unsettled.keep([one.line.signed(signed)]),
            _ => Ok(()),
        };
        told.extend(send(&mut desk, &ready, witnessed, &mut keep).await?);
        for (line, told) in &told {
            tally.count(*line, told);
            if let Some(receipts) = &mut receipts {
                receipts.write(*line, told)?;
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

/// A line's event, signed.
struct Ready<'b> {
    line: &'b Line,
    event: &'b NewEvent,
    sd_jwt: SdJwt,
    /// Signed now, not by an earlier run.
    fresh: bool,
}

/// A batch before it is sent: what is ready, and by line what was refused already.
struct Prepared<'b> {
    ready: Vec<Ready<'b>>,
    told: BTreeMap<u64, Told>,
}

/// Signs a batch but for what an earlier run signed, if those lines still say what they said. A line without a signature
/// among them was never sent.
async fn prepare<'b>(
    desk: &mut Desk<'_>,
    file: &Path,
    batch: &'b [Line],
    mut earlier: BTreeMap<u64, Signed>,
) -> Result<Prepared<'b>> {
    let (mut ready, mut told) = (Vec::with_capacity(batch.len()), BTreeMap::new());
    for line in batch {
        let before = earlier.remove(&line.number);
        if before.as_ref().is_some_and(|signed| signed.of != line.of) {
            return Err(changed(file));
        }
        let refused = |code: String, message| (line.number, Told::Refused { code, message });
        let event = match &line.event {
            Ok(event) => event,
            Err(why) => {
                told.extend([refused("line-malformed".to_owned(), why.clone())]);
                continue;
            }
        };
        if let Some(signed) = before {
            ready.push(Ready { line, event, sd_jwt: signed.event(file)?, fresh: false });
            continue;
        }
        match desk.sign_all(std::slice::from_ref(event)).await {
            Ok(signed) => {
                ready.extend(signed.into_iter().map(|sd_jwt| Ready { line, event, sd_jwt, fresh: true }));
            }
            Err(Error::Event { code, message }) => told.extend([refused(code.to_owned(), message)]),
            // Of this stream; others may be open to the author.
            Err(Error::Server { code, message, .. }) if code == "not-a-party" => {
                told.extend([refused(code, message)]);
            }
            Err(error) => return Err(error),
        }
    }
    if earlier.is_empty() { Ok(Prepared { ready, told }) } else { Err(changed(file)) }
}

/// Sends what is ready; what became of it, by line.
async fn send(
    desk: &mut Desk<'_>,
    ready: &[Ready<'_>],
    witnessed: bool,
    keep: &mut Keep<'_>,
) -> Result<Vec<(u64, Told)>> {
    if ready.is_empty() {
        return Ok(Vec::new());
    }
    let events: Vec<NewEvent> = ready.iter().map(|one| one.event.clone()).collect();
    let signed = ready.iter().map(|one| one.sd_jwt.clone()).collect();
    let told = match desk.send_all(&events, signed, witnessed, keep).await {
        Ok(told) => told,
        // Some of them may have been taken before.
        Err(error) if error.is_passing() || matches!(error, Error::Answer { .. }) => {
            vec![Told::Unknown { message: error.to_string() }; ready.len()]
        }
        Err(error) => return Err(error),
    };
    Ok(ready.iter().map(|one| one.line.number).zip(told).collect())
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
    /// Or why it is none, a sentence.
    event: Result<NewEvent, String>,
}

impl Line {
    fn signed(&self, sd_jwt: &SdJwt) -> Signed {
        Signed { line: self.number, of: self.of, sd_jwt: sd_jwt.to_string() }
    }
}

/// The file, line by line.
struct Events {
    path: PathBuf,
    lines: Split<Box<dyn BufRead + Send>>,
    number: u64,
}

impl Events {
    fn open(path: &Path) -> Result<Self> {
        let reader: Box<dyn BufRead + Send> = if path.as_os_str() == "-" {
            Box::new(BufReader::new(std::io::stdin()))
        } else {
            Box::new(BufReader::new(File::open(path).map_err(Error::unreadable(path))?))
        };
        Ok(Self { path: path.to_path_buf(), lines: reader.split(b'\n'), number: 0 })
    }

    /// Skips as many lines; the last one has to have this hash.
    fn skip(&mut self, lines: u64, of: Option<Digest>) -> Result<()> {
        let mut last = None;
        while self.number < lines {
            last = Some(Digest::of(self.next()?.ok_or_else(|| changed(&self.path))?));
        }
        if last == of { Ok(()) } else { Err(changed(&self.path)) }
    }

    /// The next line, without its end.
    fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let line = self.lines.next().transpose().map_err(Error::unreadable(&self.path))?;
        self.number += u64::from(line.is_some());
        Ok(line.map(|line| line.strip_suffix(b"\r").map(<[u8]>::to_vec).unwrap_or(line)))
    }

    /// The lines up to this one, or to the file's end.
    fn read_to(&mut self, end: u64) -> Result<Vec<Line>> {
        let mut batch = Vec::new();
        while self.number < end
            && let Some(line) = self.next()?
        {
            let text = std::str::from_utf8(&line).map_err(|_| "it is not UTF-8".to_owned());
            batch.push(Line { number: self.number, of: Digest::of(&line), event: text.and_then(read_line) });
        }
        Ok(batch)
    }
}
