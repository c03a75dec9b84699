//! A server that takes documents, counts them, and forgets them.

use crate::tls::Tls;
use memchr::{memchr, memmem};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Bodies are recorded up to this, in bytes: more than caches hold.
const RECORDED: u64 = 64 << 20;
/// What the connector fills requests up to.
const FULL: (u64, u64) = ((4 << 20) * 9 / 10, 20_000 * 9 / 10);

/// The status of a document, around its `_id`.
const STATUS: (&[u8], &[u8]) =
    (br#"{"_collection":"c","_id":""#, br#"","error":null,"patch_id":null,"status":"ADDED"},"#);

#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    documents: AtomicU64,
    below_full: AtomicU64,
    last_micros: AtomicU64,
    recorded: AtomicU64,
}

struct Parts {
    seen: Seen,
    record: Option<Mutex<File>>,
}

pub fn run(record: Option<&str>) {
    let record = record.map(|path| Mutex::new(File::create(path).unwrap()));
    let parts = Arc::new(Parts { seen: Seen::default(), record });
    let tls = std::env::var_os("IDENTITY").map(|folder| Tls::read(Path::new(&folder)));
    let tls = tls.map(Arc::new);
    let [listener, stats] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    println!("{}\n{}", listener.local_addr().unwrap(), stats.local_addr().unwrap());
    let of_stats = Arc::clone(&parts);
    std::thread::spawn(move || {
        for stream in stats.incoming() {
            tell(stream.unwrap(), &of_stats.seen);
        }
    });
    for stream in listener.incoming() {
        let (stream, parts, tls) = (stream.unwrap(), Arc::clone(&parts), tls.clone());
        std::thread::spawn(move || {
            stream.set_nodelay(true).unwrap();
            // The other side may go at any time.
            let _ = match tls {
                Some(tls) => serve(tls.accept(stream), &parts),
                None => serve(stream, &parts),
            };
        });
    }
}

/// Tells what has been seen since it was last told.
fn tell(mut stream: impl Write, seen: &Seen) {
    let all = [&seen.requests, &seen.documents, &seen.below_full];
    let mut text: Vec<String> =
        all.iter().map(|number| number.swap(0, Relaxed).to_string()).collect();
    text.push(seen.last_micros.load(Relaxed).to_string());
    stream.write_all(text.join(" ").as_bytes()).unwrap();
}

fn serve(mut stream: impl Read + Write, parts: &Parts) -> std::io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    let mut filled = 0;
    let (mut text, mut statuses) = (Vec::new(), Vec::new());
    loop {
        let head_end = loop {
            if let Some(end) = memmem::find(&buffer[..filled], b"\r\n\r\n") {
                break end + 4;
            }
            let read = stream.read(&mut buffer[filled..])?;
            if read == 0 {
                return Ok(());
            }
            filled += read;
        };
        let begun = Instant::now();
        let head = String::from_utf8_lossy(&buffer[..head_end]).to_lowercase();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(0, |length| length.trim().parse().unwrap());
        let is_write = head.starts_with("post ");
        text.clear();
        text.extend_from_slice(&buffer[head_end..filled]);
        filled = 0;
        while text.len() < length {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            text.extend_from_slice(&buffer[..read]);
        }
        let documents = acknowledge(&text, &mut statuses);
        if length > 0 {
            note(parts, &text, documents);
        }
        if is_write {
            answer(&mut stream, &statuses)?
        } else {
            respond(&mut stream, collections(&head).as_bytes())?
        }
        parts.seen.last_micros.store(begun.elapsed().as_micros() as u64, Relaxed);
    }
}

const ID: &[u8] = br#""_id":""#;

/// Writes a status for each document of a body, and counts them.
fn acknowledge(body: &[u8], statuses: &mut Vec<u8>) -> u64 {
    statuses.clear();
    let mut documents = 0;
    for at in memmem::find_iter(body, ID) {
        let id = &body[at + ID.len()..];
        let id = &id[..memchr(b'"', id).unwrap_or(id.len())];
        statuses.extend_from_slice(STATUS.0);
        statuses.extend_from_slice(id);
        statuses.extend_from_slice(STATUS.1);
        documents += 1;
    }
    statuses.pop();
    documents
}

/// Counts a request, and records it if there is room.
fn note(parts: &Parts, body: &[u8], documents: u64) {
    let (seen, length) = (&parts.seen, body.len() as u64);
    seen.requests.fetch_add(1, Relaxed);
    seen.documents.fetch_add(documents, Relaxed);
    if length < FULL.0 && documents < FULL.1 {
        seen.below_full.fetch_add(1, Relaxed);
    }
    let Some(file) = &parts.record else { return };
    if seen.recorded.fetch_add(length, Relaxed) < RECORDED {
        let mut file = file.lock().unwrap();
        file.write_all(&length.to_le_bytes()).unwrap();
        file.write_all(body).unwrap();
    }
}

/// The collection that is asked for, or all of them.
fn collections(head: &str) -> String {
    let path = head.split(' ').nth(1).unwrap();
    let collection = |name: &str| format!(r#"{{"name":"{name}","status":"READY"}}"#);
    let data = match path.rsplit_once("/collections").unwrap().1 {
        "" => {
            let all: Vec<String> = (0..1_000).map(|i| collection(&format!("c{i}"))).collect();
            format!("[{}]", all.join(","))
        }
        name => collection(&name[1..]),
    };
    format!(r#"{{"data":{data}}}"#)
}

fn answer(stream: &mut impl Write, statuses: &[u8]) -> std::io::Result<()> {
    const HEAD: &[u8] = br#"{"data":["#;
    const TAIL: &[u8] = br#"],"last_offset":"f1:0:0:1"}"#;
    let mut begin = head(HEAD.len() + statuses.len() + TAIL.len());
    begin.extend_from_slice(HEAD);
    stream.write_all(&begin)?;
    stream.write_all(statuses)?;
    stream.write_all(TAIL)?;
    stream.flush()
}

fn respond(stream: &mut impl Write, body: &[u8]) -> std::io::Result<()> {
    stream.write_all(&[&head(body.len())[..], body].concat())?;
    stream.flush()
}

fn head(length: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
        .into_bytes()
}
