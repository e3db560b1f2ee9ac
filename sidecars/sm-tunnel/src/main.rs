//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::{Long, Short, Value};
use sm_tunnel::config::Config;
use sm_tunnel::{admin, probe, serve};

const USAGE: &str = "sm-tunnel: TCP over mutual TLS with SM2, SM3 and SM4

  sm-tunnel serve --config FILE            runs one side of a link
  sm-tunnel probe --config FILE [--json]   opens a real connection as the client side and tells what was negotiated
  sm-tunnel health --admin ADDRESS         exit 0 when the tunnel there is healthy, else 1
  sm-tunnel status --admin ADDRESS         what the tunnel there does, as JSON
  sm-tunnel version

Exit codes: 0 success, 1 an error (its cause on standard error), 3 the network namespace was lost.";

#[derive(Default)]
struct Arguments {
    command: Option<String>,
    config: Option<PathBuf>,
    admin: Option<SocketAddr>,
    json: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sm-tunnel: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let arguments = parse()?;
    match arguments.command.as_deref() {
        Some("serve") => serve::run(config(&arguments)?),
        Some("probe") => block_on(probe(&arguments)),
        Some("health") => block_on(health(&arguments)),
        Some("status") => block_on(status(&arguments)),
        Some("version") => {
            println!("sm-tunnel {} ({})", env!("CARGO_PKG_VERSION"), openssl::version::version());
            Ok(ExitCode::SUCCESS)
        }
        Some("help") => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => Err(format!("{other:?} is not a command\n{USAGE}")),
        None => Err(format!("a command is missing\n{USAGE}")),
    }
}

fn parse() -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    let mut parser = lexopt::Parser::from_env();
    let failed = |error: lexopt::Error| error.to_string();
    while let Some(argument) = parser.next().map_err(failed)? {
        match argument {
            Long("config") => arguments.config = Some(parser.value().map_err(failed)?.into()),
            Long("admin") => {
                let text = parser.value().map_err(failed)?;
                let text = text.to_string_lossy();
                let address = text
                    .parse()
                    .map_err(|_| format!("--admin: {text:?} is not allowed: an address such as 127.0.0.1:9901"))?;
                arguments.admin = Some(address);
            }
            Long("json") => arguments.json = true,
            Long("help") | Short('h') => arguments.command = Some("help".into()),
            Value(word) if arguments.command.is_none() => arguments.command = Some(word.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(arguments)
}

fn config(arguments: &Arguments) -> Result<Config, String> {
    let path = arguments.config.as_ref().ok_or("--config FILE is missing")?;
    Config::load(path)
}

fn block_on(work: impl Future<Output = Result<ExitCode, String>>) -> Result<ExitCode, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(work)
}

async fn probe(arguments: &Arguments) -> Result<ExitCode, String> {
    let report = probe::probe(&config(arguments)?).await?;
    if arguments.json {
        println!("{report}");
        return Ok(ExitCode::SUCCESS);
    }
    if let serde_json::Value::Object(fields) = report {
        for (key, value) in fields {
            println!("{key}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn health(arguments: &Arguments) -> Result<ExitCode, String> {
    let address = arguments.admin.ok_or("--admin ADDRESS is missing")?;
    let (code, body) = admin::get(address, "/healthz").await?;
    print!("{body}");
    Ok(if code.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn status(arguments: &Arguments) -> Result<ExitCode, String> {
    let address = arguments.admin.ok_or("--admin ADDRESS is missing")?;
    let (code, body) = admin::get(address, "/status").await?;
    print!("{body}");
    Ok(if code.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
