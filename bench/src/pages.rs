//! `pages`: how long the server takes for a page of the web UI on a full store, beside the same page on one that is nearly empty.
//!
//! Both servers run at once and are asked in turn, so that noise of the machine meets both. A time is that of a request on a
//! connection of its own, from the first byte written to the last byte read, without compression.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::BenchError;
use crate::load::Schedule;
use crate::measure::Bench;
use crate::report::{self, Report};
use crate::target::Subject;
use crate::work::{Surroundings, WorkPath};

/// Events of the store that is nearly empty: as many as fill the first page of each list, so that both show as much.
const FEW: u32 = 100;
/// Requests for each page before any is counted.
const WARM_UP: usize = 5;
const CONNECTIONS: u16 = 32;
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longer pages are cut, and then hold no link.
const PAGE_BYTES_MAX: u64 = 8 * 1024 * 1024;

const ISSUES: &str = "/organizations/my-org/issues/";
const PROJECT: &str = "/settings/my-org/projects/my-project/";

/// What to measure.
pub(crate) struct PagesPlan {
    /// Events of the full store, each with a delivery.
    pub(crate) events: u32,
    /// Requests for each page and store.
    pub(crate) requests: usize,
}

/// The figures.
#[derive(Serialize)]
pub(crate) struct PagesReport {
    events: u32,
    pages: Vec<PageTimes>,
}

/// A page's times, in microseconds.
#[derive(Serialize)]
struct PageTimes {
    page: &'static str,
    few_p95_us: u64,
    full_p95_us: u64,
    ratio: f64,
    /// Bytes of the page on the full store, headers included.
    bytes: usize,
}

/// A server with somebody who has signed in.
struct Visited {
    bench: Bench,
    address: SocketAddr,
    cookie: String,
}

/// Fills both stores, asks for each page in turn.
///
/// # Errors
/// When a server fails, an event is lost, or a page is not shown.
pub(crate) fn run(plan: &PagesPlan, surroundings: &Surroundings) -> Result<PagesReport, BenchError> {
    report::progress("a store with few events");
    let few = Visited::start(FEW, surroundings)?;
    report::progress("a store with many");
    let full = Visited::start(plan.events, surroundings)?;
    let [few_paths, full_paths] = [few.paths()?, full.paths()?];
    let mut pages = Vec::new();
    for ((page, few_path), (_, full_path)) in few_paths.iter().zip(&full_paths) {
        report::progress(page);
        pages.push(times(page, (&few, few_path), (&full, full_path), plan.requests)?);
    }
    few.bench.finish()?;
    full.bench.finish()?;
    Ok(PagesReport { events: plan.events, pages })
}

fn times(
    page: &'static str,
    (few, few_path): (&Visited, &str),
    (full, full_path): (&Visited, &str),
    requests: usize,
) -> Result<PageTimes, BenchError> {
    let (mut few_us, mut full_us, mut bytes) = (Vec::new(), Vec::new(), 0);
    for round in 0..WARM_UP + requests {
        let (few_time, _) = few.get(few_path)?;
        let (full_time, text) = full.get(full_path)?;
        bytes = text.len();
        if round >= WARM_UP {
            few_us.push(few_time);
            full_us.push(full_time);
        }
    }
    let (few_p95_us, full_p95_us) = (p95(few_us)?, p95(full_us)?);
    Ok(PageTimes { page, few_p95_us, full_p95_us, ratio: full_p95_us as f64 / few_p95_us as f64, bytes })
}

fn p95(mut times: Vec<Duration>) -> Result<u64, BenchError> {
    times.sort_unstable();
    let rank = (times.len() * 95).div_ceil(100).saturating_sub(1);
    let time = times.get(rank).ok_or(BenchError::NoSamples)?;
    Ok(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

impl Visited {
    fn start(events: u32, surroundings: &Surroundings) -> Result<Self, BenchError> {
        let bench = Bench::start(Subject::Server, WorkPath::Full, events, surroundings)?;
        bench.send_all(0..events, Schedule::Closed, CONNECTIONS)?;
        bench.rest(events)?;
        let address = bench.target.ingest().address;
        let mut visited = Self { bench, address, cookie: String::new() };
        let password = visited.bench.target.new_password(&surroundings.server)?;
        let form = format!("email=admin%40localhost&password={password}");
        let (_, answer) = visited.exchange("POST", "/auth/login/", &form)?;
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
        let failed = || page_error("/auth/login/", &answer);
        visited.cookie = cookie.ok_or_else(failed)?.to_owned();
        Ok(visited)
    }

    /// The pages, and where each is on this store.
    fn paths(&self) -> Result<Vec<(&'static str, String)>, BenchError> {
        let hooks = format!("{PROJECT}hooks/");
        let hook = self.first_row(&hooks)?;
        let deliveries = format!("{hook}deliveries/");
        let (issue, delivery) = (self.first_row(ISSUES)?, self.first_row(&deliveries)?);
        Ok(vec![
            ("overview", "/organizations/my-org/".to_owned()),
            ("projects", "/organizations/my-org/projects/".to_owned()),
            ("set up", format!("{PROJECT}getting-started/")),
            ("issues", ISSUES.to_owned()),
            ("issue", issue),
            ("hooks", hooks),
            ("hook", hook),
            ("deliveries", deliveries),
            ("delivery", delivery),
            ("alert rules", format!("{PROJECT}alerts/")),
            ("members", "/settings/my-org/members/".to_owned()),
        ])
    }

    /// Where the first row of a list leads.
    fn first_row(&self, list: &str) -> Result<String, BenchError> {
        let (_, page) = self.get(list)?;
        let place = page.split("data-href=\"").nth(1).and_then(|rest| rest.split('"').next());
        place.map(str::to_owned).ok_or_else(|| page_error(list, &page))
    }

    fn get(&self, path: &str) -> Result<(Duration, String), BenchError> {
        let (time, answer) = self.exchange("GET", path, "")?;
        if answer.starts_with("HTTP/1.1 200 ") { Ok((time, answer)) } else { Err(page_error(path, &answer)) }
    }

    fn exchange(&self, method: &str, path: &str, form: &str) -> Result<(Duration, String), BenchError> {
        let failed = |source| BenchError::Api { request: format!("{method} {path}"), source };
        let mut stream = TcpStream::connect_timeout(&self.address, TIMEOUT).map_err(failed)?;
        stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: {}\r\nContent-Length: {}\r\n\r\n{form}",
            self.address,
            self.cookie,
            form.len(),
        );
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut answer = Vec::new();
        stream.take(PAGE_BYTES_MAX).read_to_end(&mut answer).map_err(failed)?;
        Ok((begun.elapsed(), String::from_utf8_lossy(&answer).into_owned()))
    }
}

fn page_error(path: &str, answer: &str) -> BenchError {
    let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    BenchError::ApiStatus { request: path.to_owned(), status, body: answer.chars().take(400).collect() }
}

impl Report for PagesReport {
    fn text(&self) -> String {
        let row = |page: &PageTimes| {
            let millis = |micros: u64| format!("{:.2}", micros as f64 / 1_000.0);
            [
                page.page.to_owned(),
                millis(page.few_p95_us),
                millis(page.full_p95_us),
                format!("{:.2}", page.ratio),
                format!("{}", page.bytes),
            ]
        };
        let rows: Vec<_> = self.pages.iter().map(row).collect();
        let table = report::table(["page", "p95 ms, 100 events", "p95 ms, full", "ratio", "bytes"], &rows);
        format!("{table}\nfull: {} events and deliveries\n", self.events)
    }
}
