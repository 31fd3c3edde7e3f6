//! The live stream of a hook's deliveries.

use std::pin::pin;

use axum::body::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use http::Request;
use model::limits::LIVE_STREAMS;
use serde_json::{Value, json};

use crate::harness::Api;
use crate::sent::Sent;

/// Opens a stream; its head must be as it should.
async fn open(api: &Api, sent: &Sent<'_>) -> impl futures_util::Stream<Item = Bytes> + use<> {
    let response = api.open(Request::builder().uri(sent.path("live/"))).await;
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.into_body().into_data_stream().map(|piece| piece.unwrap())
}

/// The name and the JSON of each event in a piece.
fn events(piece: &Bytes) -> Vec<(String, Value)> {
    let text = std::str::from_utf8(piece).unwrap();
    let read = |event: &str| {
        let (name, data) = event.split_once("\ndata: ").unwrap();
        (name.strip_prefix("event: ").unwrap().to_owned(), serde_json::from_str(data).unwrap())
    };
    text.strip_suffix("\n\n").unwrap().split("\n\n").map(read).collect()
}

#[tokio::test]
async fn a_stream_tells_what_happens_as_the_list_shows_it() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let mut stream = pin!(open(&api, &sent).await);
    assert_eq!(stream.next().await.unwrap(), "retry: 2000\n: listening\n\n");
    let owed = sent.fail("Boom").await;
    api.feed.publish([owed.key]);
    let list = api.get(&sent.path("deliveries/")).await.with_status(200);
    assert_eq!(events(&stream.next().await.unwrap()), [("delivery".to_owned(), list[0].clone())]);
    let again = api.post(&sent.path(&format!("deliveries/{}/redeliver/", owed.id)), json!({})).await.with_status(202);
    assert_eq!(events(&stream.next().await.unwrap()), [("delivery".to_owned(), again)]);
    api.feed.publish((0..2_000).map(|_| owed.key));
    let [(name, missed)] = events(&stream.next().await.unwrap()).try_into().unwrap();
    assert_eq!((name.as_str(), &missed), ("missed", &json!({"missed": 976})));
    api.feed.close();
    while let Some(piece) = stream.next().await {
        assert!(piece.starts_with(b"event: delivery\n"));
    }
}

#[tokio::test]
async fn there_are_only_so_many_streams_and_who_leaves_makes_room() {
    let api = Api::start().await;
    let sent = Sent::start(&api).await;
    let mut streams = Vec::new();
    for _ in 0..LIVE_STREAMS {
        streams.push(open(&api, &sent).await);
    }
    let refused = api.get(&sent.path("live/")).await;
    let text = "No live stream is free: there are 100 at most. The list of deliveries shows the same.";
    assert_eq!(refused.with_status(503), json!({ "detail": text }));
    assert!(refused.header("retry-after").is_some());
    drop(streams.pop());
    drop(open(&api, &sent).await);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_says_that_it_is_alive_and_ends_in_time() {
    let api = Api::start().await;
    let sent = Sent::start(&api).await;
    let begun = tokio::time::Instant::now();
    let mut stream = pin!(open(&api, &sent).await);
    stream.next().await.unwrap();
    assert!(stream.next().now_or_never().is_none());
    let mut heartbeats = 0;
    while let Some(piece) = stream.next().await {
        assert_eq!(piece, ": alive\n\n");
        heartbeats += 1;
    }
    assert_eq!(begun.elapsed().as_secs(), model::limits::LIVE_STREAM_SECONDS);
    assert_eq!(heartbeats, 59);
}
