//! `sijill backup`: what brings the ledger back, and apart from it what brings its disclosures back.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::json;
use sijill_store::Store;

use crate::answer::Answer;
use crate::config::Engine;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::progress;
use crate::running::{existing_key_store, store_to_copy};

/// `sijill backup`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Two backups with two rules. The ledger's (entries, ciphertext, seal) is kept for good. The key store's is kept \
    for days: an erasure is final when the last backup of the key store that still holds its key has expired.\n\n\
    The keys in keys/ are in neither: copy them once, offline.\n\n\
    Restoring: put the files back, but never an older seal over a newer one. A ledger that finds itself behind its seal \
    refuses to serve, because it would sign a second history."
)]
pub struct Args {
    /// The data directory; it may be in use
    #[arg(long)]
    dir: PathBuf,
    /// A new directory for the ledger's backup
    #[arg(long)]
    out: PathBuf,
    /// A new directory, elsewhere, for the key store's backup
    #[arg(long, value_name = "DIR")]
    keystore_out: Option<PathBuf>,
}

const KEYSTORE_RULE: &str = "keep backups of the key store apart from those of the ledger and for days only: until the last one that \
    holds an erased key has expired, the erasure is not final";

/// Runs `sijill backup`.
pub async fn run(args: Args) -> Result<Answer> {
    if let Some(keystore_out) = &args.keystore_out {
        keep_apart(&args.out, keystore_out)?;
    }
    let dir = DataDir::open(&args.dir)?;
    let mut told = Told::default();
    match dir.config.engine {
        Engine::Sqlite => back_up(&dir, &args.out, &mut told).await?,
        Engine::Postgres => tell_pg_dump(&dir, &args.out, &mut told)?,
    }
    match (&args.keystore_out, &dir.config.keystore_url) {
        (Some(out), None) => back_up_keys(&dir, out, &mut told).await?,
        (_, Some(_)) => {
            told.say("key store on PostgreSQL: pg_dump --format=custom --file=keystore.dump \"$SIJILL_KEYSTORE_URL\"");
        }
        (None, None) => told.say("the key store was not backed up: without it no disclosure can be read again; give --keystore-out"),
    }
    told.say(KEYSTORE_RULE);
    Ok(Answer::good(told.lines.join("\n"), &json!({"written": told.written, "notes": told.lines})))
}

/// Refuses one backup inside the other: whoever copies the outer one for good would keep erased keys for good.
fn keep_apart(out: &Path, keystore_out: &Path) -> Result<()> {
    let (ledger, keys) = (whereabouts(out)?, whereabouts(keystore_out)?);
    if !ledger.starts_with(&keys) && !keys.starts_with(&ledger) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--out {} and --keystore-out {} are one inside the other: a copy of one would carry the other, and no erasure would \
         ever be final; choose two places apart",
        out.display(),
        keystore_out.display()
    )))
}

/// Where a path leads that need not be there yet: as far as it is there, by its links.
fn whereabouts(path: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(path).map_err(Error::unreadable(path))?;
    let mut place = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => _ = place.pop(),
            part => place.push(part),
        }
        place = place.canonicalize().unwrap_or(place);
    }
    Ok(place)
}

#[derive(Default)]
struct Told {
    written: Vec<PathBuf>,
    lines: Vec<String>,
}

impl Told {
    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }
}

/// Everything but the key store and the private keys. It appears under its name when it is whole.
async fn back_up(dir: &DataDir, out: &Path, told: &mut Told) -> Result<()> {
    let partial = begin(out)?;
    // The seal first: a seal that is newer than the database beside it would say that entries were lost.
    copy_small(dir, &partial)?;
    let spinner = progress::spinner("copying the ledger");
    let store = store_to_copy(dir).await?;
    store.backup(&partial.join("ledger.sqlite")).await?;
    store.close().await;
    spinner.finish_and_clear();
    finish(&partial, out)?;
    told.written.push(out.to_path_buf());
    told.say(format!(
        "ledger backed up to {}: entries, ciphertext, seal, settings, trust file",
        out.display()
    ));
    Ok(())
}

async fn back_up_keys(dir: &DataDir, out: &Path, told: &mut Told) -> Result<()> {
    let partial = begin(out)?;
    existing_key_store(dir).await?.backup(&partial.join("keys.sqlite")).await?;
    finish(&partial, out)?;
    told.written.push(out.to_path_buf());
    told.say(format!(
        "key store backed up to {}: useless without keys/{}",
        out.display(),
        crate::data_dir::MASTER_KEY_FILE
    ));
    Ok(())
}

fn tell_pg_dump(dir: &DataDir, out: &Path, told: &mut Told) -> Result<()> {
    let partial = begin(out)?;
    copy_small(dir, &partial)?;
    finish(&partial, out)?;
    told.written.push(out.to_path_buf());
    told.say(format!("seal, settings and trust file copied to {}; now the database:", out.display()));
    told.say(format!("pg_dump --format=custom --file={}/ledger.dump \"$SIJILL_STORE_URL\"", out.display()));
    told.say("a dump taken after this seal was copied is never behind it");
    Ok(())
}

fn copy_small(dir: &DataDir, to: &Path) -> Result<()> {
    let seal = dir.seal().read().map_err(|error| Error::Source(error.to_string()))?;
    let seal =
        seal.ok_or_else(|| Error::Source("there is no seal yet: nothing was ever published".to_string()))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = to.join(name);
        crate::key_file::write_secret(&path, bytes)
    };
    write("seal", seal.as_bytes())?;
    for path in [dir.config_path(), dir.trust_path()] {
        let bytes = fs::read(&path).map_err(Error::unreadable(&path))?;
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            write(name, &bytes)?;
        }
    }
    Ok(())
}

/// An empty directory beside the target; what an interrupted attempt left there is begun again.
fn begin(out: &Path) -> Result<PathBuf> {
    if out.exists() {
        return Err(Error::Exists(out.to_path_buf()));
    }
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(Error::unwritable(&partial))?;
    }
    fs::create_dir_all(&partial).map_err(Error::unwritable(&partial))?;
    Ok(partial)
}

fn finish(partial: &Path, out: &Path) -> Result<()> {
    let sync = |path: &Path| fs::File::open(path).and_then(|file| file.sync_all());
    sync(partial).map_err(Error::unwritable(partial))?;
    fs::rename(partial, out).map_err(Error::unwritable(out))?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync(parent).map_err(Error::unwritable(out))
}
