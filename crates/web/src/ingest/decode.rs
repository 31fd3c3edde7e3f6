//! Content encodings, as a stream: compressed pieces in, decoded pieces pushed on. Nothing is kept here but a window.

use std::io::{self, Write};

use axum::http::{HeaderMap, header};
use brotli_decompressor::DecompressorWriter;
use flate2::write::{GzDecoder, ZlibDecoder};

use super::Fault;

/// Brotli's buffer between decoder and sink.
const BROTLI_BUFFER_BYTES: usize = 4 * 1024;
/// The largest window that a zstd frame may ask for, as a power of two: 8 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Decodes into a sink.
pub(super) enum Decoder<S: Write> {
    Identity(S),
    Gzip(GzDecoder<S>),
    Deflate(ZlibDecoder<S>),
    Brotli(Box<DecompressorWriter<S>>),
    Zstd(zstd::stream::write::Decoder<'static, S>),
}

/// A `Content-Encoding` that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Encoding {
    /// Reads the header. Absent, empty, `identity` and (an old SDK's) `UTF-8` mean none.
    pub(super) fn of(headers: &HeaderMap) -> Result<Encoding, Fault> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(Encoding::Identity) };
        let name = value.to_str().map_err(|_| Fault::Encoding)?.trim().to_ascii_lowercase();
        match name.as_str() {
            "" | "identity" | "utf-8" => Ok(Encoding::Identity),
            "gzip" | "x-gzip" => Ok(Encoding::Gzip),
            "deflate" => Ok(Encoding::Deflate),
            "br" => Ok(Encoding::Brotli),
            "zstd" => Ok(Encoding::Zstd),
            _ => Err(Fault::Encoding),
        }
    }
}

impl<S: Write> Decoder<S> {
    /// A decoder at the start of a body.
    pub(super) fn new(encoding: Encoding, sink: S) -> Result<Decoder<S>, Fault> {
        Ok(match encoding {
            Encoding::Identity => Decoder::Identity(sink),
            Encoding::Gzip => Decoder::Gzip(GzDecoder::new(sink)),
            Encoding::Deflate => Decoder::Deflate(ZlibDecoder::new(sink)),
            Encoding::Brotli => Decoder::Brotli(Box::new(DecompressorWriter::new(sink, BROTLI_BUFFER_BYTES))),
            Encoding::Zstd => {
                let mut decoder = zstd::stream::write::Decoder::new(sink).map_err(Fault::Compression)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(Fault::Compression)?;
                Decoder::Zstd(decoder)
            }
        })
    }

    /// Decodes one piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Decoder::Identity(sink) => sink.write_all(piece),
            Decoder::Gzip(decoder) => decoder.write_all(piece),
            Decoder::Deflate(decoder) => decoder.write_all(piece),
            Decoder::Brotli(decoder) => decoder.write_all(piece),
            Decoder::Zstd(decoder) => decoder.write_all(piece),
        }
    }

    /// Ends the body: it must be complete.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self {
            Decoder::Identity(sink) => sink.flush(),
            Decoder::Gzip(decoder) => decoder.try_finish(),
            Decoder::Deflate(decoder) => decoder.try_finish(),
            Decoder::Brotli(decoder) => decoder.close(),
            Decoder::Zstd(decoder) => decoder.flush(),
        }
    }

    /// Where the decoded pieces went.
    pub(super) fn sink(&mut self) -> &mut S {
        match self {
            Decoder::Identity(sink) => sink,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Deflate(decoder) => decoder.get_mut(),
            Decoder::Brotli(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }
}
