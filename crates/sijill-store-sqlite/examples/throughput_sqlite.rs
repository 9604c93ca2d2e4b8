//! Appends batches of 1,000 entries of about 1 kB, each batch durable before the next: `cargo run --release --example
//! throughput_sqlite -- <file> [batches]`. Prints what the store alone can do; signatures and hashes of the ledger come on top.

use std::io::Write;
use std::time::{Duration, Instant};

use sijill_store::conformance::sample::Writer;
use sijill_store::{CommitOutcome, Store};
use sijill_store_sqlite::SqliteStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: throughput_sqlite <file> [batches]")?;
    let batches: u32 = arguments.next().map_or(Ok(100), |count| count.parse())?;
    let store = SqliteStore::open(path).await?;
    let mut writer = Writer::resume("throughput", &store).await;
    let (mut entries, mut bytes, mut spent) = (0, 0, Duration::ZERO);
    for _ in 0..batches {
        let batch = writer.batch_with(1_000, |_| 0);
        let start = Instant::now();
        let outcome = store.commit(&batch).await?;
        spent += start.elapsed();
        if outcome == CommitOutcome::HeadMoved {
            return Err("another program writes to this ledger".into());
        }
        entries += batch.entries.len();
        bytes += batch.entries.iter().map(|entry| entry.entry.len()).sum::<usize>();
        writer.landed(&batch);
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = entries as f64 / spent.as_secs_f64();
    writeln!(std::io::stdout(), "{entries} entries, {} bytes each: {rate:.0} entries/s", bytes / entries)?;
    Ok(())
}
