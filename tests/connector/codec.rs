//! Both codecs against real messages of the protocol.

use crate::support::snapshot;
use bytes::{Bytes, BytesMut};
use materialize_rockset::flow::codec::{FrameReader, FrameWriter, MAX_FRAME};
use materialize_rockset::flow::{Codec, Error, materialize, spec};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// A Response with every field set.
const RESPONSE: &str = "\
0ab00208d787b90112137b22636f6e666967223a22736368656d61227d1a157b227265736f75726365223a2273\
6368656d61227d221468747470733a2f2f6578616d706c652f646f63732ae6010a0e6f617574682d70726f7669\
646572121068747470733a2f2f617574682d75726c1a1468747470733a2f2f6163636573732d746f6b656e2203\
666f6f2a1a0a076864722d6f6e65120f7b2268656c6c6f223a22686472227d2a0f0a076864722d74776f120434\
322e35320b0a03666f6f120474727565320e0a036b657912072276616c7565223a1568747470733a2f2f726566\
726573682d746f6b656e420872656672657368214a1e0a096864722d746872656512117b227265667265736822\
3a22686472227d52100a0661636365737312062268657265225a04504f53546204504f535412650a630a1c0a09\
6f70745f6669656c64120f10041a0b6973206f7074696f6e616c0a270a097265715f6669656c64121a10011a0b\
697320726571756972656422095245515f4649454c441204736f6d651204706174681801220a0880800410e807\
18e80728011a2a0a10492064696420736f6d6520737475666612160a127b227374617465223a22757064617465\
227d100122680a640a4a0a15612f726561642f6a6f75726e616c3b737566666978123108b96012150a05030908\
0507120c09e32100000000000010d70812150a05070c662b1d120c09350100000000000010ae1112160a0e616e\
2f61636b2f6a6f75726e616c12040304020510012a14080412107b226c6f61646564223a22646f63227d32180a\
160a127b227374617465223a22757064617465227d10013a180a160a127b227374617465223a22757064617465\
227d100142180a160a127b227374617465223a22757064617465227d1001a20606120248691801";

/// A CollectionSpec, with parts that a connector has no use for.
const COLLECTION_SPEC: &str = "\
0a1161636d65436f2f636f6c6c656374696f6e1a082f6b65792f6f6e651a082f6b65792f74776f220b2f5f6d65\
74612f757569642a04747970652a06726567696f6e32a0010a092f6a736f6e2f7074721207612d6669656c6420\
013287010a07696e74656765720a06737472696e671a131a0374797022046461746530b9603a03656e63220574\
69746c652a0464657363320e7b22646566223a2261756c74227d40014a0b0801110000000000408fc05215080a\
1001181422046e756c6c2207696e74656765725a0b22636f6e73742d6f6e65225a0b22636f6e73742d74776f22\
600668033a0e7b2261636b223a2274727565227d42127b227772697465223a22736368656d61227d4aa3010a12\
706172746974696f6e2f74656d706c61746510031a400a1e0a0f657374756172792e6465762f666f6f120b6c61\
62656c2d76616c75650a1e0a0f657374756172792e6465762f626172120b6f746865722d76616c7565224208e9\
ec0610031a1273333a2f2f6275636b65742f707265666978220308ac023207083e1080e59a773a18506174687b\
7b506f73746669782e54656d706c6174657d7d300438cfb0f5015a117b2272656164223a22736368656d61227d";

#[test]
fn a_real_response_in_both_mappings() {
    let response: materialize::Response = in_both_mappings(RESPONSE, "wire_response");
    let opened = response.opened.unwrap();
    let checkpoint = opened.runtime_checkpoint.unwrap().message().unwrap();
    let source = &checkpoint.sources["a/read/journal;suffix"];
    assert_eq!(source.read_through, 12345);
    assert_eq!(source.producers[1].state.as_ref().unwrap().begin, 2222);
}

#[test]
fn a_real_collection_spec_in_both_mappings() {
    let collection: spec::CollectionSpec =
        in_both_mappings(COLLECTION_SPEC, "wire_collection_spec");
    assert_eq!(collection.key, ["/key/one", "/key/two"]);
    assert!(collection.partition_template.is_some());
}

/// Reads a message, compares its JSON with a snapshot, and takes it through both codecs.
fn in_both_mappings<M>(hex: &str, name: &str) -> M
where
    M: prost::Message + Default + PartialEq + Debug + Serialize + DeserializeOwned,
{
    let message: M = Codec::Proto.decode("message", from_hex(hex)).unwrap();
    snapshot::assert_json(name, &serde_json::to_value(&message).unwrap());

    let through = |codec: Codec, message: &M| -> M {
        let mut frame = BytesMut::new();
        codec.encode("message", message, &mut frame).unwrap();
        let content = match codec {
            Codec::Proto => frame.split_off(4),
            Codec::Json => frame,
        };
        codec.decode("message", content.freeze()).unwrap()
    };
    assert_eq!(through(Codec::Proto, &message), message);
    assert_eq!(through(Codec::Json, &message), message);
    message
}

#[test]
fn json_takes_what_proto3_allows() {
    let read = |json: &str| -> materialize::Response {
        Codec::Json.decode("Response", Bytes::from(json.to_string())).unwrap()
    };
    let written = read(
        r#"{"validated":{"bindings":[{"constraints":{"a":{"type":"FIELD_OPTIONAL"}}}]},
            "opened":{"runtimeCheckpoint":{"sources":{"j":{"readThrough":"7"}}}}}"#,
    );
    let loose = read(
        r#"{"unknown":[1],"applied":null,"validated":{"bindings":[{"constraints":{"a":{"type":4,"reason":null}}}]},
            "opened":{"runtimeCheckpoint":{"sources":{"j":{"readThrough":7}}}}}"#,
    );
    assert_eq!(written, loose);
}

#[tokio::test]
async fn frames_that_arrive_byte_by_byte() {
    for codec in [Codec::Proto, Codec::Json] {
        let (input, output) = tokio::io::duplex(1);
        let messages: Vec<_> = ["", "x", "yy"].iter().map(|text| applied(text)).collect();
        let sent = messages.clone();
        tokio::spawn(async move {
            let mut writer = FrameWriter::new(output, codec);
            for message in &sent {
                writer.write("Response", message).await.unwrap();
            }
        });
        let mut reader = FrameReader::new(input, codec);
        for message in messages {
            let frame = reader.next().await.unwrap().unwrap();
            let read: materialize::Response = codec.decode("Response", frame).unwrap();
            assert_eq!(read, message);
        }
        assert!(reader.next().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_large_frame_is_read_and_a_larger_claim_is_refused() {
    let message = applied(&"x".repeat(40 << 20));
    for codec in [Codec::Proto, Codec::Json] {
        let mut frame = BytesMut::new();
        codec.encode("Response", &message, &mut frame).unwrap();
        let content = FrameReader::new(&frame[..], codec).next().await.unwrap().unwrap();
        let read: materialize::Response = codec.decode("Response", content).unwrap();
        assert!(read == message);
    }

    let longest = (MAX_FRAME as u32).to_le_bytes();
    match FrameReader::new(&longest[..], Codec::Proto).next().await {
        Err(Error::Truncated(4)) => {}
        other => panic!("{other:?}"),
    }
    let too_long = (MAX_FRAME as u32 + 1).to_le_bytes();
    match FrameReader::new(&too_long[..], Codec::Proto).next().await {
        Err(Error::FrameTooLong { claimed, limit }) => {
            assert_eq!((claimed, limit), (MAX_FRAME + 1, MAX_FRAME))
        }
        other => panic!("{other:?}"),
    }
}

fn applied(text: &str) -> materialize::Response {
    let applied =
        materialize::response::Applied { action_description: text.to_string(), state: None };
    materialize::Response { applied: Some(applied), ..Default::default() }
}

fn from_hex(hex: &str) -> Bytes {
    let digits: Vec<u8> =
        hex.bytes().map(|digit| (digit as char).to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
