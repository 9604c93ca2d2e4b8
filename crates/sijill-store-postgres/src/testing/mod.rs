//! Private PostgreSQL clusters for tests: a real server, with `fsync` on, that nothing else on the machine sees.
//!
//! A cluster lives as long as the program that started it. A shell process stands between the two: it starts and stops
//! the server on request, and when its standard input ends, which it does however this program ends, it stops the
//! server and removes the cluster.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

use crate::PostgresStore;

/// Set to 1 where a missing PostgreSQL must fail the tests instead of skipping them.
const REQUIRED: &str = "SIJILL_REQUIRE_POSTGRES";

/// Names the directory of `initdb` and `pg_ctl`, to test with another PostgreSQL than the newest installed.
const PROGRAMS: &str = "SIJILL_POSTGRES_PROGRAMS";

/// Whom the server runs as when the tests run as root, for PostgreSQL refuses to.
const SERVER_USER: &str = "postgres";

/// A database that holds the migrated schema and nothing else, to be copied.
const TEMPLATE: &str = "ledger_template";

/// A running cluster. Dropped, it is stopped and removed.
#[derive(Debug)]
pub struct Cluster {
    port: u16,
    supervisor: Mutex<Supervisor>,
    databases: AtomicU32,
    template: OnceCell<()>,
}

impl Cluster {
    /// The one cluster all tests of this program share. `None`, said loudly on standard error, where PostgreSQL is not
    /// installed; a panic if it must be (`SIJILL_REQUIRE_POSTGRES=1`) or if it is and does not start.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| programs().map(|programs| Self::start_from(&programs))).as_ref();
        shared.or_else(|| {
            announce_missing();
            None
        })
    }

    /// A cluster of one's own, to be crashed and restarted. `None` as for [`Cluster::shared`].
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            announce_missing();
            return None;
        };
        Some(Self::start_from(&programs))
    }

    fn start_from(programs: &Path) -> Self {
        let mut supervisor = Supervisor::spawn(programs);
        supervisor.ask("create");
        let port = supervisor.start_on_a_free_port();
        Self {
            port,
            supervisor: Mutex::new(supervisor),
            databases: AtomicU32::new(0),
            template: OnceCell::new(),
        }
    }

    /// The URL of a database in this cluster.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates an empty database and answers its URL.
    pub async fn create_database(&self) -> String {
        self.create_from("template1").await
    }

    /// Creates a ledger's database, its schema in place, and answers its URL.
    pub async fn create_ledger(&self) -> String {
        let migrate = || async {
            self.execute(format!("CREATE DATABASE {TEMPLATE}")).await;
            PostgresStore::connect(&self.url(TEMPLATE))
                .await
                .expect("the template is migrated")
                .close()
                .await;
        };
        self.template.get_or_init(migrate).await;
        self.create_from(TEMPLATE).await
    }

    async fn create_from(&self, template: &str) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        self.url(&name)
    }

    async fn execute(&self, sql: String) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.expect("the cluster answers");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.expect("a database is created");
        connection.close().await.expect("goodbye");
    }

    /// Stops the server as a crash would: no checkpoint, all transactions lost, recovery at the next start.
    pub fn crash(&self) {
        self.supervisor().ask("crash");
    }

    /// Starts the server again, on the same port.
    pub fn restart(&self) {
        self.supervisor().ask(&format!("start {}", self.port));
    }

    fn supervisor(&self) -> std::sync::MutexGuard<'_, Supervisor> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shell process in between.
#[derive(Debug)]
struct Supervisor {
    directory: PathBuf,
    child: Child,
    /// Taken when dropped: that is the sign to stop.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    fn spawn(programs: &Path) -> Self {
        let is_root = fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0);
        let directory = create_directory(is_root);
        let mut shell = if is_root { Command::new("setpriv") } else { Command::new("sh") };
        if is_root {
            let user = format!("--reuid={SERVER_USER}");
            shell.args([&user, &format!("--regid={SERVER_USER}"), "--init-groups", "sh"]);
        }
        let mut child = shell
            .args(["-c", include_str!("supervise.sh"), "supervise"])
            .args([programs, &directory])
            .current_dir(&directory)
            // A keyboard interrupt ends this program; the supervisor outlives it to clean up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("its standard output"));
        Self { directory, child, requests, answers }
    }

    /// Another program may take the port between our look and the server's: then look again.
    fn start_on_a_free_port(&mut self) -> u16 {
        for _ in 0..5 {
            let port = TcpListener::bind(("127.0.0.1", 0))
                .and_then(|listener| listener.local_addr())
                .expect("a free port")
                .port();
            if self.request(&format!("start {port}")) {
                return port;
            }
        }
        panic!("PostgreSQL does not start: {}", self.log())
    }

    fn ask(&mut self, request: &str) {
        assert!(self.request(request), "PostgreSQL does not {request}: {}", self.log());
    }

    fn request(&mut self, request: &str) -> bool {
        let requests = self.requests.as_mut().expect("open until dropped");
        writeln!(requests, "{request}").expect("the supervisor listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the supervisor answers");
        answer.trim() == "0"
    }

    fn log(&self) -> String {
        ["supervisor.log", "server.log"]
            .map(|name| fs::read_to_string(self.directory.join(name)).unwrap_or_default())
            .join("\n")
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.requests.take());
        // The clean-up takes a moment; whoever drops a cluster wants it gone. There is nobody to tell of a failure.
        let _ = self.child.wait();
    }
}

/// A directory only the server's user can enter, in one that user can reach.
fn create_directory(is_root: bool) -> PathBuf {
    static CLUSTERS: AtomicU32 = AtomicU32::new(0);
    let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
    let is_public = |directory: &PathBuf| {
        fs::metadata(directory).is_ok_and(|metadata| metadata.mode() & 0o1002 == 0o1002) || !is_root
    };
    let parents = [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()];
    let parent = parents.into_iter().find(is_public).expect("a directory for temporary files");
    let directory = parent.join(format!("sijill-postgres-{}-{number}", std::process::id()));
    fs::create_dir(&directory).expect("a directory for the cluster");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).expect("its permissions");
    if is_root {
        let [user, group] = ["-u", "-g"].map(|which| {
            let id = Command::new("id").args([which, SERVER_USER]).output().expect("id runs");
            String::from_utf8_lossy(&id.stdout).trim().parse().expect("the user `postgres` exists")
        });
        std::os::unix::fs::chown(&directory, Some(user), Some(group)).expect("its owner");
    }
    directory
}

/// The programs of the PostgreSQL asked for, or of the newest one installed, Debian's or Red Hat's way or on the path.
fn programs() -> Option<PathBuf> {
    let complete = |programs: &PathBuf| {
        ["initdb", "pg_ctl", "postgres"].iter().all(|name| programs.join(name).is_file())
    };
    if let Some(programs) = std::env::var_os(PROGRAMS) {
        return Some(PathBuf::from(programs)).filter(complete);
    }
    let versions = |root: &str, prefix: &str| -> Vec<(u32, PathBuf)> {
        let entries = fs::read_dir(root).into_iter().flatten().flatten();
        let version = |entry: fs::DirEntry| {
            let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join("bin")))
        };
        entries.filter_map(version).collect()
    };
    let mut installed = versions("/usr/lib/postgresql", "");
    installed.extend(versions("/usr", "pgsql-"));
    installed.sort();
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let newest_first = installed.into_iter().rev().map(|(_, programs)| programs);
    newest_first.chain(std::env::split_paths(&on_path)).find(complete)
}

/// Written to standard error itself, which the test harness does not hide as it hides what tests print.
fn announce_missing() {
    let what = "PostgreSQL is not installed; install it (Debian: apt install postgresql; Fedora: dnf install \
                postgresql-server) and run the tests again";
    assert!(std::env::var_os(REQUIRED).is_none_or(|value| value != "1"), "{REQUIRED}=1, but {what}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {what}");
}
