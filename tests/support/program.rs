//! Foreign servers: free ports, certificates, and processes that end with the test.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};

/// A port of 127.0.0.1 that nobody listens on.
pub async fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

/// Makes an empty folder of this name in cargo's directory for tests.
pub fn folder(name: &str) -> io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Writes `cert.pem` and `key.pem` for 127.0.0.1; returns the certificate, for clients to trust.
pub fn self_signed(folder: &Path) -> Result<CertificateDer<'static>, Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    fs::write(folder.join("cert.pem"), made.cert.pem())?;
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    Ok(made.cert.der().clone())
}

/// nginx in `folder`, with the configuration `file` in it.
pub fn nginx(folder: &Path, file: &str) -> Command {
    let mut nginx = Command::new("nginx");
    nginx.arg("-p").arg(folder).args(["-c", file, "-g", "daemon off;"]);
    nginx
}

/// A running server; stopped when dropped.
#[derive(Debug)]
pub struct Program(Child);

impl Program {
    /// Starts `command`, and waits until something accepts connections on each of `ports`.
    pub async fn start(command: &mut Command, ports: &[u16]) -> Result<Self, Box<dyn Error>> {
        let child = command.stdin(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("{command:?} does not start: {error}"))?;
        let mut program = Self(child);
        for port in ports {
            let mut tries = 0;
            while TcpStream::connect(("127.0.0.1", *port)).await.is_err() {
                if let Some(status) = program.0.try_wait()? {
                    return Err(format!("{command:?} ended: {status}").into());
                }
                tries += 1;
                if tries == 2000 {
                    return Err(format!("{command:?} does not accept on port {port}").into());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Ok(program)
    }

    /// Starts `command` in `folder`, with standard error in a file there, which an error quotes.
    pub async fn start_in(
        folder: &Path,
        command: &mut Command,
        ports: &[u16],
    ) -> Result<Self, Box<dyn Error>> {
        let log = folder.join("log");
        command.current_dir(folder).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let started = Self::start(command, ports).await;
        started.map_err(|error| {
            format!("{error}\n{}", fs::read_to_string(&log).unwrap_or_default()).into()
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // On SIGTERM a server ends its workers, too.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
