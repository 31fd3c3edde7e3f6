//! Bodies that are small on the wire and huge when decoded: answered 413 within bounded time and memory.

use std::fs;
use std::io::Write;
use std::time::Duration;

use flate2::{Compress, Compression, FlushCompress};

use crate::support::http::Request;
use crate::support::scene::Scene;

/// What one repeated piece of a bomb decodes to.
const PIECE_BYTES: usize = 16 * 1024 * 1024;
/// Ten gigabytes of zeros.
const PIECES: usize = 640;
/// What the server's memory may grow by while it refuses bombs, several at a time.
const GROWTH_MAX_KIB: u64 = 48 * 1024;
/// A bomb that is answered later has been decoded to its end.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn ten_gigabytes_behind_ten_megabytes_are_refused_without_being_held() {
    let scene = Scene::start();
    let sentinel = scene.send_message();
    scene.receiver.wait_for_event(&sentinel);
    let before = peak_kib(&scene);
    let dropped_item: &[u8] = b"{}\n{\"type\":\"attachment\"}\n";
    let event: &[u8] = b"{}\n{\"type\":\"event\"}\n";
    let bombs = [
        scene.server.ingest("envelope").header("Content-Encoding", "gzip").body(gzip_bomb(dropped_item)),
        scene.server.ingest("envelope").header("Content-Encoding", "gzip").body(gzip_bomb(event)),
        scene.server.ingest("store").header("Content-Encoding", "gzip").body(gzip_bomb(b"{\"a\":\"")),
        scene.server.ingest("envelope").header("Content-Encoding", "zstd").body(zstd_bomb(dropped_item)),
        scene.server.ingest("envelope").header("Content-Encoding", "zstd").body(zstd_bomb(event)),
    ];
    std::thread::scope(|threads| {
        for bomb in &bombs {
            threads.spawn(|| is_refused(&scene, bomb));
        }
    });
    let grown = peak_kib(&scene) - before;
    println!("bombs: the server's memory grew by {grown} KiB");
    assert!(grown < GROWTH_MAX_KIB, "the server's memory grew by {grown} KiB");
    let after = scene.send_message();
    scene.ends_with([sentinel.as_str(), &after]);
}

#[test]
fn more_than_twenty_megabytes_on_the_wire_are_refused() {
    let scene = Scene::start();
    let body = [b"{}\n{\"type\":\"attachment\"}\n".to_vec(), vec![b'x'; 21 * 1024 * 1024]].concat();
    let answer = scene.server.ask(&scene.server.ingest("envelope").body(body));
    assert_eq!(answer.status, 413, "{}", answer.text());
}

fn is_refused(scene: &Scene, bomb: &Request) {
    let begin = std::time::Instant::now();
    let answer = scene.server.ask(bomb);
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(begin.elapsed() < PATIENCE, "a bomb was answered after {:?}", begin.elapsed());
}

/// A gzip stream that begins with `start` and goes on with zeros. Each piece ends with a full flush, which forgets everything
/// before: the same compressed bytes can follow one another as often as one likes.
fn gzip_bomb(start: &[u8]) -> Vec<u8> {
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let zeros = flushed(&vec![0; PIECE_BYTES]);
    [header.to_vec(), flushed(start), zeros.repeat(PIECES)].concat()
}

fn flushed(bytes: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(bytes.len() / 500 + 1024);
    compress.compress_vec(bytes, &mut out, FlushCompress::Full).unwrap();
    assert_eq!(compress.total_in(), u64::try_from(bytes.len()).unwrap(), "the buffer was too small");
    out
}

/// One zstd frame of ten gigabytes: a start and blocks of one repeated byte each.
fn zstd_bomb(start: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(start).unwrap();
    encoder.flush().unwrap();
    let mut out = encoder.get_ref().clone();
    // A block of the kind "one byte, repeated 128 KiB", not the last one of its frame, and the byte.
    let header: u32 = (128 * 1024) << 3 | 1 << 1;
    let block = [&header.to_le_bytes()[..3], &[0]].concat();
    out.extend(block.repeat(PIECES * PIECE_BYTES / (128 * 1024)));
    out
}

/// The most memory that the server has ever had, in KiB.
fn peak_kib(scene: &Scene) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", scene.server.pid().as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
