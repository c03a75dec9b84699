//! Hashes of bytes, or of the bytes of a string in UTF-8.

use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::value::{Kind, Value};
use hmac::{KeyInit, Mac, SimpleHmac};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::digest::common::BlockSizeUser;
use sha2::{Sha224, Sha256, Sha384, Sha512};

const BYTES: super::Returns = Always(Kind::Bytes);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("HASH", "HASH(bytes, digest)", (2, 2), BYTES, |call| {
        let (data, digest) = (call.bytes(0)?, named(call, 1)?);
        Ok(Value::Bytes((digest.hash)(data)))
    })
    .meaning(
        "Returns the hash by a digest with the name that OpenSSL has for it: `md5`, `sha1`, \
         `sha224`, `sha256`, `sha384` or `sha512`.",
    )
    .examples(&[
        ("TO_HEX(HASH('a', 'sha1'))", "\"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8\""),
        (
            "HASH('a', 'crc32')",
            "Error: HASH: there is no digest \"crc32\", only md5, sha1, sha224, sha256, sha384, \
             sha512",
        ),
    ]),
    Function::new("MD5", "MD5(bytes)", (1, 1), BYTES, hash::<Md5>)
        .meaning("Returns the MD5 hash.")
        .examples(&[("TO_HEX(MD5('a'))", "\"0cc175b9c0f1b6a831c399e269772661\"")]),
    Function::new("SHA1", "SHA1(bytes)", (1, 1), BYTES, hash::<Sha1>)
        .meaning("Returns the SHA-1 hash.")
        .examples(&[("TO_HEX(SHA1('a'))", "\"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8\"")]),
    Function::new("SHA256", "SHA256(bytes)", (1, 1), BYTES, hash::<Sha256>)
        .meaning("Returns the SHA-256 hash.")
        .examples(&[("SHA256('a')", "\"ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=\"")]),
    Function::new("SHA512", "SHA512(bytes)", (1, 1), BYTES, hash::<Sha512>)
        .meaning("Returns the SHA-512 hash.")
        .examples(&[("LENGTH(SHA512('a'))", "64")]),
    Function::new("HMAC", "HMAC(bytes, key, digest)", (3, 3), BYTES, |call| {
        let (data, key, digest) = (call.bytes(0)?, call.bytes(1)?, named(call, 2)?);
        (digest.mac)(call, data, key)
    })
    .meaning("Returns the HMAC with a key, by a digest that `HASH` knows.")
    .examples(&[("TO_HEX(HMAC('a', 'key', 'md5'))", "\"80ea44ccea14cc2263889567cfacccd7\"")]),
    Function::new("HMAC_MD5", "HMAC_MD5(bytes, key)", (2, 2), BYTES, keyed::<Md5>)
        .meaning("Returns the HMAC by MD5.")
        .examples(&[("TO_HEX(HMAC_MD5('a', 'key'))", "\"80ea44ccea14cc2263889567cfacccd7\"")]),
    Function::new("HMAC_SHA1", "HMAC_SHA1(bytes, key)", (2, 2), BYTES, keyed::<Sha1>)
        .meaning("Returns the HMAC by SHA-1.")
        .examples(&[(
            "TO_HEX(HMAC_SHA1('a', 'key'))",
            "\"0db21f05052f323e714ef9bf1f7b000ffe97e8a0\"",
        )]),
    Function::new("HMAC_SHA256", "HMAC_SHA256(bytes, key)", (2, 2), BYTES, keyed::<Sha256>)
        .meaning("Returns the HMAC by SHA-256.")
        .examples(&[(
            "HMAC_SHA256('a', 'key')",
            "\"eAw9tM495bnlWBb7qY9ZBjHZbAdScbJpdiONX0REIZs=\"",
        )]),
    Function::new("HMAC_SHA512", "HMAC_SHA512(bytes, key)", (2, 2), BYTES, keyed::<Sha512>)
        .meaning("Returns the HMAC by SHA-512.")
        .examples(&[("LENGTH(HMAC_SHA512('a', 'key'))", "64")]),
];

/// What computes an HMAC of data with a key.
type Keyed = fn(&Call<'_>, &[u8], &[u8]) -> Result<Value, String>;

/// A digest that is called by its name.
struct Named {
    name: &'static str,
    hash: fn(&[u8]) -> Vec<u8>,
    mac: Keyed,
}

const DIGESTS: [Named; 6] = [
    Named { name: "md5", hash: digest::<Md5>, mac: mac::<Md5> },
    Named { name: "sha1", hash: digest::<Sha1>, mac: mac::<Sha1> },
    Named { name: "sha224", hash: digest::<Sha224>, mac: mac::<Sha224> },
    Named { name: "sha256", hash: digest::<Sha256>, mac: mac::<Sha256> },
    Named { name: "sha384", hash: digest::<Sha384>, mac: mac::<Sha384> },
    Named { name: "sha512", hash: digest::<Sha512>, mac: mac::<Sha512> },
];

/// The digest that an argument names.
fn named(call: &Call<'_>, index: usize) -> Result<&'static Named, String> {
    let name = call.string(index)?;
    let known = DIGESTS.iter().find(|digest| digest.name.eq_ignore_ascii_case(name));
    known.ok_or_else(|| {
        let names = DIGESTS.map(|digest| digest.name).join(", ");
        call.error(format!("there is no digest {name:?}, only {names}"))
    })
}

fn hash<D: Digest>(call: &Call<'_>) -> Result<Value, String> {
    Ok(Value::Bytes(digest::<D>(call.bytes(0)?)))
}

fn keyed<D: Digest + BlockSizeUser>(call: &Call<'_>) -> Result<Value, String> {
    mac::<D>(call, call.bytes(0)?, call.bytes(1)?)
}

fn digest<D: Digest>(data: &[u8]) -> Vec<u8> {
    D::digest(data).to_vec()
}

fn mac<D: Digest + BlockSizeUser>(
    call: &Call<'_>,
    data: &[u8],
    key: &[u8],
) -> Result<Value, String> {
    let mut mac = SimpleHmac::<D>::new_from_slice(key).map_err(|error| call.error(error))?;
    mac.update(data);
    Ok(Value::Bytes(mac.finalize().into_bytes().to_vec()))
}
