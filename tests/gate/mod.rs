//! Limits on the way in, of a server that runs as it is shipped: connections, bodies that trickle, a key's rate.

mod key_rate;

use std::net::{SocketAddr, TcpStream};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::support::event::{message_envelope, new_id};
use crate::support::http::{Connection, Request};
use crate::support::server::TestServer;

/// `CONNECTIONS` of the product.
const CONNECTIONS: usize = 4_096;

/// Each connection is a file of ours.
fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// The value of a series on the page of a server with `--dev`.
fn metric(server: SocketAddr, series: &str) -> f64 {
    let page = Request::get("/metrics").send(server).unwrap();
    let line = page.text().lines().find_map(|line| line.strip_prefix(series));
    line.unwrap_or_else(|| panic!("{series} is not in {}", page.text())).trim().parse().unwrap()
}

#[test]
fn silent_connections_on_every_seat_keep_no_sdk_out() {
    raise_file_limit();
    let server = TestServer::start();
    let silent: Vec<_> = (0..CONNECTIONS + 8).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    for _ in 0..3 {
        assert_eq!(server.ask(&server.ingest("envelope").body(message_envelope(&new_id()))).status, 200);
    }
    assert!(server.is_healthy());
    drop(silent);
}

#[test]
fn a_body_that_trickles_is_answered_408_long_before_its_deadline() {
    let server = TestServer::start();
    let trickling = [server.ingest("store"), server.manage("POST", &format!("{}/keys/", server.project_path()))];
    let connections = trickling.map(|request| {
        let whole = request.body(" ".repeat(1_000)).bytes();
        let mut connection = Connection::open(server.address()).unwrap();
        connection.write(&whole[..whole.len() - 999]).unwrap();
        connection
    });
    for mut connection in connections {
        let answer = connection.read_answer("POST").unwrap();
        assert_eq!((answer.status, answer.text().contains("slow")), (408, true), "{}", answer.text());
    }
}
