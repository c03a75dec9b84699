//! The least that a program must do that stands where the connector does: it reads the
//! pipe, and posts bodies that are already made.

use bytes::Bytes;
use std::io::{Read, Write};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// As many requests at once as the connector's default.
const CONCURRENCY: usize = 8;

/// Arguments: the server, the file of bodies, how many requests, how many bytes of input.
pub fn run(arguments: &[String]) {
    let [url, bodies, requests, input] = arguments else { panic!("{arguments:?}") };
    let (requests, input): (u64, u64) = (requests.parse().unwrap(), input.parse().unwrap());
    let bodies = read_bodies(bodies);
    let url = format!("{url}/v1/orgs/self/ws/w/collections/c/docs");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().tcp_nodelay(true).build().unwrap();
    println!("ready");

    let allowed = Arc::new(Semaphore::new(CONCURRENCY));
    let mut buffer = vec![0; 256 << 10];
    let (mut read, mut sent) = (0, 0);
    let mut stdin = std::io::stdin().lock();
    while read < input {
        let count = stdin.read(&mut buffer).unwrap() as u64;
        assert!(count > 0, "the input ended early");
        read += count;
        while sent * input < read * requests && sent < requests {
            let permit = runtime.block_on(Arc::clone(&allowed).acquire_owned()).unwrap();
            let (client, url) = (client.clone(), url.clone());
            let body = bodies[sent as usize % bodies.len()].clone();
            runtime.spawn(async move {
                let request = client.post(url).header("content-type", "application/json");
                let answer = request.body(body).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                answer.bytes().await.unwrap();
                drop(permit);
            });
            sent += 1;
        }
    }
    let all = runtime.block_on(allowed.acquire_many(CONCURRENCY as u32)).unwrap();
    println!("done");
    std::io::stdout().flush().unwrap();
    drop(all);
    // Until it has been looked at.
    let _ = stdin.read(&mut buffer);
}

fn read_bodies(path: &str) -> Vec<Bytes> {
    let all = Bytes::from(std::fs::read(path).unwrap());
    let mut bodies = Vec::new();
    let mut at = 0;
    while at < all.len() {
        let length = u64::from_le_bytes(all[at..at + 8].try_into().unwrap()) as usize;
        bodies.push(all.slice(at + 8..at + 8 + length));
        at += 8 + length;
    }
    assert!(!bodies.is_empty(), "no body was recorded");
    bodies
}
